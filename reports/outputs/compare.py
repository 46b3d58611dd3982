"""Compare two runs: what changed, for someone who wants to hear only of changes."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claims.core.migration import MADE_AS
from claims.core.record import Record
from reports.data.board import Board, board, variant_name
from reports.data.margins import SHARE, deciding, lost
from reports.data.places import arms, kind_of, place_name, repeats, standing
from reports.data.runs import date_of
from reports.pages.criteria import because, telling
from reports.pages.provenance import flat
from reports.text.markdown import plain
from reports.text.numbers import claimed, interval
from reports.text.templates import fill
from reports.text.vocabulary import GENERATED, listed, plural, somewhere

#: What every run has its own of, or is told by itself.
_OWN = ("date", "command", MADE_AS)
Rows = list[list[str]]
Pairs = list[tuple[Record, Record]]


@dataclass(frozen=True)
class Comparison:
    """What differs, as Markdown; and whether anything of it is a change.

    A verdict that changed, appeared or vanished is, as is a theorem's check, another variant's verdict that moved, and
    a lost margin. ``short`` says it in one sentence, of empirical verdicts alone.
    """

    markdown: str
    changed: bool
    short: str


def compare(old: Sequence[Record], new: Sequence[Record], share: float = SHARE) -> Comparison:
    """Compare two runs by claim, place (checkpoint, dense model, experiment) and variant.

    The verdict of a (claim, place) is its primary variant's; an untrained control has none. A criterion lost its margin
    when the verdict stayed and its interval, which was clear of its threshold by ``share`` (see
    `reports.data.margins.gap`), no longer is.
    """
    before, after = board(old), board(new)
    both = sorted(before.cells.keys() & after.cells.keys())
    kept = [place for place in both if after.cells[place].counted]
    moved = [place for place in both if _differs(before.cells[place].primary, after.cells[place].primary)]
    known = {record.key: record for record in old}
    pairs = [(known[r.key], r) for r in sorted(new, key=lambda r: r.key) if r.key in known]
    tables: dict[str, Rows] = {
        "changed": [_verdict(place, before, after) for place in moved if place in kept],
        "uncounted": [_verdict(place, before, after) for place in moved if place not in kept],
        "appeared": _alone(after, before),
        "vanished": _alone(before, after),
        "variants": [row for place in both for row in _variants(place, before, after)],
        "margins": _margins(pairs, share),
    }
    asides = [f"{len(run.cells) - len(both):,} {what}" for run, what in ((after, "appeared"), (before, "vanished"))]
    text = fill(
        "compare.md.j2",
        kept=len(kept),
        asides=[aside for aside in asides if not aside.startswith("0 ")],
        again=_again(moved),
        share=f"{share:g}",
        without_roles=_without_roles(old, new),
        unlike=_unlike(pairs),
        **tables,
    )
    alone = [sum(run.cells[place].counted for place in run.cells.keys() - set(both)) for run in (after, before)]
    short = in_short(len(tables["changed"]), len(kept), date_of(old), *alone)
    return Comparison(text, any(tables.values()), short)


def in_short(changed: int, kept: int, since: datetime | None, appeared: int = 0, vanished: int = 0) -> str:
    """Return the sentence that a nightly job posts.

    Examples
    --------
    >>> in_short(3, 161, datetime(2026, 11, 29, 3, 0)), in_short(0, 1, None, vanished=2)
    ('3 of 161 verdicts changed since 2026-11-29.', '0 of 1 verdict changed; 2 vanished.')
    """
    dated = f" since {since:%Y-%m-%d}" if since else ""
    beside = "".join(f"; {count:,} {what}" for count, what in ((appeared, "appeared"), (vanished, "vanished")) if count)
    return f"{changed:,} of {plural(kept, 'verdict')} changed{dated}{beside}."


def _differs(old: Record, new: Record) -> bool:
    """Tell whether the verdicts differ; a null has none in either run."""
    return standing(old) != standing(new)


def _without_roles(old: Sequence[Record], new: Sequence[Record]) -> str:
    """Name the runs whose records were made before criteria had roles."""
    found = [what for what, run in (("old", old), ("new", new)) if any(MADE_AS in r.provenance for r in run)]
    return " and the ".join(found)


def _verdict(place: tuple[str, str], before: Board, after: Board) -> list[str]:
    old, new = before.cells[place].primary, after.cells[place].primary
    return [
        place[0],
        place_name(place[1]),
        claimed(next(iter([*telling(new), *telling(old)]), None)),
        *_change(old, new),
    ]


def _again(moved: Sequence[tuple[str, str]]) -> str:
    """Say what measures one of the changed verdicts again; a name that pytest cannot take is left out."""
    if not moved:
        return ""
    claim, place = moved[0]
    chosen = f"'{claim} and {place}'" if re.fullmatch(r"[\w.-]+", place) and place != GENERATED else claim
    return f"-k {chosen}"


def _alone(run: Board, other: Board) -> Rows:
    """Return what is in one run alone: a row a claim and verdict, with the number of a verdict that stands alone."""
    found: dict[tuple[str, str], list[str]] = {}
    for claim, name in sorted(run.cells.keys() - other.cells.keys()):
        found.setdefault((claim, standing(run.cells[claim, name].primary)), []).append(name)
    return [
        [
            claim,
            listed([place_name(name) for name in names], most=12),
            verdict,
            because(run.cells[claim, names[0]].primary) if len(names) == 1 else "",
        ]
        for (claim, verdict), names in found.items()
    ]


def _change(old: Record | None, new: Record | None) -> list[str]:
    """Return the verdict before and now, and the number that made each."""
    both = (old, new)
    return [standing(r) if r else "not there" for r in both] + [because(r) if r else "" for r in both]


def _variants(place: tuple[str, str], before: Board, after: Board) -> Rows:
    """Return the variants that did not decide in both runs, and moved."""
    old, new = ({r.key: r for r in run.cells[place].records} for run in (before, after))
    primaries = before.cells[place].primary.key, after.cells[place].primary.key
    rows = []
    for key in sorted(old.keys() | new.keys()):
        a, b = old.get(key), new.get(key)
        record = b or a
        if record is not None and (a is None or b is None or _differs(a, b)) and (key, key) != primaries:
            rows.append([*map(plain, (*place, variant_name(record))), *_change(a, b)])
    return rows


def _margins(pairs: Pairs, share: float) -> Rows:
    return [
        [
            b.claim,
            plain(b.key[0]) + (f" ({plain(b.key[2])})" if b.key[2] else ""),
            plain(name),
            claimed(now),
            interval(was),
            interval(now),
        ]
        for a, b in pairs
        for name, was, now in lost(a, b, share)
    ]


def _unlike(pairs: Pairs) -> list[str]:
    """Say what was not the same about the two runs, since a verdict may have moved for that reason alone."""
    lines = []
    every = [plain(place) for place in dict.fromkeys(a.key[0] for a, _ in pairs)]
    for said, places in _differences(pairs, _settings, lambda r: r.key[0]).items():
        lines.append(f"{said} ({somewhere([plain(place) for place in places], every)})")
    for what, facts in (("Thresholds", _thresholds), ("Version or text", _texts)):
        for said, claims in _differences(pairs, facts, lambda r: r.claim).items():
            lines.append(f"{what} of {listed(list(map(plain, claims)))}: {said}")
    return lines + _moved(pairs)


def _differences(
    pairs: Pairs, facts: Callable[[Record], dict[str, str]], whose: Callable[[Record], str]
) -> dict[str, list[str]]:
    """Return by what is said of a difference those that it is said of, each once."""
    found: dict[str, list[str]] = {}
    for a, b in pairs:
        old, new = facts(a), facts(b)
        for key in dict.fromkeys([*old, *new]):
            was, now = (f.get(key, "not there") for f in (old, new))
            if was != now:
                names = found.setdefault(f"{plain(key)} was {plain(was, 80)}, is {plain(now, 80)}", [])
                names += [whose(a)] if whose(a) not in names else []
    return found


def _moved(pairs: Iterable[tuple[Record, Record]]) -> list[str]:
    """Count the deciding numbers that are not what they were, whatever the verdicts, and those of one run alone."""
    both = [(deciding(a), deciding(b)) for a, b in pairs]
    numbers = [(was[name], now[name]) for was, now in both for name in was.keys() & now.keys()]
    moved = sum((was.value, was.low, was.high) != (now.value, now.low, now.high) for was, now in numbers)
    alone = sum(len(was.keys() ^ now.keys()) for was, now in both)
    lines = [f"{moved:,} of {plural(len(numbers), 'deciding number')} moved"] if moved else []
    return lines + ([f"Of claims in both runs, {plural(alone, 'deciding number')} in one run alone"] if alone else [])


def _settings(record: Record) -> dict[str, str]:
    checkpoint: dict[str, Any] = {"revision": record.checkpoint.get("revision"), "kind": kind_of(record).value}
    compared = {"arms": arms(record), "checkpoints": repeats(record)} if arms(record) else {}
    told = {key: value for key, value in record.provenance.items() if key not in _OWN}
    return flat({**told, **checkpoint, **compared})


def _thresholds(record: Record) -> dict[str, str]:
    return {name: str(entry.get("value")) for name, entry in record.thresholds.items()}


def _texts(record: Record) -> dict[str, str]:
    return {"version": str(record.version), "definition": record.definition, "equation": record.equation}
