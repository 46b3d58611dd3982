"""What was measured on one checkpoint: criteria beside the null, and every reading of the definition."""

from collections.abc import Sequence

import pandas as pd

from claims.record import Criterion, Record
from reports.cells import Cell, fork_name
from reports.findings import decisive
from reports.markdown import escape, table
from reports.numbers import claimed, count, interval, probability
from reports.words import shown

ANSWER = {True: "yes", False: "no", None: "undecided"}
COLUMNS = ["measured", "value [95 % interval]", "claimed", "from", "p (Holm)", "holds"]


def criteria_table(record: Record) -> str:
    """Return the criteria, then the null's, as a table; "" when nothing was measured."""
    rows = [_row(c, "") for c in record.criteria] + [_row(c, "null: ") for c in record.null]
    if not rows:
        return ""
    return table(pd.DataFrame(rows, columns=COLUMNS), right=["p (Holm)"])


def methods(record: Record) -> str:
    """Return how the intervals were made, each method once."""
    found = dict.fromkeys(escape(c.method) for c in (*record.criteria, *record.null) if c.method)
    return f"Intervals: {'; '.join(found)}." if found else ""


def forks_table(cell: Cell) -> str:
    """Return every reading with its verdict and the number that made it; "" for a claim with one reading."""
    if not cell.others:
        return ""
    rows = [[_label(record), shown(record.verdict), _number(record)] for record in cell.records]
    return table(pd.DataFrame(rows, columns=["reading", "verdict", "because"]))


def thresholds_table(records: Sequence[Record]) -> str:
    """Return the thresholds of a claim and their reasons; a run may have overridden a value on some."""
    found = dict.fromkeys(
        (escape(name), _value(entry.get("value")), escape(entry.get("why", "")))
        for record in records
        for name, entry in record.thresholds.items()
    )
    return table(pd.DataFrame(list(found), columns=["threshold", "value", "why"])) if found else ""


def _row(criterion: Criterion, prefix: str) -> list[str]:
    adjusted = probability(criterion.p_adjusted)
    if criterion.p_adjusted is None and criterion.p is not None:
        adjusted = f"{probability(criterion.p)} (raw)"
    return [
        prefix + escape(criterion.name),
        interval(criterion),
        claimed(criterion),
        escape(count(criterion.n, criterion.unit)),
        adjusted,
        ANSWER[criterion.holds] + ("" if criterion.decides else " (not deciding)"),
    ]


def _label(record: Record) -> str:
    return escape(fork_name(record)) + (" (primary)" if record.primary else "")


def _number(record: Record) -> str:
    criterion = decisive(record.criteria, record.verdict)
    if criterion is None:
        return escape(record.reason)
    return f"{escape(criterion.name)} {interval(criterion)}"


def _value(value: object) -> str:
    return escape(f"{value:,.4g}" if isinstance(value, float) and not value.is_integer() else f"{value}")
