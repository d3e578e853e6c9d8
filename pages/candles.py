"""Candles of one symbol, from whoever still answers."""

from core.ui import asked, candles, frame

hub = frame.hub()
wish = asked.controls()
answer = candles.fetch(hub, wish)
if answer is not None:
    candles.show(hub, wish, answer)
