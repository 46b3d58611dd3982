"""Write what the repository's pages show of its records: the README's tables, and those of two pages.

    python -m reports.outputs.shown .

writes them between the two marks of their pages: real models and controlled pairs into ``README.md``, the sample's
tables, one figure and what the records say of it into ``docs/embedded-checkpoints.md``, pre-trained models into
``docs/real-weights.md``.
"""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from claims.core.record import Record, read_records
from claims.core.verdict import TWIN, Verdict
from fixtures.files.whole_files import write_whole
from reports.data.board import Board, Cell, board
from reports.data.places import Kind, repeats
from reports.outputs.real_models import lead, short_matrix
from reports.pages.criteria import because, headline, telling
from reports.pages.grids import grids
from reports.pages.matrix import entry, mark, tables
from reports.text.markdown import Markdown, plain, table
from reports.text.numbers import number
from reports.text.templates import fill
from reports.text.vocabulary import listed

BEGIN, END = "<!-- records:begin -->\n", "<!-- records:end -->"
#: The claim that the sample's page shows a figure of, and the checkpoint that it is told of.
SHOWN, TOLD_OF = "cross-model-overlap", "olmoe-aux"
#: The claim whose picture of real models the README shows.
PICTURED = "consecutive-experts"
#: The checkpoint of real weights that others are held against, and the small ones that it is.
REAL, SMALL = "smollm2-moe", ("olmoe-aux", "deepseek-sigmoid")
#: What the intervals of pairs on real weights are over, below their table.
SEEDS = {
    "Controlled experiments": "\n\nSeeds are draws of one text that routers were fitted to after the fact, not "
    "trainings from scratch: intervals are over those draws, and do not say by how much trainings would differ."
}
#: What is told of first tokens at every so many layers (`fixtures.zoo.real.first_tokens`).
FIRST_TOKENS, EVERY = ("length", "energy", "energy without"), 4
#: The claims whose verdicts on real weights the README shows.
WEIGHED = (
    "dense-similarity",
    "balance-suppression-controlled",
    "necessity-in-practice",
    "kernel-energy",
    "cross-model-overlap",
    "overlap-below-self",
    "prompt-to-rollout",
)
#: Trainings a side that a claim about training asks for; pairs of fewer are open, and the README leaves them out.
TRAININGS = 5


def readme_block(docs: Path) -> str:
    """Return the README's part between its marks, from the records of real models and of the sample."""
    real, weights, sample = (
        read_records(docs / name / "records.jsonl") for name in ("real-models", "real-weights", "sample")
    )
    return fill(
        "readme.md.j2",
        lead=lead(real),
        real=short_matrix(real),
        picture=next(record.title for record in real if record.claim == PICTURED),
        pictured=Markdown(PICTURED),
        weights=table(["claim", "checkpoint", "verdict", "headline [95 % interval]"], _weighed(board(weights))),
        seeds=TRAININGS,
        pairs=table(["claim", "what differs", "verdict", "headline [95 % interval]"], _pairs(sample)),
    )


def weights_block(docs: Path) -> str:
    """Return the part of the page of real weights between its marks: verdicts, and where small checkpoints differ."""
    run, small = (board(read_records(docs / name / "records.jsonl")) for name in ("real-weights", "sample"))
    shown = [f"### {title}\n\n{text}{SEEDS.get(title, '')}" for title, text in tables(run, Markdown)]
    against = _against(run, small)
    if against:
        head = ["claim", REAL, *SMALL, "what decides it on real weights"]
        left_out = _left_out(run, small)
        shown.append(f"### Where small checkpoints get another verdict\n\n{table(head, against)}{left_out}")
    unasked = [
        [record.claim, plain(cell.primary.reason)]
        for record, cell in _of_real(run)
        if cell.primary.verdict == Verdict.NOT_APPLICABLE
    ]
    if unasked:
        shown.append(f"### What cannot be asked of {REAL}\n\n{table(['claim', 'why'], unasked)}")
    shown.append(f"### First tokens\n\n{_first_tokens(docs / 'real-weights' / 'first-tokens.json')}")
    return "\n\n".join(shown) + "\n"


def _against(run: Board, small: Board) -> list[list[str]]:
    """Return a row for every claim whose verdict on real weights is that of none of the small checkpoints beside it."""
    rows = []
    for record, real in _of_real(run):
        others = _beside(small, record)
        told = {one.primary.verdict for one in others if one}
        if real.theorem or real.primary.verdict in told or _made_by_twin(real, others):
            continue
        rows.append([record.claim, entry(real), *(entry(one) for one in others), because(real.primary)])
    return rows


def _made_by_twin(real: Cell, others: Iterable[Cell | None]) -> bool:
    """Tell whether small checkpoints' verdicts are all their untrained twin's doing, and real weights have none."""
    made = [any(TWIN in criterion.name for criterion in telling(one.primary)) for one in others if one]
    return bool(made) and all(made) and "untrained" not in real.primary.provenance


def _left_out(run: Board, small: Board) -> str:
    """Say which claims are not compared, since an untrained twin made the verdicts of small checkpoints alone."""
    found = [f"`{record.claim}`" for record, real in _of_real(run) if _made_by_twin(real, _beside(small, record))]
    why = "there what their untrained twin gives decides on the small ones, and the real weights were held against none"
    return f"\n\nNot compared: {listed(found, most=30)}; {why}." if found else ""


