"""The numbers of one claim on one place: criteria beside the null, variants, thresholds, which decided."""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase

from claims.core.record import Criterion, Record
from claims.core.verdict import Verdict
from reports.data.board import Cell, variant_name
from reports.text.markdown import plain
from reports.text.numbers import bound, claimed, count, interval, probability
from reports.text.vocabulary import shown

ANSWER = {True: "yes", False: "no", None: "undecided"}
#: Columns of `criteria_rows`.
COLUMNS = ("measured", "value [95 % interval]", "claimed", "from", "p (Holm)", "holds")


def criteria_rows(record: Record) -> list[list[str]]:
    """Return the criteria, then the null's, a row each.

    Where `methods` tells of several, the column ``from`` has the letter of each.
    """
    signs = _signs(record)
    return [_row(c, "", signs) for c in record.criteria]


def methods(record: Record) -> str:
    """Return how the intervals were made: each method once, under its letter where there are several."""
    found = [f"{sign}{method}" for method, sign in _signs(record).items()]
    return f"Intervals: {'; '.join(found)}." if found else ""


def variant_rows(cell: Cell) -> list[list[str]]:
    """Return every variant with its verdict and the number that made it; nothing for a claim with one."""
    return [
        [f"{variant_name(r)}{' (primary)' if r.primary else ''}", shown(r.verdict), because(r)]
        for r in (cell.records if cell.others else ())
    ]


def threshold_rows(records: Sequence[Record]) -> list[tuple[str, str, str]]:
    """Return the thresholds of a claim and their reasons; a run may have overridden a value on some."""
    return list(
        dict.fromkeys(
            (plain(name), plain(_threshold(entry.get("value"))), plain(entry.get("why", "")))
            for record in records
            for name, entry in record.thresholds.items()
        )
    )


def because(record: Record) -> str:
    """Return the number that made a verdict, ``name value [low, high]``, or the reason where none was measured.

    A vacuous verdict is made by the null, which is named beside it.
    """
    criterion, null = telling(record)
    if criterion is None:
        return plain(record.reason)
    beside = f"; null: {plain(null.name)} {interval(null)}" if null is not None else ""
    return f"{plain(criterion.name)} {interval(criterion)}{beside}"


def telling(record: Record) -> tuple[Criterion | None, Criterion | None]:
    """Return the criterion that tells most of a verdict and, of a vacuous one, the null that goes with it."""
    criterion = decisive(record.criteria, record.verdict)
    if record.verdict != Verdict.VACUOUS:
        return criterion, None
    return criterion, None


def decisive(criteria: Iterable[Criterion], verdict: Verdict) -> Criterion | None:
    """Return the deciding criterion that tells most: what failed or straddled, else what has an interval."""
    wanted = {Verdict.REFUTED: False, Verdict.INCONCLUSIVE: None}.get(verdict, True)
    deciding = sorted((c for c in criteria if c.decides), key=lambda c: c.low == c.high)
    return next((c for c in deciding if c.holds is wanted), deciding[0] if deciding else None)


def _signs(record: Record) -> dict[str, str]:
    """Return a letter in brackets for each method; none where one method made all."""
    found = list(dict.fromkeys(c.method for c in record.criteria if c.method))
    return {method: f"({ascii_lowercase[i % 26]}) " if len(found) > 1 else "" for i, method in enumerate(found)}


def _threshold(value: object) -> str:
    """Return a threshold's value as it was written."""
    return bound(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else f"{value}"


def _row(criterion: Criterion, prefix: str, signs: dict[str, str]) -> list[str]:
    adjusted = probability(criterion.p_adjusted)
    if criterion.p_adjusted is None and criterion.p is not None:
        adjusted = f"{probability(criterion.p)} (raw)"
    return [
        prefix + plain(criterion.name),
        interval(criterion),
        claimed(criterion),
        f"{plain(count(criterion.n, criterion.unit))} {signs.get(criterion.method, '')}".rstrip(),
        adjusted,
        ANSWER[criterion.holds] + ("" if criterion.decides else " (not deciding)"),
    ]
