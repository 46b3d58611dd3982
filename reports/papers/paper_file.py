"""Facts about papers, read from ``reports/papers/*.toml`` and checked on reading."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.data.read import BadInput
from reports.papers.paper import Entry, Page, Paper, Reading, Side, Status
from reports.text.vocabulary import ranges

FOLDER = Path(__file__).parent
#: What every file says of its paper.
FIXED = ("label", "title", "authors", "source", "note")


def pages(folder: Path = FOLDER) -> list[Page]:
    """Return a page for every paper that there is a file of, or for several that share one, in order of file names.

    Raises
    ------
    BadInput
        When a file is not as it should be, or wants the page of a paper that there is no file of.
    """
    papers = [load_paper(path) for path in sorted(folder.glob("*.toml"))]
    owners = {paper.label: paper for paper in papers if paper.page == paper.label}
    for paper in papers:
        if paper.page not in owners:
            raise BadInput(f"{paper.label} is to be told on the page of {paper.page}, which has no page of its own")
    return [
        Page((owner, *(paper for paper in papers if paper.page == label and paper is not owner)))
        for label, owner in owners.items()
    ]


def load_paper(path: Path) -> Paper:
    """Read one file.

    Raises
    ------
    BadInput
        With the file's name: when it cannot be read, lacks something, has something unknown or of the wrong
        type, or does not have every figure's number exactly once.
    """
    try:
        return _paper(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise BadInput(f"{path.name}: {error}") from error


def _paper(data: dict[str, Any]) -> Paper:
    _known(data, {*FIXED, "page", "figures", "models", "figure", "statement", "reading"})
    sizes = _sizes(data.get("models", {}))
    figures = [_entry(table, sizes, _numbers(table)) for table in _tables(data, "figure")]
    _every_number(_integer(data, "figures"), _tables(data, "figure"))
    statements = [_entry(table, sizes, None) for table in _tables(data, "statement")]
    readings = {_text(table, "claim"): _reading(table) for table in _tables(data, "reading")}
    fixed = {key: _text(data, key) for key in FIXED}
    page = _text(data, "page", fixed["label"])
    return Paper(
        **fixed, page=page, sizes=sizes, figures=tuple(figures), statements=tuple(statements), readings=readings
    )


def _entry(table: dict[str, Any], sizes: Mapping[str, float], numbers: list[int] | None) -> Entry:
    own = {"numbers"} if numbers else {"name"}
    _known(table, own | {*Status, "title", "models", "data", "scale", "unclaimed", "claims"})
    name = _name(numbers) if numbers else _text(table, "name")
    shows = {status: _text(table, status) for status in Status if status in table}
    if not shows:
        raise ValueError(f"{name} says nothing under {', '.join(Status)}")
    models = _texts(table, "models")
    unknown = [model for model in models if model not in sizes]
    if unknown:
        raise ValueError(f"{name} names the model {unknown[0]}, whose size is not under [models]")
    labels = frozenset(f"Fig. {number}" for number in numbers) if numbers else frozenset({name})
    optional = {key: _text(table, key, "") for key in ("data", "scale", "unclaimed")}
    title, claims = _text(table, "title"), frozenset(_texts(table, "claims"))
    return Entry(name, labels, title, shows, models, claims=claims, **optional)


def _reading(table: dict[str, Any]) -> Reading:
    _known(table, {"claim", "side", "says"})
    side = _text(table, "side")
    if side not in tuple(Side):
        raise ValueError(f"the side of {_text(table, 'claim')} is {side!r}, which is none of {', '.join(Side)}")
    return Reading(Side(side), _text(table, "says"))


def _every_number(figures: int, tables: list[dict[str, Any]]) -> None:
    found = [number for table in tables for number in _numbers(table)]
    for number in range(1, figures + 1):
        if found.count(number) != 1:
            raise ValueError(f"figure {number} is in {found.count(number) or 'no'} entries, not in one")
    beyond = [number for number in found if not 1 <= number <= figures]
    if beyond:
        raise ValueError(f"figure {beyond[0]} is not one of 1 to {figures}")


def _numbers(table: dict[str, Any]) -> list[int]:
    numbers = table.get("numbers")
    if not isinstance(numbers, list) or not numbers or not all(type(number) is int for number in numbers):
        raise ValueError(f"an entry of a figure has no list of numbers: {table.get('title', 'untitled')}")
    return numbers


def _name(numbers: list[int]) -> str:
    """Return ``Figure 5``, ``Figures 3 and 23``, ``Figures 10 and 26 to 29``."""
    return f"Figure{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"


def _sizes(table: object) -> dict[str, float]:
    if not isinstance(table, dict) or not all(type(size) in (int, float) and size > 0 for size in table.values()):
        raise ValueError("[models] does not give every model a number of billions")
    return {str(name): float(size) for name, size in table.items()}


def _known(table: Mapping[str, Any], keys: set[str]) -> None:
    unknown = sorted(table.keys() - keys)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is unknown here; known are {', '.join(sorted(keys))}")


def _tables(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{key} is not a list of tables")
    return tables


def _integer(table: Mapping[str, Any], key: str) -> int:
    value = table.get(key, 0)
    if type(value) is not int or value < 0:
        raise ValueError(f"{key} is not a whole number")
    return value


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise ValueError(f"{key} is missing or not text in {table.get('title', table.get('claim', 'the file'))!r}")
    return value


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} is not a list of texts in {table.get('title', 'the file')!r}")
    return tuple(values)
