"""Where the numbers come from: each checkpoint, what was the same for the whole run, what was not."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from claims.record import Record
from reports.cells import Board
from reports.markdown import escape, table
from reports.words import GENERATED, listed

#: Facts of a checkpoint, in the order of their columns.
FACTS = ("architecture", "parameters", "layers", "experts", "top_k", "revision")


def provenance(board: Board) -> str:
    """Return the tables of provenance as Markdown."""
    records = [record for _, _, cell in board.in_order() for record in cell.records]
    return "\n\n".join(part for part in (_checkpoints(board), _run(records)) if part)


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


def _checkpoints(board: Board) -> str:
    rows = []
    for name in board.checkpoints:
        facts: dict[str, Any] = {}
        for record in board.claims:
            if (record.claim, name) in board.cells:
                facts = {**board.cells[record.claim, name].primary.checkpoint, **facts}
        rows.append([escape(name, 80), *(escape(_printable(facts.get(fact), fact)) for fact in FACTS)])
    if not rows:
        return ""
    return table(pd.DataFrame(rows, columns=["checkpoint", *(f.replace("_", "-") for f in FACTS)]))


def _run(records: Sequence[Record]) -> str:
    """One row a fact; where records differ, one row a value, with the checkpoints that it belongs to."""
    places: dict[str, dict[str, list[str]]] = {}
    for record in records:
        for key, value in flat(record.provenance).items():
            names = places.setdefault(key, {}).setdefault(value, [])
            if record.key[0] not in names:
                names.append(record.key[0])
    rows = [
        [escape(key), escape(value, 120), "all" if len(values) == 1 else _where(names, values)]
        for key, values in places.items()
        for value, names in values.items()
    ]
    return table(pd.DataFrame(rows, columns=["provenance", "value", "where"])) if rows else ""


def _where(names: list[str], values: dict[str, list[str]]) -> str:
    """Name the checkpoints that have a value; some of their claims, when they have other values too."""
    shared = {name for name in names if sum(name in others for others in values.values()) > 1}
    places = [("generated cases" if n == GENERATED else escape(n, 80), n in shared) for n in names]
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
