"""A checkpoint's numbers as a model hub's metadata says them: written to files, never sent anywhere.

Two forms, as the documentation of the Hugging Face hub has them (``docs/hub/model-cards``, "model-index", and
``docs/hub/eval-results``): ``model-index`` for the front matter of a model card, and ``.eval_results/*.yaml``, each
entry of which names a dataset that the hub knows as a benchmark, with the claim as its task. Both carry every headline
under its name, and no verdict.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from claims.core.record import Criterion, Record
from claims.core.verdict import Role
from reports.data.board import Board
from reports.data.read import BadInput
from reports.pages.card import asked_of, card
from reports.text.markdown import plain
from reports.text.numbers import count
from reports.text.slugs import slug

#: The task that the models of these claims do, in the hub's own words.
TASK = {"type": "text-generation", "name": "Text generation"}


def model_index(board: Board, name: str) -> str:
    """Return the ``model-index`` of a checkpoint as YAML: a metric a headline, by the text it was read on.

    Raises
    ------
    BadInput
        As `reports.pages.card.card`, and where no claim gave a number.
    """
    results: dict[str, dict[str, Any]] = {}
    for record, headline in _headlines(board, name):
        population = record.provenance.get("population") or {}
        read, digest = str(population.get("name") or "unnamed text"), str(population.get("digest") or "")
        entry = results.setdefault(
            f"{read} {digest}",
            {"task": TASK, "dataset": {"type": plain(read, 80), "name": plain(read, 80)}, "metrics": []},
        )
        if digest:
            entry["dataset"]["revision"] = digest
        entry["metrics"].append(
            {"type": record.claim, "name": plain(headline.name), "value": headline.value, "args": _args(headline)}
        )
    return _yaml({"model-index": [{"name": plain(name, 120), "results": list(results.values())}]})


def eval_results(board: Board, name: str, benchmark: str) -> str:
    """Return the entries of an ``.eval_results`` file as YAML: a claim is a task of the dataset ``benchmark``.

    A claim's first headline is the task of the claim's name; each further one has its own, ``CLAIM-HEADLINE``.

    Raises
    ------
    BadInput
        As `reports.pages.card.card`, and where no claim gave a number.
    """
    entries: dict[str, dict[str, Any]] = {}
    for record, headline in _headlines(board, name):
        task = record.claim if record.claim not in entries else f"{record.claim}-{slug(plain(headline.name))}"
        entries[task] = _entry(record, headline, {"id": benchmark, "task_id": task})
    return _yaml(list(entries.values()))


def _entry(record: Record, headline: Criterion, dataset: dict[str, str]) -> dict[str, Any]:
    said = {"dataset": dataset, "value": headline.value}
    dated = {"date": str(record.provenance["date"])} if record.provenance.get("date") else {}
    ends = "" if headline.low == headline.high else f", 95 % interval {headline.low} to {headline.high}"
    return said | dated | {"notes": f"{plain(headline.name)}{ends}, over {count(headline.n, headline.unit)}"}


def _headlines(board: Board, name: str) -> Sequence[tuple[Record, Criterion]]:
    """Return every headline that is a number, claim by claim; what is held against two thresholds is one."""
    card(board, name)  # refuses what has no verdicts
    records = [cell.primary for cell in asked_of([cell for _, cell in board.of_place(name)])]
    found = [(record, headline) for record in records for headline in _distinct(record)]
    if not found:
        raise BadInput(f"no claim gave a number on {plain(name, 80)}: there is nothing to say to a hub")
    return found


def _distinct(record: Record) -> list[Criterion]:
    found: dict[str, Criterion] = {}
    for one in record.criteria:
        if one.role is Role.HEADLINE and one.value is not None:
            found.setdefault(one.name, one)
    return list(found.values())


def _args(headline: Criterion) -> dict[str, Any]:
    return {"low": headline.low, "high": headline.high, "n": headline.n, "unit": headline.unit}


def _yaml(said: object) -> str:
    return msgspec.yaml.encode(said).decode()
