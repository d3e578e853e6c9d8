"""Kinds, causes, methods and dimensions as a person says them. Pure."""

from collections.abc import Mapping

KINDS: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", "candles that should be there and are not"),
    "duplicate": ("doubled", "the same candle twice"),
    "conflicting_duplicate": ("doubled, in conflict", "two candles for one time that say different things"),
    "unsorted": ("out of order", "candles that stand later than they should"),
    "off_grid": ("off the grid", "candles that open at a time no candle of this interval opens at"),
    "incomplete": ("incomplete", "candles taken before they were over"),
    "non_finite": ("not a number", "a value that is no number"),
    "non_positive": ("zero or below", "a price of zero or less, or a volume below zero"),
    "ohlc_violation": ("impossible", "open, high, low and close contradict each other"),
    "spike": ("spike", "a price that leaps away and back, and that nothing around it supports"),
    "wick": ("wick", "a high or a low that nothing around it supports"),
    "unit_error": ("wrong unit", "values that are 10, 100 or 1000 times too large, or in the other currency"),
    "stale_run": ("standing still", "the same candle again and again, or flat without volume"),
    "truncated": ("cut short", "the series ends before it should"),
    "time_unit": ("wrong time unit", "times in another unit than the rest"),
}
"""Kind of defect → its name, and what it means."""

CAUSES: Mapping[str, str] = {
    "outage": "venue outage",
    "no_trades": "nothing traded",
    "halt": "market halted",
    "fetch_failure": "lost in fetching",
    "unknown": "cause unknown",
}

METHODS: Mapping[str, tuple[str, str]] = {
    "refetch": ("fetched again", "the venue gave it when asked once more"),
    "finer": ("from finer candles", "put together from candles of a shorter interval"),
    "venue": ("from another venue", "of another venue in the same quote currency, fitted to its neighbours"),
    "flat": ("flat", "nothing traded: the close before, without volume"),
    "line": ("on the line", "from the close before to the next open"),
    "forward": ("carried forward", "the close before, for want of better"),
    "rescaled": ("rescaled", "brought back to the unit of the rest"),
    "bounded": ("bounded", "high and low brought back to what surrounds them"),
    "neighbour": ("from its neighbours", "a lost value taken from the candles beside it"),
    "merge": ("merged", "of several candles for one time one is kept, chosen by its values"),
    "snap": ("moved to the grid", "a slip of the clock put right"),
    "retimed": ("retimed", "read in the right unit of time"),
    "dropped": ("set aside", "it held nothing to go by, or was not over yet"),
    "sort": ("put in order", "its place, not its values, was wrong"),
}
"""Method of a repair → its name, and what it does. A rule of a person's own goes by the name it has."""

FALLS_UNDER: Mapping[str, str] = {
    "missing": "completeness",
    "truncated": "timeliness",
    "incomplete": "timeliness",
    "stale_run": "completeness",
    "duplicate": "uniqueness",
    "conflicting_duplicate": "uniqueness",
    "unsorted": "validity",
    "off_grid": "validity",
    "non_finite": "validity",
    "non_positive": "validity",
    "ohlc_violation": "validity",
    "unit_error": "validity",
    "time_unit": "validity",
    "spike": "plausibility",
    "wick": "plausibility",
}
"""Kind of defect → the dimension of the score that suffers by it."""

DIMENSIONS: Mapping[str, str] = {
    "completeness": "how many of the expected candles are there, and whether the rest is missing in one piece",
    "uniqueness": "whether there is one candle for each time",
    "validity": "whether the values can be at all",
    "plausibility": "whether prices fit what surrounds them",
    "agreement": "whether a second source says the same",
    "timeliness": "how far the newest candle lies behind the clock",
}


def kind(name: str) -> str:
    """Name of a kind of defect."""
    return KINDS[name][0] if name in KINDS else name


def cause(name: str) -> str:
    """Name of a cause."""
    return CAUSES.get(name, name)


def method(name: str) -> str:
    """Name of a method; a person's own rule is quoted."""
    return METHODS[name][0] if name in METHODS else f"rule {name!r}"


def size(factor: float) -> str:
    """How far off values are that stand in another unit."""
    return f"{factor:.6g} times too large" if factor > 1 else f"{1 / factor:.6g} times too small"
