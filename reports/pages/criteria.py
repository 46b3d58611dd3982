"""What was measured on one checkpoint: criteria beside the null, and every reading of the definition."""

from collections.abc import Callable, Sequence
from string import ascii_lowercase

import pandas as pd

from claims.core.record import Criterion, Record
from claims.core.verdict import Verdict
from reports.data.board import Cell, fork_name
from reports.pages.findings import decisive
from reports.text.markdown import escape, table
from reports.text.numbers import bound, claimed, count, interval, probability
from reports.text.vocabulary import shown

ANSWER = {True: "yes", False: "no", None: "undecided"}
COLUMNS = ["measured", "value [95 % interval]", "claimed", "from", "p (Holm)", "holds"]


def criteria_table(record: Record) -> str:
    """Return the criteria, then the null's, as a table; "" when nothing was measured."""
    rows = criteria_rows(record)
    if not rows:
        return ""
    return table(pd.DataFrame(rows, columns=COLUMNS), right=["p (Holm)"])


def criteria_rows(record: Record, say: Callable[[str], str] = escape) -> list[list[str]]:
    """Return the criteria, then the null's, a row each, for the columns `COLUMNS`.

    Where `methods` tells of several, the column ``from`` has the letter of each.
    """
    signs = _signs(record)
    return [_row(c, "", say, signs) for c in record.criteria] + [_row(c, "null: ", say, signs) for c in record.null]


def methods(record: Record, say: Callable[[str], str] = escape) -> str:
    """Return how the intervals were made: each method once, under its letter where there are several."""
    found = [f"{sign}{say(method)}" for method, sign in _signs(record).items()]
    return f"Intervals: {'; '.join(found)}." if found else ""


def _signs(record: Record) -> dict[str, str]:
    """Return a letter in brackets for each method; none where one method made all."""
    found = list(dict.fromkeys(c.method for c in (*record.criteria, *record.null) if c.method))
    return {method: f"({ascii_lowercase[i % 26]}) " if len(found) > 1 else "" for i, method in enumerate(found)}


def forks_table(cell: Cell) -> str:
    """Return every reading with its verdict and the number that made it; "" for a claim with one reading."""
    if not cell.others:
        return ""
    rows = [[_label(record), shown(record.verdict), because(record)] for record in cell.records]
    return table(pd.DataFrame(rows, columns=["reading", "verdict", "because"]))


def because(record: Record, say: Callable[[str], str] = escape) -> str:
    """Return the number that made a verdict, ``name value [low, high]``, or the reason where none was measured.

    A vacuous verdict is made by the null, which is named beside it. ``say`` makes a name fit for where it goes.
    """
    criterion, null = telling(record)
    if criterion is None:
        return say(record.reason)
    beside = f"; null: {say(null.name)} {interval(null)}" if null is not None else ""
    return f"{say(criterion.name)} {interval(criterion)}{beside}"


def telling(record: Record) -> tuple[Criterion | None, Criterion | None]:
    """Return the criterion that tells most of a verdict and, of a vacuous one, the null that goes with it."""
    criterion = decisive(record.criteria, record.verdict)
    if record.verdict != Verdict.VACUOUS:
        return criterion, None
    null = decisive(record.null, record.verdict)
    pairs = list(zip(_deciding(record.criteria), _deciding(record.null), strict=False))
    alike = [c for c, n in pairs if n is null] if len(record.criteria) == len(record.null) else []
    return (alike[0] if alike else criterion), null


def _deciding(criteria: Sequence[Criterion]) -> list[Criterion]:
    return [criterion for criterion in criteria if criterion.decides]


def thresholds_table(records: Sequence[Record]) -> str:
    """Return the thresholds of a claim and their reasons; a run may have overridden a value on some."""
    found = dict.fromkeys(
        (escape(name), escape(threshold(entry.get("value"))), escape(entry.get("why", "")))
        for record in records
        for name, entry in record.thresholds.items()
    )
    return table(pd.DataFrame(list(found), columns=["threshold", "value", "why"])) if found else ""


def threshold(value: object) -> str:
    """Return a threshold's value as it was written."""
    return bound(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else f"{value}"


def _row(criterion: Criterion, prefix: str, say: Callable[[str], str], signs: dict[str, str]) -> list[str]:
    adjusted = probability(criterion.p_adjusted)
    if criterion.p_adjusted is None and criterion.p is not None:
        adjusted = f"{probability(criterion.p)} (raw)"
    return [
        prefix + say(criterion.name),
        interval(criterion),
        claimed(criterion),
        f"{say(count(criterion.n, criterion.unit))} {signs.get(criterion.method, '')}".rstrip(),
        adjusted,
        ANSWER[criterion.holds] + ("" if criterion.decides else " (not deciding)"),
    ]


def _label(record: Record) -> str:
    return escape(fork_name(record)) + (" (primary)" if record.primary else "")
