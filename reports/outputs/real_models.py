"""Write the page of real models: what routing that was captured elsewhere says, claim by claim, and how it was made.

    python -m reports.outputs.real_models docs/real-models/records.jsonl docs/real-models.md

keeps, of a run with ``--routing``, the records of claims that could be asked, writes the page, and draws its pictures
beside the records.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claims.core.record import Criterion, Record, read_records, write_records
from claims.core.verdict import Role, Verdict
from fixtures.files.whole_files import write_whole
from reports.data.board import Board, Cell, board
from reports.data.places import ROUTING_ALONE, needs_more, standing
from reports.figures.claim_figures import pictures
from reports.pages.criteria import because, headline
from reports.text.markdown import Markdown, plain, table
from reports.text.numbers import interval, number
from reports.text.short_names import heads
from reports.text.templates import fill
from reports.text.vocabulary import listed

#: The claim whose reported numbers the page opens with, the model that they are told of, and their names.
LEAD, MODEL = "standing-committee", "gpt-oss-20b"
SHARED = "Jaccard of the most-used experts of two sequences"
CHANCE = "the same of sets of the same sizes, experts renamed"


def real_models_page(records: list[Record], folder: Path) -> str:
    """Return the page of the records of routing alone, and draw its pictures into ``folder/figures``.

    Raises
    ------
    ValueError
        When there are none, or none holds the numbers that the page opens with.
    """
    run = _routed(records)
    asked = _asked(run)
    return fill(
        "real_models.md.j2",
        lead=lead(records),
        captures=[_capture(run, name) for name in run.places],
        matrix=_matrix(run, [record.claim for record in asked]),
        claims=[_claim(run, record, folder) for record in asked],
        differs=_differs(run),
    )


def short_matrix(records: list[Record]) -> Markdown:
    """Return the page's matrix with the claims in words."""
    run = _routed(records)
    return _matrix(run, [record.title for record in _asked(run)])


def _routed(records: list[Record]) -> Board:
    run = board(record for record in records if record.checkpoint.get("evidence") == ROUTING_ALONE)
    if not run.cells:
        raise ValueError("the records hold nothing of routing that was captured elsewhere")
    return run


def _asked(run: Board) -> list[Record]:
    return [r for r in run.claims if not all(needs_more(cell.primary) for _, cell in run.of_claim(r.claim))]


def _matrix(run: Board, called: Sequence[str]) -> Markdown:
    """Return a row for each claim that was asked, under the name that it is called by."""
    short = heads(run.places)
    rows = [
        [name, *(_entry(run.cells.get((record.claim, place))) for place in run.places)]
        for name, record in zip(called, _asked(run), strict=True)
    ]
    return table(["claim", *(short[place] for place in run.places)], rows)


def kept(records: list[Record]) -> list[Record]:
    """Return the records that the page is made from: those of routing alone that could be asked."""
    routed = [record for record in records if record.checkpoint.get("evidence") == ROUTING_ALONE]
    told = {record.claim for record in routed if not needs_more(record)}
    return [record for record in routed if record.claim in told]


def lead(records: list[Record]) -> dict[str, Any]:
    """Return what two answers share on the leading model, and what chance gives.

    Raises
    ------
    ValueError
        When no record holds them.
    """
    for record in records:
        if record.claim == LEAD and record.primary and MODEL in str(record.checkpoint.get("name")):
            found = {c.name: c for c in record.criteria}
            if SHARED in found and CHANCE in found:
                shared, chance = found[SHARED], found[CHANCE]
                return {
                    "model": plain(record.checkpoint["name"]),
                    "shared": _percent(shared),
                    "chance": f"{chance.value:.0%}",
                    "sequences": shared.n,
                }
    raise ValueError(f"the records hold no {LEAD} of {MODEL} with what two sequences share")


def _percent(criterion: Criterion) -> str:
    return f"{criterion.value:.0%} [{criterion.low:.0%}, {criterion.high:.0%}]"


def _capture(run: Board, name: str) -> list[str]:
    """Return a row of what one capture holds and where it comes from."""
    record = next(cell.primary for _, cell in run.of_place(name))
    told = next((cell.primary for _, cell in run.of_place(name) if cell.primary.provenance.get("routing")), record)
    facts, routing = record.checkpoint, told.provenance.get("routing", {})
    population: dict[str, Any] = told.provenance.get("population", {})
    layers, experts, chosen = (plain(str(facts.get(key, ""))) for key in ("moe_layers", "experts", "top_k"))
    return [
        plain(name),
        f"{layers} layers, {chosen} of {experts} experts",
        f"{population.get('sequences', 0):,} {_what(population)}, {population.get('tokens', 0):,} tokens",
        listed([plain(corpus) for corpus in population.get("corpora", [])], 6),
        plain(f"{routing.get('address', '')} at {str(routing.get('commit', ''))[:12]}, {routing.get('licence', '')}"),
    ]


def _what(population: dict[str, Any]) -> str:
    return "corpora, counted as wholes" if population.get("holds") == "counts" else "sequences"


def _differs(run: Board) -> list[tuple[str, list[str]]]:
    """Return for each capture how it differs from what the papers measured."""
    found: dict[str, list[str]] = {}
    for _, name, cell in run.in_order():
        for sentence in cell.primary.provenance.get("routing", {}).get("differs", []):
            if sentence not in found.setdefault(plain(name), []):
                found[plain(name)].append(plain(sentence, 1000))
    return list(found.items())


def _entry(cell: Cell | None) -> str:
    """Return verdict and headline with its interval, or that it could not be asked."""
    if cell is None or needs_more(cell.primary):
        return "–"
    return f"{standing(cell.primary)} {headline(cell.primary)}".rstrip()


def _claim(run: Board, record: Record, folder: Path) -> dict[str, Any]:
    """Return what a claim says, and of each capture its numbers, its null, and why it could not be asked."""
    cells = run.of_claim(record.claim)
    rows = [
        [plain(name), standing(cell.primary), because(cell.primary), _nulls(cell.primary)]
        for name, cell in cells
        if not needs_more(cell.primary)
    ]
    unasked = [(plain(name), plain(cell.primary.reason, 400)) for name, cell in cells if needs_more(cell.primary)]
    return {
        "id": record.claim,
        "title": record.title,
        "source": record.source,
        "null_says": record.null_says,
        "paper": record.paper,
        "table": table(["capture", "verdict", "what decides it", "null and controls"], rows),
        "pictures": [picture for picture in pictures(run, record, folder) if not picture.trouble],
        "unasked": unasked,
        "notes": [
            (plain(name), plain(note, 1000))
            for name, cell in cells
            if cell.verdict != Verdict.NOT_APPLICABLE
            for note in cell.primary.notes
        ],
    }


def _nulls(record: Record) -> str:
    beside = [c for c in record.criteria if c.role in (Role.EXCESS, Role.CONTROL)]
    return "; ".join(f"{plain(c.name)} {interval(c) if c.low != c.high else number(c.value)}" for c in beside)


def main(arguments: list[str]) -> None:
    """Write the page, and keep the records that it is made from in the place of those that were given."""
    records, page = map(Path, arguments)
    found = kept(read_records(records))
    write_whole(page, real_models_page(found, records.parent))
    write_records(records, found)


if __name__ == "__main__":
    main(sys.argv[1:])
