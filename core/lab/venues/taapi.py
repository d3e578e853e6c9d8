"""TAAPI.IO's version 2, as documented at docs.taapi.io: indicators on candles of Binance that it fetches."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.lab import indicators
from core.lab.market import Bars, Listing
from core.lab.noise import Floats
from core.lab.venue import Call, Refusal, Reply, Venue, page, route
from core.lab.venues.binance import Binance

_STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14400, "1d": 86400, "1w": 604800}
_MONDAY = 4 * 86400
_CANDLES = 300
_MOST = 20
_ID = re.compile(r"\w{1,60}")


_INDICATORS: dict[str, tuple[Callable[[Bars, int], dict[str, Floats]], int]] = {
    "rsi": (indicators.rsi, 14),
    "macd": (indicators.macd, 26),
    "dmi": (indicators.dmi, 14),
    "cmf": (indicators.cmf, 20),
}
"""Name → what computes it, and its usual period."""


class TAAPI(Venue):
    """Values stand in lists, the newest last; the newest candle is the open one. Here it asks for no key.

    Of its indicators a few are played, of exchanges one.
    """

    id = "taapi"
    hosts = ("v2.taapi.io",)
    listed = tuple(replace(listing, venue="taapi") for listing in Binance.listed)
    content_type = "application/json; charset=utf-8"

    @route("/indicator/(?P<indicator>[a-z0-9]+)", "ping")
    def single(self, call: Call) -> Reply:
        """One indicator of one market."""
        bars = self._candles(call, call.params)
        if bars is None:
            raise _error(404, "Failed to fetch candles: 404 Not Found")
        result, problem = _result(call.params, bars)
        if result is None:
            raise _error(400, problem)
        return Reply(result)

    @route("/bulk", "technical", method="POST")
    def bulk(self, call: Call) -> Reply:
        """Indicators of several markets; one that fails is told in its own place."""
        asked = call.json if isinstance(call.json, dict) else {}
        constructs = asked.get("constructs")
        if not isinstance(constructs, list) or not 1 <= len(constructs) <= _MOST:
            raise _error(400, f"constructs must be an array of 1 to {_MOST}")
        body: dict[str, Any] = {}
        tables: list[list[Any]] = []
        for construct in constructs:
            name, asks = str(_member(construct, "id")), _member(construct, "indicators")
            if not _ID.fullmatch(name) or not isinstance(asks, list) or not 1 <= len(asks) <= _MOST:
                raise _error(400, f"Each construct needs an id and 1 to {_MOST} indicators")
            for ask in asks:
                _known(ask)
            bars = self._candles(call, construct)
            if bars is None:
                why = "Failed to fetch candles: 404 Not Found — check exchange, symbol and timeframe"
                body[name] = {"_error": why, **{ask["id"]: None for ask in asks}}
                continue
            body[name] = {}
            for ask in asks:
                result, problem = _result(ask, bars)
                params = {key: value for key, value in ask.items() if key not in {"id", "indicator"}}
                told = {"indicator": ask["indicator"], "params": params, "result": result}
                told["errors"] = [problem] if problem else []
                body[name][ask["id"]] = told if asked.get("verbose") is True else result
                tables += [[values] for what, values in (result or {}).items() if what != "timestamp"]
        return Reply(body, tables=tables, prices=(0,))

    def unknown_path(self, call: Call) -> Reply:
        """Its own words."""
        del call
        return Reply({"error": "Not found"}, 404)

    def failure(self, status: int) -> Reply:
        """Its own words for what it documents; a page elsewhere."""
        if status in _SAID:
            return Reply({"error": _SAID[status]}, status)
        return page(status, f"{status} | v2.taapi.io", "<hr><center>cloudflare</center>\r\n")

    def _candles(self, call: Call, asked: Any) -> Bars | None:
        """The newest candles of the market that is asked about, oldest first; None when there is no such market."""
        if missing := [one for one in ("exchange", "symbol", "timeframe") if not _member(asked, one)]:
            raise _error(400, f"Missing required: {', '.join(missing)}")
        step = _STEPS.get(str(_member(asked, "timeframe")))
        if step is None:
            raise _error(400, f"Invalid timeframe: {_member(asked, 'timeframe')}")
        listing = self._listing(str(_member(asked, "symbol")))
        if listing is None or _member(asked, "exchange") != "binance":
            return None
        start = _MONDAY if step == 604800 else 0
        newest = (call.now - start) // step * step + start
        there = replace(listing, venue="binance")
        return call.market.bars(there, step, newest - (_CANDLES - 1) * step, newest + step, call.now)

    def _listing(self, symbol: str) -> Listing | None:
        bare = symbol.upper().replace("/", "")
        return next((one for one in self.listed if one.base + one.quote == bare), None)


_SAID = {
    401: "Invalid or missing API key.",
    429: "Rate limit exceeded. Your plan allows 1 requests per 15 seconds.",
    500: "Internal server error",
}


def _error(status: int, text: str) -> Refusal:
    return Refusal(Reply({"error": text}, status))


def _member(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, Mapping) else None


def _known(asked: Any) -> None:
    """Refused: what has no id, and an indicator that there is not."""
    if not isinstance(_member(asked, "id"), str):
        raise _error(400, "Each indicator needs an id")
    if (name := _member(asked, "indicator")) not in _INDICATORS:
        raise _error(400, f"Unknown indicator: {name}")


def _result(asked: Mapping[str, Any], bars: Bars) -> tuple[dict[str, list[float]] | None, str]:
    """The values by field, each a list, with their candles' open times; or None and why."""
    name = str(asked["indicator"])
    if name not in _INDICATORS:
        raise _error(400, f"Unknown indicator: {name}")
    compute, usual = _INDICATORS[name]
    stop, period = len(bars) - int(asked.get("backtrack", 0)), int(asked.get("period", usual))
    first = max(0, stop - int(asked.get("results", 1)))
    if first < 2 * period:
        return None, "Not enough candles"
    # No value knows of a later candle, so those that backtrack leaves out make no difference to the others.
    found = {field: values[first:stop] for field, values in compute(bars, period).items()}
    if not all(np.isfinite(values).all() for values in found.values()):
        return None, "No value"
    lists = {field: values.tolist() for field, values in found.items()}
    return {**lists, "timestamp": bars.time[first:stop].tolist()}, ""
