"""Tell the history of many runs, on its own page and the HTML page: what drifts first, then every claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claims.core.record import Record
from claims.core.verdict import Verdict
from fixtures.files.whole_files import write_whole
from reports.data.history import History, changed, drifting, histories
from reports.data.places import place_name
from reports.data.runs import Run, dated
from reports.figures.style import SUFFIX
from reports.figures.timeline import timeline
from reports.outputs.compare import compare
from reports.text.numbers import claimed, interval
from reports.text.slugs import slug
from reports.text.templates import fill
from reports.text.vocabulary import CONTROL, SYMBOL

#: The latest runs whose numbers the table has; the picture has all.
LATEST = 4
#: Verdicts shown as symbols, one a run.
VERDICTS = 30
ABSENT = "·"
Rows = list[list[str]]


@dataclass(frozen=True)
class Past:
    """One claim through the runs; ``file`` is its picture, "" where there was nothing to draw."""

    record: Record
    changes: list[str]
    verdicts: Rows
    numbers: Rows
    file: str


@dataclass(frozen=True)
class Through:
    """All claims through the runs; ``latest`` are the labels of the runs whose numbers are shown."""

    dated: bool
    runs: Rows
    changed: Rows
    drift: Rows
    latest: list[str]
    claims: list[Past]


def write_history(runs: Sequence[Run], folder: Path) -> Path:
    """Write ``history.md`` and a picture a claim (``history/*.webp``); the page last, so that its links lead somewhere.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    text = fill("history.md.j2", history=through(runs, folder), verdicts=list(Verdict), absent=ABSENT)
    write_whole(folder / "history.md", text)
    return folder / "history.md"


def short(runs: Sequence[Run]) -> str:
    """Return in a sentence what changed from the run before the latest to the latest."""
    if len(runs) < 2:
        return "One run: there is nothing to compare it with."
    return compare(runs[-2].records, runs[-1].records).short


def through(runs: Sequence[Run], folder: Path, suffix: str = SUFFIX) -> Through:
    """Return what is said of the runs, with the pictures drawn into ``folder``; their names end in ``suffix``."""
    found = histories(runs)
    return Through(
        dated=dated(runs),
        runs=[
            [
                r.label,
                r.commit or ABSENT,
                f"{len(r.board.claims):,}",
                f"{sum(c.counted for c in r.board.cells.values()):,}",
            ]
            for r in runs
        ],
        changed=[[claim, place_name(name), _symbols(verdicts)] for claim, name, verdicts in changed(found)],
        drift=[
            [h.record.claim, place_name(t.place), t.name, claimed(now), interval(first), interval(now)]
            for h in found
            for t, first, now in drifting(h)
        ],
        latest=[run.label for run in runs[-LATEST:]],
        claims=[_past(history, [run.label for run in runs], folder, suffix) for history in found],
    )


def _past(history: History, labels: Sequence[str], folder: Path, suffix: str) -> Past:
    file = f"history/{slug(history.record.claim)}{suffix}"
    return Past(
        record=history.record,
        changes=[f"From {labels[n]} on: {says}." for n, says in history.changes],
        verdicts=[[place_name(place), _symbols(verdicts)] for place, verdicts in history.verdicts.items()],
        numbers=[
            [
                place_name(track.place) + ("" if track.place in history.verdicts else f" ({CONTROL})"),
                track.name,
                claimed(track.measured[-1]),
                *(interval(point) if point else ABSENT for point in track.points[-LATEST:]),
            ]
            for track in history.tracks
        ],
        file=file if timeline(folder / file, history, labels) else "",
    )


def _symbols(verdicts: Sequence[Verdict | None]) -> str:
    """Return the verdicts of the latest runs, one symbol a run."""
    return "".join(SYMBOL[verdict] if verdict else ABSENT for verdict in verdicts[-VERDICTS:])
