"""Format numbers for a reader: three digits, counts with separators, intervals that show their side."""

from claims.core.record import Criterion
from reports.text.markdown import Markdown

ABSENT = "–"
DIRECTIONS = (">", ">=", "<", "<=")


def number(value: float | None, digits: int = 3) -> str:
    """Return ``value`` to ``digits`` significant digits; whole numbers in full, with thousands separators.

    Examples
    --------
    >>> number(0.5), number(12345.0), number(0.00001234), number(None)
    ('0.500', '12,345', '1.23e-05', 'not finite')
    """
    if value is None:
        return "not finite"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if 10**digits <= abs(value) < 1e9:
        return f"{value:,.0f}"
    shown = f"{value:#.{digits}g}"
    return shown.rstrip(".")


def bound(value: float | None) -> str:
    """Return a threshold as it was written: no padding zeros.

    Examples
    --------
    >>> bound(0.2), bound(5000), bound(1e-4)
    ('0.2', '5,000', '0.0001')
    """
    if value is None:
        return ABSENT
    return number(value) if float(value).is_integer() else f"{value:.4g}"


def interval(criterion: Criterion) -> Markdown:
    """Return ``value [low, high]``, or the value alone when it is exact.

    Digits are added, up to six, while the ends look alike, or like the threshold, but are not. Where six do not tell
    them apart either, none is added.
    """
    ends = (criterion.value, criterion.low, criterion.high)
    pairs = [(end, criterion.threshold) for end in ends] + [(criterion.low, criterion.high)]
    digits = next((d for d in range(3, 7) if not any(_alike(a, b, d) for a, b in pairs)), 3)
    value, low, high = (number(end, digits) for end in ends)
    if criterion.low is None and criterion.high is None:
        return Markdown(value if criterion.value is None else f"{value} [no interval]")
    return Markdown(value if criterion.low == criterion.high else f"{value} [{low}, {high}]")


def claimed(criterion: Criterion | None) -> Markdown:
    """Return the claimed side, ``> 0.2``; a dash where nothing was measured."""
    if criterion is None:
        return Markdown(ABSENT)
    side = criterion.direction if criterion.direction in DIRECTIONS else "?"
    return Markdown(f"{side} {bound(criterion.threshold)}")


def probability(p: float | None) -> str:
    """Return a p-value; a dash for exact counts, which have none."""
    if p is None:
        return ABSENT
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(n: int, unit: str) -> str:
    """Return ``1 sequence``, ``12,000 tokens``."""
    plural = "" if n == 1 or not unit or unit.endswith("s") else "s"
    return f"{n:,} {unit}{plural}".strip()


def _alike(a: float | None, b: float | None, digits: int) -> bool:
    if a is None or b is None or a == b:
        return False
    return float(f"{a:.{digits}g}") == float(f"{b:.{digits}g}")
