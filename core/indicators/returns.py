"""What one candle earned, and all of them."""

from core.indicators import by_ta
from core.indicators.declare import Array, Columns, Declaration


def _cumulative(c: Columns, state: tuple[float] | None) -> tuple[tuple[Array, ...], tuple[float]]:
    (first,) = state or (float(c.close[0]),)
    return (100 * (c.close / first - 1),), (first,)


RETURNS = (
    by_ta.SIMPLE_RETURN,
    by_ta.LOG_RETURN,
    Declaration(
        name="cumulative_return",
        title="Return since the first candle, %",
        family="returns",
        outputs=("cumulative_return",),
        inputs=("close",),
        memory="origin",
        kernel=_cumulative,
        least=lambda: 1,
        source="https://www.investopedia.com/terms/c/cumulativereturn.asp",
    ),
)
