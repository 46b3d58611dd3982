"""Measure how far an interval is from its threshold, in widths of the interval itself, which has no unit.

An exact number has no width; its distance is in shares of the threshold, and a threshold of 0 leaves it none: such a
number is on one side or the other.
"""

from collections import Counter
from collections.abc import Mapping

from claims.core.record import Criterion, Record
from reports.data.places import is_null

#: Share of its own width (of the threshold, for an exact number) that an interval is clear of its threshold by.
SHARE = 0.25


def gap(criterion: Criterion) -> float | None:
    """Return the distance from the threshold to the interval's nearest end over the interval's width.

    Of an exact number it is the distance over the threshold. 0 where the interval touches the threshold; None where
    there is no interval, no threshold, or only an exact number against 0.
    """
    low, high, bound = criterion.low, criterion.high, criterion.threshold
    if low is None or high is None or bound is None:
        return None
    unit = high - low if low < high else abs(bound)
    return max(low - bound, bound - high, 0.0) / unit if unit > 0 else None


def clear(criterion: Criterion, share: float = SHARE) -> bool:
    """Tell whether an interval lies on one side of its threshold, with a `gap` of at least ``share`` between."""
    if criterion.holds is None:
        return False
    distance = gap(criterion)
    return distance is None or distance >= share


def deciding(record: Record) -> Mapping[str, Criterion]:
    """Return by name the criteria that can change the verdict: headline, excess, parts and premises.

    A quantity that is held against two thresholds is told apart by the side that is claimed.
    """
    found: dict[str, Criterion] = {}
    kept = [criterion for criterion in record.criteria if criterion.decides]
    often = Counter(criterion.name for criterion in kept)
    for criterion in kept:
        own = criterion.name if often[criterion.name] == 1 else f"{criterion.name} ({criterion.direction})"
        found[own if own not in found else f"{own} {len(found)}"] = criterion
    return found


def lost(old: Record, new: Record, share: float = SHARE) -> list[tuple[str, Criterion, Criterion]]:
    """Return (name, before, now) of each deciding criterion that was clear of its threshold and no longer is.

    A record whose verdict changed has none: the verdict says it; nor has a null, which has no verdict to lose.
    """
    if old.verdict != new.verdict or is_null(new):
        return []
    before = deciding(old)
    pairs = [(name, before[name], now) for name, now in deciding(new).items() if name in before]
    return [(name, was, now) for name, was, now in pairs if clear(was, share) and not clear(now, share)]
