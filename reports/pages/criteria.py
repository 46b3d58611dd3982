"""The numbers of one claim on one place: criteria by role, variants, thresholds, which decided."""

from collections.abc import Sequence
from itertools import groupby
from string import ascii_lowercase

from claims.core.record import Criterion, Record
from claims.core.verdict import Answer, Role, Verdict
from reports.data.board import Cell, variant_name
from reports.data.places import is_null, standing
from reports.text.markdown import plain
from reports.text.numbers import bound, claimed, count, interval, number, probability
from reports.text.vocabulary import ROLE

ANSWER = {True: "yes", False: "no", None: "open"}
#: Heads of the column of p-values: the claim's after Holm, where the record has it, else each criterion's own.
ADJUSTED, RAW = "adjusted p", "raw p"
#: Which criteria make a verdict, by role and answer: of the first pair that there is, all.
_MAKES: dict[Verdict, tuple[tuple[Role, Answer], ...]] = {
    Verdict.SUPPORTED: ((Role.HEADLINE, True),),
    Verdict.PARTLY: ((Role.HEADLINE, False), (Role.PART, False)),
    Verdict.VACUOUS: ((Role.EXCESS, False), (Role.CONTROL, True)),  # of records without roles, the null's own
    Verdict.REFUTED: ((Role.HEADLINE, False),),
    Verdict.INCONCLUSIVE: ((Role.PREMISE, None), (Role.HEADLINE, None), (Role.EXCESS, None), (Role.CONTROL, None)),
    Verdict.NOT_APPLICABLE: ((Role.PREMISE, False),),
    Verdict.ERROR: (),
}
#: Verdicts that have a reason beside their criteria where none of these makes them.
_REASONED = (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.ERROR)


def criteria_table(record: Record) -> tuple[list[str], list[list[str]]]:
    """Return columns, and a row a criterion, in groups by role; each role is named in its first row.

    Where `methods` tells of several, the column ``from`` has the letter of each. The column of p-values has the
    claim's adjusted one, once, where the record has it, else the raw ones; without any, there is none. The answer of
    what decides nothing stands in brackets.
    """
    adjusted = next((c for c in record.criteria if c.p_adjusted is not None), None)
    with_p = adjusted is not None or any(c.p is not None for c in record.criteria)
    signs, rows, places = _signs(record), [], list(ROLE)
    for role, found in groupby(sorted(record.criteria, key=lambda c: places.index(c.role)), key=lambda c: c.role):
        for i, c in enumerate(found):
            p = probability(c.p) if adjusted is None else probability(c.p_adjusted) if c is adjusted else ""
            rows.append(["" if i else ROLE[role], *_row(c, signs, p)])
    columns = ["role", "measured", "value [95 % interval]", "claimed", "from", ADJUSTED if adjusted else RAW, "answer"]
    kept = [i for i in range(len(columns)) if with_p or columns[i] != RAW]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def methods(record: Record) -> str:
    """Return how the intervals were made: each method once, under its letter where there are several."""
    found = [f"{sign}{method}" for method, sign in _signs(record).items()]
    return f"Intervals: {'; '.join(found)}." if found else ""


def variant_rows(cell: Cell) -> list[list[str]]:
    """Return every variant with its verdict and the number that made it; nothing for a claim with one."""
    return [
        [f"{variant_name(r)}{' (primary)' if r.primary else ''}", standing(r), because(r)]
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
    """Return the numbers that made a verdict, ``name value [low, high]``, or the reason where none was measured."""
    return "; ".join(f"{plain(c.name)} {interval(c)}" for c in telling(record)) or plain(record.reason)


def telling(record: Record) -> list[Criterion]:
    """Return the criteria that make a verdict, the one that tells most first.

    Of a vacuous one the excess that the null leaves; of a partly supported one what falls short, which is the headline
    or else a part; of a refuted one the headline and the excess that fail; of an inconclusive one what is open; of one
    that is not applicable the premise that fails. Of a null it is the first headline, as in `value`.
    """
    if is_null(record):
        return _headlines(record)[:1]
    pairs = _MAKES[record.verdict]
    found = next((made for role, answer in pairs if (made := _answered(record, role, answer))), [])[:1]
    if record.verdict == Verdict.REFUTED:
        found += _answered(record, Role.EXCESS, False)[:1]
    return found or ([] if record.verdict in _REASONED else _headlines(record)[:1])


def value(record: Record) -> str:
    """Return the first headline's value, the same quantity on every place, without its interval; "" without one.

    Nothing either where another headline refutes the claim: the number would say the opposite of the verdict.
    """
    return "".join(number(c.value) for c in _shown(record))


def headline(record: Record) -> str:
    """Return the headline that `value` shows with its interval; nothing of a record without one."""
    return "".join(interval(c) for c in _shown(record))


def _shown(record: Record) -> list[Criterion]:
    first = _headlines(record)[:1]
    return [c for c in first if record.verdict != Verdict.REFUTED or c.holds is False or is_null(record)]


def _headlines(record: Record) -> list[Criterion]:
    return [c for c in record.criteria if c.role is Role.HEADLINE]


def _answered(record: Record, role: Role, answer: Answer) -> list[Criterion]:
    found = (c for c in record.criteria if c.role is role and c.holds is answer)
    return sorted(found, key=_exact)


def _exact(criterion: Criterion) -> bool:
    return criterion.low == criterion.high


def _signs(record: Record) -> dict[str, str]:
    """Return a letter in brackets for each method; none where one method made all."""
    found = list(dict.fromkeys(c.method for c in record.criteria if c.method))
    return {method: f"({ascii_lowercase[i % 26]}) " if len(found) > 1 else "" for i, method in enumerate(found)}


def _threshold(value: object) -> str:
    """Return a threshold's value as it was written."""
    return bound(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else f"{value}"


def _row(criterion: Criterion, signs: dict[str, str], p: str) -> list[str]:
    answer = ANSWER[criterion.holds]
    return [
        plain(criterion.name),
        interval(criterion),
        claimed(criterion),
        f"{plain(count(criterion.n, criterion.unit))} {signs.get(criterion.method, '')}".rstrip(),
        p,
        answer if criterion.decides else f"({answer})",
    ]
