"""What changed between two runs, for someone who wants to hear only of changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from claims.record import Criterion, Record
from reports.cells import Board, board, fork_name
from reports.markdown import bullets, escape, table
from reports.numbers import claimed, interval
from reports.places import arms, kind_of, repeats
from reports.provenance import flat
from reports.words import listed, plural, shown

NOTHING = "No verdict changed."


@dataclass(frozen=True)
class Comparison:
    """``markdown`` says what differs; ``changed`` is True when a verdict changed, appeared or vanished."""

    markdown: str
    changed: bool


def compare(old: Sequence[Record], new: Sequence[Record]) -> Comparison:
    """Compare two runs by claim, place (checkpoint, dense model, experiment) and fork.

    The verdict of a (claim, place) is its primary fork's. A fork whose verdict moved and a criterion
    whose interval came to touch its threshold are told, but are no changed verdicts.
    """
    before, after = board(old), board(new)
    verdicts = _verdicts(before, after)
    parts = [
        _section("Verdicts that changed, appeared or vanished", [], verdicts),
        _section("Forks whose verdict moved", ["fork"], _forks(old, new)),
        _section(
            "Criteria that lost their margin: the interval now touches the threshold",
            ["criterion", "claimed"],
            _margins(old, new),
        ),
        _unlike(old, new),
    ]
    head = _headline(before, after) if verdicts else NOTHING
    return Comparison("\n\n".join([f"# {head}", *(p for p in parts if p)]) + "\n", bool(verdicts))


def _section(title: str, columns: list[str], rows: list[list[str]]) -> str:
    frame = pd.DataFrame(rows, columns=["claim", "on", *columns, "old", "new"]) if rows else None
    return "" if frame is None else f"## {title}\n\n{table(frame)}"


def _headline(before: Board, after: Board) -> str:
    """How many verdicts changed among those in both runs, and how many are in one run alone."""
    kept = before.cells.keys() & after.cells.keys()
    changed = sum(before.cells[place].verdict != after.cells[place].verdict for place in kept)
    new, gone = len(after.cells.keys() - kept), len(before.cells.keys() - kept)
    asides = [f"{new:,} appeared"] * bool(new) + [f"{gone:,} vanished"] * bool(gone)
    return "; ".join([f"{changed:,} of {plural(len(kept), 'verdict')} changed", *asides]) + "."


def _verdicts(before: Board, after: Board) -> list[list[str]]:
    rows = []
    for claim, name in sorted(before.cells.keys() | after.cells.keys()):
        old, new = before.cells.get((claim, name)), after.cells.get((claim, name))
        if old is None or new is None or old.verdict != new.verdict:
            words = [shown(cell.verdict) if cell else "not there" for cell in (old, new)]
            rows.append([escape(claim), escape(name), *words])
    return rows


def _pairs(old: Iterable[Record], new: Iterable[Record]) -> list[tuple[Record, Record]]:
    """Return the records of both runs that have the same key, in order of the key."""
    known = {record.key: record for record in old}
    return [(known[r.key], r) for r in sorted(new, key=lambda r: r.key) if r.key in known]


def _forks(old: Sequence[Record], new: Sequence[Record]) -> list[list[str]]:
    return [
        [escape(b.claim), escape(b.key[0]), escape(fork_name(b)), shown(a.verdict), shown(b.verdict)]
        for a, b in _pairs(old, new)
        if a.verdict != b.verdict and not (a.primary and b.primary)
    ]


def _margins(old: Sequence[Record], new: Sequence[Record]) -> list[list[str]]:
    rows = []
    for a, b in _pairs(old, new):
        known = {c.name: c for c in a.criteria}
        for criterion in b.criteria:
            was = known.get(criterion.name)
            if was is not None and was.holds is not None and criterion.holds is None:
                rows.append([escape(b.claim), _place(b), *_change(was, criterion)])
    return rows


def _place(record: Record) -> str:
    return escape(record.key[0]) + (f" ({escape(record.key[2])})" if record.key[2] else "")


def _change(was: Criterion, now: Criterion) -> list[str]:
    return [escape(now.name), claimed(now), interval(was), interval(now)]


def _unlike(old: Sequence[Record], new: Sequence[Record]) -> str:
    """Say what was not the same about the two runs, since a verdict may have moved for that reason alone."""
    lines = []
    for what, facts in (("", _settings), ("Thresholds of ", _thresholds)):
        differences: dict[str, list[str]] = {}
        for a, b in _pairs(old, new):
            for said in _different(facts(a), facts(b)):
                differences.setdefault(said, []).append(a.claim if what else a.key[0])
        for said, places in differences.items():
            where = listed([escape(place) for place in dict.fromkeys(places)])
            lines.append(f"{what}{where}: {said}" if what else f"{said} ({where})")
    return f"## What else differs between the runs\n\n{bullets(lines)}" if lines else ""


def _different(old: dict[str, str], new: dict[str, str]) -> list[str]:
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    pairs = [(key, old.get(key, "not there"), new.get(key, "not there")) for key in keys]
    return [f"{escape(key)} was {escape(was, 80)}, is {escape(now, 80)}" for key, was, now in pairs]


def _settings(record: Record) -> dict[str, str]:
    checkpoint: dict[str, Any] = {"revision": record.checkpoint.get("revision"), "kind": kind_of(record).value}
    compared = {"arms": arms(record), "checkpoints": repeats(record)} if arms(record) else {}
    return flat({**record.provenance, **checkpoint, **compared})


def _thresholds(record: Record) -> dict[str, str]:
    return {name: str(entry.get("value")) for name, entry in record.thresholds.items()}
