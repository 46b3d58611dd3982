"""Follow each claim over many runs: its verdicts, its numbers, and what was changed about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from claims.core.migration import MADE_AS
from claims.core.record import Criterion, Record
from claims.core.verdict import Verdict
from reports.data.margins import clear, deciding, gap
from reports.data.places import is_null
from reports.data.runs import Run

#: A margin is told before it is lost: below this many widths of the interval, and this share of what it was at first.
NEAR = 1.0
SHRUNK = 0.5


@dataclass(frozen=True)
class Track:
    """One deciding criterion of one claim on one place, run by run; None where a run does not have it."""

    place: str
    name: str
    points: tuple[Criterion | None, ...]

    @property
    def measured(self) -> list[Criterion]:
        """The points that there are."""
        return [point for point in self.points if point is not None]


@dataclass(frozen=True)
class History:
    """One claim through the runs: ``verdicts`` a place, and ``changes`` as (number of the run, what changed).

    An untrained control has numbers, but no verdicts.
    """

    record: Record
    verdicts: dict[str, tuple[Verdict | None, ...]]
    tracks: tuple[Track, ...]
    changes: tuple[tuple[int, str], ...]


def histories(runs: Sequence[Run]) -> list[History]:
    """Return the history of every claim of any run, in order of group and number; texts are those of the latest run."""
    latest: dict[str, Record] = {}
    for run in runs:
        latest.update({record.claim: record for record in run.board.claims})
    ordered = sorted(latest.values(), key=lambda r: (r.group, r.number, r.claim))
    return [_history(record, runs) for record in ordered]


def drifting(history: History) -> Iterator[tuple[Track, Criterion, Criterion]]:
    """Yield (track, first, last) where an interval that was clear of its threshold at first came near it.

    Near is one that has no margin left (see `clear`), or is nearer than `NEAR` and than `SHRUNK` of where it was. An
    untrained control has no verdict that could flip.
    """
    for track in history.tracks:
        if track.place in history.verdicts and len(track.measured) > 1 and track.points[-1] is not None:
            first, last = track.measured[0], track.measured[-1]
            before, now = gap(first), gap(last)
            shrunk = before is not None and now is not None and now < min(SHRUNK * before, NEAR)
            if clear(first) and (shrunk or not clear(last)):
                yield track, first, last


def changed(found: Sequence[History]) -> Iterator[tuple[str, str, tuple[Verdict | None, ...]]]:
    """Yield (claim, place, verdicts) where the runs that have a verdict differ in it, or the latest has none."""
    for history in found:
        for place, verdicts in history.verdicts.items():
            if len(set(verdicts) - {None}) > 1 or verdicts[-1] is None:
                yield history.record.claim, place, verdicts


def _history(record: Record, runs: Sequence[Run]) -> History:
    cells = [dict(run.board.of_claim(record.claim)) for run in runs]
    places = list(dict.fromkeys(place for found in reversed(cells) for place in found))
    primaries = {place: [found[place].primary if place in found else None for found in cells] for place in places}
    verdicts = {
        place: tuple(r.verdict if r else None for r in found)
        for place, found in primaries.items()
        if not any(r is not None and is_null(r) for r in found)
    }
    tracks = tuple(track for place, found in primaries.items() for track in _tracks(place, found))
    return History(record, verdicts, tracks, tuple(_changes(primaries, len(runs))))


def _tracks(place: str, records: Sequence[Record | None]) -> list[Track]:
    found = [deciding(record) if record else {} for record in records]
    names = dict.fromkeys(name for criteria in reversed(found) for name in criteria)
    return [Track(place, name, tuple(criteria.get(name) for criteria in found)) for name in names]


def _changes(primaries: dict[str, list[Record | None]], runs: int) -> Iterator[tuple[int, str]]:
    """Yield what differs from the run before that has the claim on the same place; the same change is told once."""
    for number in range(runs):
        told: dict[str, None] = {}
        for records in primaries.values():
            now = records[number]
            was = next((r for r in reversed(records[:number]) if r is not None), None)
            if now is not None and was is not None:
                told |= dict.fromkeys(_between(was, now))
        yield from ((number, sentence) for sentence in told)


def _between(was: Record, now: Record) -> Iterator[str]:
    roles = [MADE_AS not in record.provenance for record in (was, now)]
    if roles[0] != roles[1]:
        yield f"criteria {'got' if roles[1] else 'lost'} roles, and verdicts another rule"
    if was.version != now.version:
        yield f"version was {was.version}, is {now.version}"
    before, after = _bounds(was), _bounds(now)
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, "not there"), after.get(name, "not there")
        if old != new and (name in was.thresholds or name in now.thresholds or "not there" not in (old, new)):
            yield f"threshold {name} was {old}, is {new}"
    yield from (f"{what} changed" for what in ("definition", "equation") if getattr(was, what) != getattr(now, what))
    if was.key[2] != now.key[2]:
        yield f"primary variant was {was.key[2] or 'as stated'}, is {now.key[2] or 'as stated'}"


def _bounds(record: Record) -> dict[str, str]:
    """Return the named thresholds, and those of criteria whose threshold is none of them."""
    named = {name: entry.get("value") for name, entry in record.thresholds.items()}
    criteria = deciding(record).items()
    own = {f"of {name}": f"{c.direction} {c.threshold}" for name, c in criteria if c.threshold not in named.values()}
    return own | {name: str(value) for name, value in named.items()}