def _beside(small: Board, record: Record) -> list[Cell | None]:
    """Return what the small checkpoints answered to a claim, None where one was not asked."""
    return [small.cells.get((record.claim, name)) for name in SMALL]


def _of_real(run: Board) -> list[tuple[Record, Cell]]:
    """Return the claims that the checkpoint of real weights was asked, and what it answered."""
    found = ((record, run.cells.get((record.claim, REAL))) for record in run.claims)
    return [(record, cell) for record, cell in found if cell is not None]


def _first_tokens(path: Path) -> str:
    """Return how long first tokens' states are, layer by layer, and how alike states are with them and without."""
    found = json.loads(path.read_text(encoding="utf-8"))
    head = ["layer"]
    for name in found:
        head += [f"{name}: their length, others 1", "energy (Eq. 7)", "energy without them"]
    columns = [one[what] for one in found.values() for what in FIRST_TOKENS]
    rows = [[str(layer), *(number(column[layer]) for column in columns)] for layer in range(0, len(columns[0]), EVERY)]
    trends = ["Spearman of all layers with depth"]
    for one in found.values():
        trends += ["", *map(number, one["trend"].values())]
    return table(head, [*rows, trends])


def sample_block(docs: Path) -> str:
    """Return the part of the embedded checkpoints' page between its marks.

    Raises
    ------
    ValueError
        When the report or the records lack what is shown.
    """
    sample = docs / "sample"
    lines = (sample / "report.md").read_text(encoding="utf-8").splitlines()
    matrix, experiments, trained = (
        _table(lines, heading) for heading in ("claims by checkpoints", "controlled experiments", "synthetic")
    )
    shown = "\n".join((*matrix, *experiments, *trained))
    links = [line.replace(": details/", ": sample/details/") for line in lines if "]: details/" in line]
    told = _told(read_records(sample / "records.jsonl"))
    figure = next(iter(sorted(path.name for path in (sample / "figures").glob(f"{SHOWN}.*"))), "")
    return fill(
        "embedded.md.j2",
        places=matrix[0].count("|") - 2,
        matrix=Markdown("\n".join(matrix)),
        experiments=Markdown("\n".join(experiments)),
        trained=Markdown("\n".join(trained)),
        figure=Markdown(f"sample/figures/{figure}"),
        on=TOLD_OF,
        overlap=told.paper.split(" (")[0],
        authors=told.notes[0].split(";")[0],
        notes=told.notes[1:4],
        links=Markdown("\n".join(line for line in links if line.split(":")[0] in shown)),
    )


#: Pages with a part that is made from records, and what makes it from the folder docs.
BLOCKS: dict[str, Callable[[Path], str]] = {
    "README.md": readme_block,
    "docs/embedded-checkpoints.md": sample_block,
    "docs/real-weights.md": weights_block,
}


def _weighed(run: Board) -> list[list[str]]:
    """Return a row for every claim on real weights that the README shows, and every checkpoint that was asked it."""
    return [
        [record.title, name, mark(cell), headline(cell.primary)]
        for record in run.claims
        for (claim, name), cell in run.cells.items()
        if claim == record.claim and claim in WEIGHED
    ]


def _pairs(records: list[Record]) -> list[list[str]]:
    """Return a row for every claim on pairs with as many trainings a side as a verdict needs."""
    rows = [row for grid in grids(board(records)) if grid.kind == Kind.EXPERIMENT for row in grid.rows]
    return [
        [row.record.title, row.beside[0], mark(cell), headline(cell.primary)]
        for row in rows
        for _, cell in row.cells
        if cell is not None and len(repeats(cell.primary)) >= TRAININGS
    ]


def _table(lines: list[str], heading: str) -> list[str]:
    """Return the first table below the heading that has these words, its rows as they are."""
    headings = [place for place, line in enumerate(lines) if line.startswith("## ") and heading in line.lower()]
    start = next(iter(headings), None)
    if start is None:
        raise ValueError(f"the report has no part {heading!r}")
    first = next(place for place, line in enumerate(lines) if place > start and line.startswith("|"))
    last = next(place for place, line in enumerate(lines) if place > first and not line.startswith("|"))
    return lines[first:last]


def _told(records: list[Record]) -> Record:
    """Return the record of the claim whose figure is shown: what it measured, by chance, and of unrelated rollouts."""
    for record in records:
        if record.claim == SHOWN and record.primary and record.checkpoint.get("name") == TOLD_OF:
            return record
    raise ValueError(f"the records hold no {SHOWN} of {TOLD_OF}")


def _put(page: Path, block: str) -> None:
    """Write a block between the two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark_of_end, after = rest.partition(END)
    if not mark_of_end:
        raise SystemExit(f"{page} has no place for the records: {BEGIN.strip()} and {END}.")
    write_whole(page, f"{before}{BEGIN}{block}{END}{after}")


def main(arguments: list[str]) -> None:
    """Write the blocks of the pages of a checkout, or none of them."""
    root = Path(arguments[0] if arguments else ".")
    docs = root / "docs"
    made = {page: block(docs) for page, block in BLOCKS.items()}
    for page, text in made.items():
        _put(root / page, text)


if __name__ == "__main__":
    main(sys.argv[1:])
