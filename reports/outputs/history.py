"""The history of many runs as Markdown and pictures: what drifts first, then every claim."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from claims.core.record import Criterion
from claims.core.verdict import Verdict
from reports.data.history import History, changed, drifting, histories
from reports.data.places import place_title
from reports.data.runs import Run, dated
from reports.figures.timeline import timeline
from reports.text.files import write_whole
from reports.text.links import address
from reports.text.markdown import bullets, escape, table
from reports.text.numbers import claimed, interval
from reports.text.slugs import slug
from reports.text.vocabulary import SYMBOL, plural

#: The latest runs whose numbers the table has; the picture has all.
LATEST = 4
#: Verdicts shown as symbols, one a run.
VERDICTS = 30
ABSENT = "·"
ORDERED = "in the order of the dates that their records carry"
UNMOVED = "No interval that was clear of its threshold has come near it"
CHANGED = "Verdicts that changed, or are gone"
DRIFT = "Intervals that came near their thresholds"
GIVEN = "in the order in which they were given, since not every one carries a date"


def write_history(runs: Sequence[Run], folder: Path) -> Path:
    """Write ``history.md`` and a picture a claim (``history/*.png``); the page last, so that its links lead somewhere.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    found = histories(runs)
    drawn = {h.record.claim: draw(h, runs, folder) for h in found}
    parts = [f"# {title(runs)}", order(runs), _runs(runs), *_changed(found), *_drift(found)]
    parts += [part for history in found for part in _claim(history, runs, drawn[history.record.claim])]
    parts.append(_signs())
    write_whole(folder / "history.md", "\n\n".join(part for part in parts if part) + "\n")
    return folder / "history.md"


def title(runs: Sequence[Run]) -> str:
    """Return what the history is of."""
    return f"Claims through {plural(len(runs), 'run')}"


def order(runs: Sequence[Run]) -> str:
    """Return how the runs are ordered."""
    return f"The runs are {ORDERED if dated(runs) else GIVEN}."


def draw(history: History, runs: Sequence[Run], folder: Path) -> str:
    """Draw a claim's picture and return its file from ``folder``; "" where there was nothing to draw."""
    file = f"history/{slug(history.record.claim)}.png"
    return file if timeline(folder / file, history, [run.label for run in runs]) else ""


def symbols(verdicts: Sequence[Verdict | None]) -> str:
    """Return the verdicts of the latest runs, one symbol a run."""
    return "".join(SYMBOL[verdict] if verdict else ABSENT for verdict in verdicts[-VERDICTS:])


def point(criterion: Criterion | None) -> str:
    """Return a number as a cell of a table."""
    return ABSENT if criterion is None else interval(criterion)


def _runs(runs: Sequence[Run]) -> str:
    rows = [
        [escape(run.label), escape(run.commit) or ABSENT, f"{len(run.board.claims):,}", f"{len(run.board.cells):,}"]
        for run in runs
    ]
    return table(pd.DataFrame(rows, columns=["run", "commit", "claims", "verdicts"]), right=["claims", "verdicts"])


def _changed(found: Sequence[History]) -> list[str]:
    rows = [[escape(claim), place_title(name), symbols(verdicts)] for claim, name, verdicts in changed(found)]
    if not rows:
        return ["No verdict changed."]
    columns = ["claim", "on", "verdicts, the latest last"]
    return [f"## {CHANGED}", table(pd.DataFrame(rows, columns=columns))]


def _drift(found: Sequence[History]) -> list[str]:
    rows = [
        [escape(h.record.claim), place_title(t.place), escape(t.name), claimed(now), interval(first), interval(now)]
        for h in found
        for t, first, now in drifting(h)
    ]
    if not rows:
        return [f"{UNMOVED}."]
    columns = ["claim", "on", "measured", "claimed", "at first", "in the latest run"]
    return [f"## {DRIFT}", table(pd.DataFrame(rows, columns=columns))]


def _claim(history: History, runs: Sequence[Run], file: str) -> list[str]:
    changes = [f"From {escape(runs[n].label)} on: {escape(says)}." for n, says in history.changes]
    return [
        f"## {slug(history.record.claim)}",
        escape(history.record.title) + ".",
        bullets(changes),
        _verdicts(history),
        _numbers(history, runs),
        f"![{escape(history.record.title)}: through the runs]({address(file)})" if file else "",
    ]


def _verdicts(history: History) -> str:
    rows = [[place_title(place), symbols(verdicts)] for place, verdicts in history.verdicts.items()]
    return table(pd.DataFrame(rows, columns=["on", "verdicts, the latest last"]))


def _numbers(history: History, runs: Sequence[Run]) -> str:
    latest = range(max(0, len(runs) - LATEST), len(runs))
    rows = [
        [
            place_title(track.place),
            escape(track.name),
            claimed(track.measured[-1]),
            *(point(track.points[i]) for i in latest),
        ]
        for track in history.tracks
    ]
    columns = ["on", "measured", "claimed", *(escape(runs[i].label) for i in latest)]
    return table(pd.DataFrame(rows, columns=columns)) if rows else ""


def _signs() -> str:
    words = [f"{SYMBOL[verdict]} {verdict}" for verdict in Verdict]
    return f"{', '.join(words)}, {ABSENT} not there. Numbers are of the primary reading: value [95 % interval]."
