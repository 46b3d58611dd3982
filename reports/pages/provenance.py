"""Where the numbers come from: each checkpoint and experiment, what was the same for the whole run, what was not."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from claims.core.record import Record
from reports.data.board import Board
from reports.data.places import NOUN, Kind, arms, place_title, repeats
from reports.text.markdown import escape, table
from reports.text.vocabulary import listed

#: Facts of a checkpoint, in the order of their columns.
FACTS = ("architecture", "parameters", "layers", "experts", "top_k", "revision")
#: Facts of a population, in the order of their columns; the digest covers every token.
POPULATION = ("name", "sequences", "tokens", "length", "made", "digest")
#: Facts of a run whose names do not say what they are.
MEANS = {
    "flip_rate": "share of choices that fall otherwise when the text is read in batches of another size",
    "experts_implementation": "how transformers computed the experts",
}


def provenance(board: Board) -> str:
    """Return the tables of provenance as Markdown."""
    records = [record for _, _, cell in board.in_order() for record in cell.records]
    parts = (_checkpoints(board), _experiments(board), _populations(records), _run(records))
    return "\n\n".join(part for part in parts if part)


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested provenance as ``population.digest``-like keys with printable values.

    Examples
    --------
    >>> flat({"population": {"digest": "ab", "tokens": 12000}, "commit": "1f"})
    {'population.digest': 'ab', 'population.tokens': '12,000', 'commit': '1f'}
    """
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = _printable(value, key)
    return found


def named(key: str) -> str:
    """Return the name of a fact, with what it means where the name does not say it."""
    return f"{key} ({MEANS[key]})" if key in MEANS else key


def _checkpoints(board: Board) -> str:
    rows = []
    for kind in (Kind.MOE, Kind.DENSE):
        for name in board.names(kind):
            facts = _facts(board, name)
            place = escape(name, 80) + (f" ({NOUN[kind]})" if kind == Kind.DENSE else "")
            rows.append([place, *(escape(_printable(facts.get(fact), fact)) for fact in FACTS)])
    if not rows:
        return ""
    return table(pd.DataFrame(rows, columns=["checkpoint", *(f.replace("_", "-") for f in FACTS)]))


def _facts(board: Board, name: str) -> dict[str, Any]:
    """Return what any record of a checkpoint says of it; the first claim's wins."""
    facts: dict[str, Any] = {}
    for record in board.claims:
        if (record.claim, name) in board.cells:
            facts = {**board.cells[record.claim, name].primary.checkpoint, **facts}
    return facts


def _experiments(board: Board) -> str:
    """One row a checkpoint of an experiment's seed: who was compared with whom."""
    first = {name: cell.primary for _, name, cell in reversed(board.of_kind(Kind.EXPERIMENT))}
    rows = [
        [escape(name, 80), " / ".join(escape(arm, 60) for arm in arms(first[name])), " / ".join(map(escape, names))]
        for name in board.names(Kind.EXPERIMENT)
        for names in repeats(first[name])
    ]
    return table(pd.DataFrame(rows, columns=["experiment", "what differs", "checkpoints"])) if rows else ""


def _populations(records: Sequence[Record]) -> str:
    """One row a population: what was read, how it was made, by whom."""
    readers: dict[tuple[str, ...], list[str]] = {}
    for record in records:
        population = record.provenance.get("population")
        if isinstance(population, Mapping) and population:
            row = tuple(_printable(population.get(fact), fact) for fact in POPULATION)
            names = readers.setdefault(row, [])
            if record.key[0] not in names:
                names.append(record.key[0])
    everyone = {name for names in readers.values() for name in names}
    rows = [
        [*(escape(cell, 240) for cell in row[:-1]), escape(row[-1][:16]), _readers(names, everyone)]
        for row, names in readers.items()
    ]
    columns = ["population", *POPULATION[1:-1], "SHA-256", "read by"]
    return table(pd.DataFrame(rows, columns=columns)) if rows else ""


def _readers(names: Sequence[str], everyone: set[str]) -> str:
    return "all" if set(names) == everyone else listed([place_title(name, 80) for name in names])


def _run(records: Sequence[Record]) -> str:
    """One row a fact; where records differ, one row a value, with the checkpoints that it belongs to."""
    places: dict[str, dict[str, list[str]]] = {}
    when = _when(records)
    for record in records:
        told = {key: value for key, value in record.provenance.items() if key != "population" or not value}
        told |= when if "date" in told else {}
        for key, value in flat(told).items():
            names = places.setdefault(key, {}).setdefault(value, [])
            if record.key[0] not in names:
                names.append(record.key[0])
    rows = [
        [escape(named(key)), escape(value, 120), "all" if len(values) == 1 else _where(names, values)]
        for key, values in places.items()
        for value, names in values.items()
    ]
    return table(pd.DataFrame(rows, columns=["provenance", "value", "where"])) if rows else ""


def _when(records: Sequence[Record]) -> dict[str, str]:
    """Return the date of all records, the first and the last where the processes of a run began one after another."""
    dates = sorted({str(record.provenance["date"]) for record in records if "date" in record.provenance})
    return {"date": " to ".join(dict.fromkeys([dates[0], dates[-1]]))} if dates else {}


def _where(names: list[str], values: dict[str, list[str]]) -> str:
    """Name the checkpoints that have a value; some of their claims, when they have other values too."""
    shared = {name for name in names if sum(name in others for others in values.values()) > 1}
    places = [(place_title(n, 80), n in shared) for n in names]
    return listed([f"{place} (some claims)" if some else place for place, some in places])


def _printable(value: object, key: str = "") -> str:
    if value is None or value == {} or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and key != "seed":
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(_printable(item) for item in value)
    return str(value)
