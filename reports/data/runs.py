"""Read several runs in order of time, each under a label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from claims.core.record import Record
from reports.data.board import Board, board
from reports.data.read import BadInput, load
from reports.text.markdown import plain
from reports.text.vocabulary import plural


@dataclass(frozen=True)
class Run:
    """The records of one run; ``date`` is None where its records carry none."""

    label: str
    date: datetime | None
    records: tuple[Record, ...]

    @cached_property
    def board(self) -> Board:
        """The run's cells."""
        return board(self.records)

    @property
    def commit(self) -> str:
        """The code that measured it; several where the records name several."""
        found = dict.fromkeys(str(r.provenance["commit"]) for r in self.records if r.provenance.get("commit"))
        return ", ".join(found)


def read_runs(paths: Sequence[Path], labels: Sequence[str] = ()) -> list[Run]:
    """Read runs, ordered by the dates that their records carry when all carry one, else as they are given.

    Parameters
    ----------
    paths : records.jsonl files, or report folders
    labels : one a run, or none: then the date, else the name of the file or its folder

    Raises
    ------
    BadInput
        When a file cannot be read, or there are labels, but not one a run.
    """
    if labels and len(labels) != len(paths):
        raise BadInput(f"{plural(len(labels), 'label')} for {plural(len(paths), 'run')}: give one a run, or none")
    runs = []
    for index, path in enumerate(paths):
        records = load(path)
        date = date_of(records)
        said = labels[index] if labels else f"{date:%Y-%m-%d %H:%M}" if date else _name(path)
        runs.append(Run(plain(said, 60) or f"run {index + 1}", date, tuple(records)))
    return _told_apart(sorted(runs, key=lambda r: r.date or _EPOCH) if dated(runs) else runs)


def dated(runs: Sequence[Run]) -> bool:
    """Tell whether every run carries a date."""
    return all(run.date is not None for run in runs)


def date_of(records: Sequence[Record]) -> datetime | None:
    """Return the earliest ``provenance.date`` (ISO 8601; UTC where it names no zone), or None."""
    return min((date for record in records if (date := _date(record.provenance.get("date"))) is not None), default=None)


_EPOCH = datetime.fromtimestamp(0, UTC)


def _date(value: object) -> datetime | None:
    try:
        date = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if date is None else date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _name(path: Path) -> str:
    """Return the name of a run's folder, or of its file when that says more than ``records.jsonl``."""
    whole = path.resolve()
    return whole.name if whole.is_dir() else whole.parent.name if whole.stem == "records" else whole.stem


def _told_apart(runs: Sequence[Run]) -> list[Run]:
    """Number the labels that would be alike."""
    labels = [run.label for run in runs]
    return [
        replace(run, label=f"{run.label} ({labels[: i + 1].count(run.label)})") if labels.count(run.label) > 1 else run
        for i, run in enumerate(runs)
    ]
