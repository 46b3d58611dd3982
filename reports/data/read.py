"""Records from outside, checked field by field, so that what renders them need not doubt them."""

import types
import typing
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from claims.core.record import Record, from_json, read_records
from reports.data.places import RECORDED, Kind

Type = TypeVar("Type")
#: No quantity of a record is larger; a number beyond it is damage, and would overflow what draws it.
LARGEST = 1e100


class BadInput(Exception):
    """Something about the input; the message is one sentence for the person who gave it."""


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
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8 text") from error
    except RecursionError as error:
        raise BadInput(f"{file} is nested too deeply to be records") from error
    except ValueError as error:
        raise BadInput(str(error)) from error
    if not records:
        raise BadInput(f"{file} holds no record")
    for number, record in enumerate(records, start=1):
        _sound(record, f"{file}, record {number}")
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
    except (ValueError, RecursionError) as error:
        raise BadInput(str(error)) from error
    _sound(record, "a record")
    return record


def _sound(record: Record, place: str) -> None:
    try:
        _check(record, Record, "")
        _place(record.checkpoint)
    except ValueError as error:
        raise BadInput(f"{place}: {error}") from error


def _place(checkpoint: dict[str, typing.Any]) -> None:
    """Check what a checkpoint says of its kind, and an experiment of its arms."""
    kind = checkpoint.get("kind", Kind.MOE)
    if kind not in RECORDED:
        raise ValueError(f"checkpoint.kind is {kind!r}, which is none of {', '.join(RECORDED)}")
    if kind == Kind.EXPERIMENT and {"arms", "checkpoints"} & checkpoint.keys():
        _check(checkpoint.get("arms"), list[str], "checkpoint.arms")
        _check(checkpoint.get("checkpoints"), list[list[str]], "checkpoint.checkpoints")
        if any(len(names) != len(checkpoint["arms"]) for names in checkpoint["checkpoints"]):
            raise ValueError("checkpoint.checkpoints does not name one checkpoint an arm for every seed")


@cache
def _hints(cls: type) -> dict[str, object]:
    return typing.get_type_hints(cls)


def _check(value: object, hint: object, where: str) -> None:
    """Compare a value with a type hint of `claims.core.record`; a number may be null, as non-finite ones are."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        if not (value is None and type(None) in arguments):
            _check(value, next(a for a in arguments if a is not type(None)), where)
    elif origin is list:
        for item in _expect(value, list, where):
            _check(item, arguments[0], where)
    elif origin is dict:
        for key, item in _expect(value, dict, where).items():
            _check(key, arguments[0], where)
            _check(item, arguments[1], f"{where}.{key}" if arguments[1] is typing.Any else where)
    elif hint is float:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{where} is not a number")
        _shown(value, where)
    elif hint is typing.Any:
        _shown(value, where)
    elif isinstance(hint, type):
        _expect(value, hint, where)
        if is_dataclass(hint):
            for field in fields(hint):
                name = f"{where}.{field.name}".lstrip(".")
                _check(getattr(value, field.name), _hints(hint)[field.name], name)


def _shown(value: object, where: str) -> None:
    """Refuse what no report can show or write: half a character, a number that is not finite or has no end."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"{where} is not UTF-8 text") from None
    elif isinstance(value, float | int) and not -LARGEST <= value <= LARGEST:
        raise ValueError(f"{where} is not a finite number of usual size")
    elif isinstance(value, dict):
        for key, item in value.items():
            _shown(key, where)
            _shown(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            _shown(item, where)


def _expect(value: object, kind: type[Type], where: str) -> Type:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{where} is not of type {kind.__name__}")
    if isinstance(value, str | int):
        _shown(value, where)
    return value
