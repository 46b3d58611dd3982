"""Where the numbers come from: checkpoints, experiments, populations, and the facts of the run."""

from collections.abc import Mapping, Sequence
from typing import Any

from claims.core.migration import MADE_AS
from claims.core.record import Record
from reports.data.board import Board
from reports.data.places import NOUN, Kind, compared, place_name, repeats
from reports.text.markdown import plain
from reports.text.numbers import ABSENT
from reports.text.vocabulary import CONTROL, listed

Table = tuple[list[str], list[list[str]]]
#: Facts of a checkpoint, in the order of their columns.
FACTS = ("architecture", "parameters", "layers", "experts", "top_k", "revision")
#: Facts of a population, in the order of their columns; the digest covers every token.
POPULATION = ("name", "sequences", "tokens", "length", "made", "digest")
#: Facts of a run whose names do not say what they are.
MEANS = {
    "flip_rate": "share of choices that fall otherwise when the text is read in batches of another size",
    "experts_implementation": "how transformers computed the experts",
    MADE_AS: "schema of the record when it was made; before schema 2, criteria had no roles",
}


def provenance(board: Board) -> list[Table]:
    """Return (columns, rows) of the checkpoints, the experiments, the populations and the facts of the run."""
    records = [record for _, _, cell in board.in_order() for record in cell.records]
    return [_checkpoints(board), _experiments(board), _populations(records), _run(records)]


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


def _checkpoints(board: Board) -> Table:
    rows = []
    for kind in (Kind.MOE, Kind.DENSE):
        for name in board.names(kind):
            facts: dict[str, Any] = {}
            for _, cell in board.of_place(name):
                facts = {**cell.primary.checkpoint, **facts}
            aside = [*([NOUN[kind]] if kind == Kind.DENSE else []), *([CONTROL] if name in board.controls else [])]
            place = " ".join([plain(name, 80), *([f"({', '.join(aside)})"] if aside else [])])
            rows.append([place, *(_printable(facts.get(fact), fact) for fact in FACTS)])
    return ["checkpoint", *(fact.replace("_", "-") for fact in FACTS)], rows


def _experiments(board: Board) -> Table:
    """One row a checkpoint of an experiment's seed: who was compared with whom."""
    first = {name: cell.primary for _, name, cell in reversed(board.in_order())}
    rows = [
        [plain(name, 80), compared(first[name]), " / ".join(map(plain, names))]
        for name in board.names(Kind.EXPERIMENT)
        for names in repeats(first[name])
    ]
    return ["experiment", "what differs", "checkpoints"], rows


def _populations(records: Sequence[Record]) -> Table:
    """One row a population: what was read, how it was made, by whom."""
    readers: dict[tuple[str, ...], dict[str, None]] = {}
    for record in records:
        population = record.provenance.get("population")
        if isinstance(population, Mapping) and population:
            row = tuple(_printable(population.get(fact), fact) for fact in POPULATION)
            readers.setdefault(row, {})[record.key[0]] = None
    everyone = {name for names in readers.values() for name in names}
    rows = [
        [
            *(plain(cell, 240) for cell in row[:-1]),
            row[-1][:16],
            "all" if names.keys() == everyone else listed([place_name(name, 80) for name in names]),
        ]
        for row, names in readers.items()
    ]
    return ["population", *POPULATION[1:-1], "SHA-256", "read by"], rows


def _run(records: Sequence[Record]) -> Table:
    """One row a fact; where records differ, one row a value, with the checkpoints that it belongs to."""
    places: dict[str, dict[str, dict[str, None]]] = {}
    when = _when(records)
    for record in records:
        told = {key: value for key, value in record.provenance.items() if key != "population" or not value}
        told |= when if "date" in told else {}
        for key, value in flat(told).items():
            places.setdefault(key, {}).setdefault(value, {})[record.key[0]] = None
    rows = [
        [
            f"{key} ({MEANS[key]})" if key in MEANS else key,
            plain(value, 120),
            "all" if len(values) == 1 else _where(names, values),
        ]
        for key, values in places.items()
        for value, names in values.items()
    ]
    return ["provenance", "value", "where"], rows


def _when(records: Sequence[Record]) -> dict[str, str]:
    """Return the date of all records, the first and the last where the processes of a run began one after another."""
    dates = sorted({str(record.provenance["date"]) for record in records if "date" in record.provenance})
    return {"date": " to ".join(dict.fromkeys([dates[0], dates[-1]]))} if dates else {}


def _where(names: Mapping[str, None], values: Mapping[str, Mapping[str, None]]) -> str:
    """Name the checkpoints that have a value; some of their claims, when they have other values too."""
    shared = {name for name in names if sum(name in others for others in values.values()) > 1}
    return listed([place_name(name, 80) + (" (some claims)" if name in shared else "") for name in names])


def _printable(value: object, key: str = "") -> str:
    if value is None or value == {} or value == []:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and key != "seed":
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(_printable(item) for item in value)
    return str(value)
