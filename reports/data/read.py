"""Records from outside, checked, so that what renders them need not doubt them."""

from pathlib import Path
from typing import Literal, TypedDict

from claims.core.record import Record, from_json, read_records
from fixtures.messages.checked import checked
from reports.data.places import Kind


class BadInput(Exception):
    """Something about the input; the message is one sentence for the person who gave it."""


class _Place(TypedDict, total=False):
    """What a checkpoint says of its kind."""

    kind: Literal["moe", "dense", "experiment"]


class _Experiment(TypedDict):
    """What an experiment says of its arms, and for every seed of its checkpoints, one an arm."""

    arms: list[str]
    checkpoints: list[list[str]]


def load(path: Path) -> list[Record]:
    """Read the records of a file, or of ``records.jsonl`` in a folder.

    Raises
    ------
    BadInput
        When it cannot be read, is not UTF-8 or JSON lines, holds no record, or a record is not of the schema.
    """
    file = path / "records.jsonl" if path.is_dir() else path
    if file.exists() and not file.is_file():
        raise BadInput(f"{file} is no file")
    try:
        records = read_records(file)
        for number, record in enumerate(records, start=1):
            _check_place(record, f"{file}, record {number}")
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8 text") from error
    except ValueError as error:
        raise BadInput(str(error)) from error
    if not records:
        raise BadInput(f"{file} holds no record")
    return records


def parse(line: str) -> Record:
    """Read one record.

    Raises
    ------
    BadInput
        When it is not a record, or a field of it has the wrong type.
    """
    try:
        record = from_json(line)
        _check_place(record, "a record")
    except ValueError as error:
        raise BadInput(str(error)) from error
    return record


def _check_place(record: Record, where: str) -> None:
    """Check what a checkpoint says of its kind, and an experiment of its arms."""
    facts, where = record.checkpoint, f"{where}: checkpoint"
    checked(facts, _Place, where)
    if facts.get("kind") == Kind.EXPERIMENT and {"arms", "checkpoints"} & facts.keys():
        compared = checked(facts, _Experiment, where)
        if any(len(names) != len(compared["arms"]) for names in compared["checkpoints"]):
            raise ValueError(f"{where}.checkpoints does not name one checkpoint an arm for every seed")
