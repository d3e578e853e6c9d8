"""Candles of one symbol, from whoever still answers."""

from core.ui import asked, candles, frame, indicators

hub = frame.hub()
wish = asked.controls(hub)
chosen = indicators.choose()
answer = candles.fetch(hub, wish, chosen)
if answer is not None:
    candles.show(hub, wish, answer, chosen)
