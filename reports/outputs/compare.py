"""What changed between two runs, for someone who wants to hear only of changes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from claims.core.record import Record
from reports.data.board import Board, board, fork_name
from reports.data.margins import SHARE, deciding, lost
from reports.data.places import arms, kind_of, place_title, repeats
from reports.pages.criteria import because, telling
from reports.pages.provenance import flat
from reports.text.markdown import bullets, code, escape, table
from reports.text.numbers import ABSENT, claimed, interval
from reports.text.vocabulary import GENERATED, listed, plural, shown, somewhere

NOTHING = "No verdict changed"
#: What every run has its own of.
_OWN = ("date",)


@dataclass(frozen=True)
class Comparison:
    """What differs, as Markdown; and whether anything of it is a change.

    A verdict that changed, appeared or vanished is, as is another reading's verdict that moved, and a lost margin.
    """

    markdown: str
    changed: bool


def compare(old: Sequence[Record], new: Sequence[Record], share: float = SHARE) -> Comparison:
    """Compare two runs by claim, place (checkpoint, dense model, experiment) and fork.

    The verdict of a (claim, place) is its primary fork's. A criterion lost its margin when the verdict stayed and its
    interval, which was clear of its threshold by ``share`` (see `reports.data.margins.gap`), no longer is.
    """
    before, after = board(old), board(new)
    verdicts, forks, margins = _verdicts(before, after), _forks(before, after), _margins(old, new, share)
    new_ones, gone = _alone(after, before), _alone(before, after)
    measured = ["measured before", "measured now"]
    parts = [
        _section("Verdicts that changed", ["claimed", "old", "new", *measured], verdicts),
        _again(_moved_places(before, after)),
        _section("Verdicts that appeared", ["verdict", "measured"], new_ones),
        _section("Verdicts that vanished", ["verdict", "measured"], gone),
        _section("Other readings whose verdict moved", ["reading", "old", "new", *measured], forks),
        _section("Criteria that lost their margin", ["criterion", "claimed", "old", "new"], margins),
        f"A margin is lost when the interval touches its threshold, or comes nearer to it than {share:g} of the "
        "interval's own width; an exact number, than that share of the threshold."
        if margins
        else "",
        _unlike(old, new),
    ]
    asides = [f"{plural(len(forks), 'other reading')} moved"] * bool(forks)
    asides += [f"{plural(len(margins), 'margin')} lost"] * bool(margins)
    moved = before.cells.keys() != after.cells.keys() or bool(verdicts)
    head = "; ".join([_headline(before, after) if moved else NOTHING, *asides])
    return Comparison("\n\n".join([f"# {head}.", *(p for p in parts if p)]) + "\n", bool(moved or forks or margins))


def _section(title: str, columns: list[str], rows: list[list[str]]) -> str:
    return f"## {title}\n\n{table(pd.DataFrame(rows, columns=['claim', 'on', *columns]))}" if rows else ""


def _headline(before: Board, after: Board) -> str:
    """How many verdicts changed among those in both runs, and how many are in one run alone."""
    kept = before.cells.keys() & after.cells.keys()
    changed = len(_moved_places(before, after))
    new, gone = len(after.cells.keys() - kept), len(before.cells.keys() - kept)
    asides = [f"{new:,} appeared"] * bool(new) + [f"{gone:,} vanished"] * bool(gone)
    return "; ".join([f"{changed:,} of {plural(len(kept), 'verdict')} changed", *asides])


def _moved_places(before: Board, after: Board) -> list[tuple[str, str]]:
    """Return the (claim, place) of both runs whose verdict is another now."""
    kept = sorted(before.cells.keys() & after.cells.keys())
    return [place for place in kept if before.cells[place].verdict != after.cells[place].verdict]


def _verdicts(before: Board, after: Board) -> list[list[str]]:
    rows = []
    for place in _moved_places(before, after):
        old, new = before.cells[place].primary, after.cells[place].primary
        criterion = telling(new)[0] or telling(old)[0]
        side = claimed(criterion) if criterion else ABSENT
        rows.append([escape(place[0]), place_title(place[1]), side, *_change(old, new)])
    return rows


def _again(moved: Sequence[tuple[str, str]]) -> str:
    """Say how to measure one of the changed verdicts again; a name that pytest cannot take is left out."""
    if not moved:
        return ""
    claim, place = moved[0]
    chosen = f"'{claim} and {place}'" if re.fullmatch(r"[\w.-]+", place) and place != GENERATED else claim
    return f"To measure one again: the command of the run with, for example, {code(f'-k {chosen}')}."


def _alone(run: Board, other: Board) -> list[list[str]]:
    """Return what is in one run alone: a row a claim and verdict, with the number of a verdict that stands alone."""
    found: dict[tuple[str, str], list[str]] = {}
    for claim, name in sorted(run.cells.keys() - other.cells.keys()):
        found.setdefault((claim, shown(run.cells[claim, name].verdict)), []).append(name)
    return [
        [
            escape(claim),
            listed([place_title(name) for name in names], most=12),
            verdict,
            because(run.cells[claim, names[0]].primary) if len(names) == 1 else "",
        ]
        for (claim, verdict), names in found.items()
    ]


def _change(old: Record | None, new: Record | None) -> list[str]:
    """Return the verdict before and now, and the number that made each."""
    both = (old, new)
    return [shown(r.verdict) if r else "not there" for r in both] + [because(r) if r else "" for r in both]


def _forks(before: Board, after: Board) -> list[list[str]]:
    """Return the readings that did not decide in both runs, and moved; of a cell that is in one run alone, none."""
    rows = []
    for place in sorted(before.cells.keys() & after.cells.keys()):
        old, new = ({r.key: r for r in run.cells[place].records} for run in (before, after))
        primaries = before.cells[place].primary.key, after.cells[place].primary.key
        for key in sorted(old.keys() | new.keys()):
            a, b = old.get(key), new.get(key)
            moved = a is None or b is None or a.verdict != b.verdict
            record = b or a
            if moved and record is not None and (key, key) != primaries:
                rows.append([escape(place[0]), escape(place[1]), escape(fork_name(record)), *_change(a, b)])
    return rows


def _pairs(old: Iterable[Record], new: Iterable[Record]) -> list[tuple[Record, Record]]:
    """Return the records of both runs that have the same key, in order of the key."""
    known = {record.key: record for record in old}
    return [(known[r.key], r) for r in sorted(new, key=lambda r: r.key) if r.key in known]


def _margins(old: Sequence[Record], new: Sequence[Record], share: float) -> list[list[str]]:
    return [
        [escape(b.claim), _place(b), escape(name), claimed(now), interval(was), interval(now)]
        for a, b in _pairs(old, new)
        for name, was, now in lost(a, b, share)
    ]


def _place(record: Record) -> str:
    return escape(record.key[0]) + (f" ({escape(record.key[2])})" if record.key[2] else "")


def _unlike(old: Sequence[Record], new: Sequence[Record]) -> str:
    """Say what was not the same about the two runs, since a verdict may have moved for that reason alone."""
    lines = []
    pairs = _pairs(old, new)
    for what, facts in (("", _settings), ("Thresholds of ", _thresholds), ("Text of ", _texts)):
        differences: dict[str, dict[str, None]] = {}
        for a, b in pairs:
            for said in _different(facts(a), facts(b)):
                differences.setdefault(said, {})[a.claim if what else a.key[0]] = None
        every = [escape(place) for place in dict.fromkeys(a.key[0] for a, _ in pairs)]
        for said, places in differences.items():
            names = [escape(place) for place in places]
            lines.append(f"{what}{listed(names)}: {said}" if what else f"{said} ({somewhere(names, every)})")
    lines += _moved(pairs)
    return f"## What else differs between the runs\n\n{bullets(lines)}" if lines else ""


def _moved(pairs: Sequence[tuple[Record, Record]]) -> list[str]:
    """Count the deciding numbers that are not what they were, whatever the verdicts."""
    both = [(deciding(a), deciding(b)) for a, b in pairs]
    numbers = [(was[name], now[name]) for was, now in both for name in was.keys() & now.keys()]
    moved = sum((was.value, was.low, was.high) != (now.value, now.low, now.high) for was, now in numbers)
    return [f"{moved:,} of {plural(len(numbers), 'deciding number')} moved"] if moved else []


def _different(old: dict[str, str], new: dict[str, str]) -> list[str]:
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    pairs = [(key, old.get(key, "not there"), new.get(key, "not there")) for key in keys]
    return [f"{escape(key)} was {escape(was, 80)}, is {escape(now, 80)}" for key, was, now in pairs]


def _settings(record: Record) -> dict[str, str]:
    checkpoint: dict[str, Any] = {"revision": record.checkpoint.get("revision"), "kind": kind_of(record).value}
    compared = {"arms": arms(record), "checkpoints": repeats(record)} if arms(record) else {}
    told = {key: value for key, value in record.provenance.items() if key not in _OWN}
    return flat({**told, **checkpoint, **compared})


def _thresholds(record: Record) -> dict[str, str]:
    return {name: str(entry.get("value")) for name, entry in record.thresholds.items()}


def _texts(record: Record) -> dict[str, str]:
    return {"definition": record.definition, "equation": record.equation}
