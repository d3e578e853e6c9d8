"""What a provider's file was understood to say, in words. Pure."""

from collections.abc import Iterator
from typing import Any

from core.market import (
    CandleQuery,
    Capability,
    OrderBookQuery,
    PriceQuery,
    Query,
    TechnicalQuery,
    VolumeQuery,
)
from core.wire import Provider, WireRequest
from core.wire.books import BookCall
from core.wire.calls import Call
from core.wire.candle_call import CandleCall
from core.wire.declare import ErrorRule
from core.wire.paths import show_path
from core.wire.technical import TechnicalCall
from core.wire.tickers import TickerCall

_SHARED = set(Call.model_fields) | {"root", "pick", "rows", "columns", "keys", "intervals"}


def explain(provider: Provider, others: tuple[Provider, ...] = ()) -> list[str]:
    """Lines of text: who it is, how it is asked, and how each of its answers is read.

    ``others`` are the providers beside it, among which its priority is told.
    """
    spec = provider.declaration
    read = f" from {', '.join(spec.read_from)}" if spec.read_from else ""
    lines = [f"{provider.id}: {provider.name}, {provider.kind}; {spec.docs}, read on {spec.read_on}{read}"]
    if any(one.id == provider.id for one in others):
        lines.append("  replaces the provider of that id")
    lines += [f"  host {host.url} (group {host.group})" for host in provider.hosts]
    lines += [f"  at most {limit.cost:g} in {limit.seconds:g} s" for limit in provider.limits]
    if not provider.limits:
        lines.append("  no rate limit is declared: nothing holds requests back")
    lines.append(f"  health check {_request(provider.check_request())}, every {provider.check_every:g} s")
    if (auth := provider.auth) is not None:
        place = (
            f"header {auth.header}"
            if auth.header
            else f"parameter {auth.parameter}"
            if auth.parameter
            else "path"
        )
        need = "needed" if auth.required else "welcome"
        lines.append(f"  key {need}, in the {place}, from {' or '.join(auth.env)}")
    if symbol := provider.check_symbol:
        quotes = " ".join(provider.quotes) or "any"
        lines.append(f"  {symbol} is {provider.native(symbol)!r} there; quote currencies: {quotes}")
    for capability in provider.capabilities:
        lines += ["", *_capability(provider, capability, others)]
    if spec.errors:
        lines += ["", "errors, the first that fits:"]
        lines += [f"  {_rule(rule)}" for rule in spec.errors]
    return lines


def example(provider: Provider, capability: Capability) -> Query | None:
    """The smallest question about its check symbol, where symbols are asked about."""
    symbol = provider.check_symbol
    if not symbol:
        return None
    match capability:
        case "ohlcv":
            call = provider.declaration.calls["ohlcv"]
            assert isinstance(call, CandleCall)  # noqa: S101 - that is what it is declared as
            interval = "1h" if "1h" in call.intervals else next(iter(call.intervals))
            return CandleQuery(symbol, interval, limit=1)
        case "price":
            return PriceQuery(symbol)
        case "volume":
            return VolumeQuery(symbol)
        case "orderbook":
            call = provider.declaration.calls["orderbook"]
            assert isinstance(call, BookCall)  # noqa: S101 - that is what it is declared as
            return OrderBookQuery(symbol, depth=min(5, call.max_depth))
        case "technical":
            call = provider.declaration.calls["technical"]
            assert isinstance(call, TechnicalCall)  # noqa: S101 - that is what it is declared as
            return TechnicalQuery(symbol, "1h" if "1h" in call.intervals else next(iter(call.intervals)))
    return None


def _capability(provider: Provider, capability: Capability, others: tuple[Provider, ...]) -> Iterator[str]:
    mine = provider.priority_for(capability)
    serving = [one for one in others if capability in one.capabilities and one.id != provider.id]
    before = sum(one.priority_for(capability) < mine for one in serving)
    place = f", asked as number {before + 1} of {len(serving) + 1}" if others else ""
    yield f"{capability}: priority {mine}{place}"
    for call in provider.declaration.forms[capability]:
        query = example(provider, capability)
        request = _request(provider.request(query)) if query is not None else f"{call.method} {call.path}"
        yield f"  {request}"
        if call.reader is not None:
            yield f"  read by {call.reader}"
        yield from _reading(call)


def _reading(call: Call) -> Iterator[str]:
    match call:
        case CandleCall():
            yield f"  rows at {show_path(call.rows)}, at most {call.max_rows}; intervals {' '.join(call.intervals)}"
            for name, place in call.fields.items():
                where = f"column {place + 1}" if isinstance(place, int) else repr(place)
                told = f" ({call.time_unit}, of the candle's {call.stamp})" if name == "time" else ""
                yield f"  {name} = {where}{told}"
            if "volume" not in call.fields:
                yield "  no volume in base units: answers say so"
            yield "  the newest row is still open" if call.newest_open else "  all rows are closed"
        case TickerCall():
            yield from _ticker(call)
        case BookCall():
            yield f"  bids at {show_path(call.bids)}, asks at {show_path(call.asks)}, at most {call.max_depth} levels"
            yield f"  price at {call.price!r}, size at {call.size!r} of a level"
            if call.columns is not None:
                yield f"  a level has {call.columns} columns, or the answer is refused"
        case TechnicalCall():
            yield f"  indicators below {show_path(call.root)}; intervals {' '.join(call.intervals)}"
            for name, at in call.indicators.items():
                places = [f"{value} at {show_path((*at.root, *path))}" for value, path in at.values.items()]
                yield f"  {name}: {', '.join(places)}"
            yield from (f"  no {name}: {why}" for name, why in call.without.items())
        case _:
            yield from _paths(call)
            for table in ("figures", "metrics"):
                if found := getattr(call, table, None):
                    yield f"  {table}: {' '.join(found)}"


def _ticker(call: TickerCall) -> Iterator[str]:
    if call.pick is not None:
        yield f"  of the rows at {show_path(call.rows)} that one whose {show_path(call.pick)} is the symbol"
    yield from _paths(call)
    for path, count in call.counted:
        where = "that row" if call.pick is not None and not path else show_path((*call.root, *path))
        yield f"  {where} has {count} members, or the answer is refused"
    if call.change is not None:
        yield f"  change is a {'fraction' if call.change_unit == 'fraction' else 'percentage'}"


def _paths(call: Call) -> Iterator[str]:
    root = getattr(call, "root", ())
    for name in type(call).model_fields:
        value: Any = getattr(call, name)
        if (
            name not in _SHARED
            and isinstance(value, tuple)
            and value
            and all(isinstance(x, str) for x in value)
        ):
            yield f"  {name} = {show_path((*root, *value))}"


def _request(request: WireRequest) -> str:
    body = f" {request.content.decode()}" if request.content else ""
    return f"{request.method} {request.url}{body}"


def _rule(rule: ErrorRule) -> str:
    parts = [f"status {' or '.join(map(str, rule.status))}"] if rule.status else []
    if rule.path is not None:
        where = show_path(rule.path)
        for word, values in (
            ("is", rule.equals),
            ("begins with", rule.starts),
            ("contains", rule.contains),
            ("is none of", rule.differs),
        ):
            if values:
                parts.append(f"{where} {word} {' or '.join(map(repr, values))}")
        parts += [f"{where} is {word}" for word in ("present", "empty", "null") if getattr(rule, word)]
    wait = f", for {rule.wait:g} s" if rule.wait is not None else ""
    return f"{' and '.join(parts)}: {rule.means.replace('_', ' ')}{wait}"
