"""One claim as its own page and the HTML page show it: what is said, how it is judged, what each place gave."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell, variant_name
from reports.data.pictured import pictured
from reports.data.places import Kind, arms, is_null, kind_of, place_name, repeats, standing
from reports.data.sizes import sizes
from reports.figures.claim_figures import Picture
from reports.pages.criteria import because, criteria_table, methods, threshold_rows, variant_rows
from reports.pages.matrix import footnotes, mark
from reports.pages.repeat import Repeat, repeat
from reports.pages.summary import tally
from reports.text.figure_labels import cited
from reports.text.slugs import slug
from reports.text.templates import fill
from reports.text.vocabulary import CONTROL_MEANING, THEOREMS, THEOREMS_MEANING, listed, plural

#: File of records that the commands on a page name; it lies beside the report.
RECORDS = "records.jsonl"


@dataclass(frozen=True)
class PlaceView:
    """One claim on one place; ``record`` decides, and ``id`` is the anchor on the HTML page.

    ``standing`` is the verdict, or what stands in its place; ``why`` is its reason in a sentence or more; ``columns``
    and ``criteria`` are the table of the numbers; ``sensitivity`` says at which thresholds the verdict would change;
    ``variants`` are rows of variant, verdict and the number that made it; ``certified`` is (record, variant, command
    that rechecks it) of each counterexample; ``expected`` is the verdict that was foreseen, where it is another;
    ``sizes`` is how large the checkpoint is, and ``repeat`` how to measure it again.
    """

    id: str
    place: str
    name: str
    cell: Cell
    record: Record
    standing: str
    compared: str
    why: str
    columns: list[str]
    criteria: list[list[str]]
    sensitivity: list[str]
    variants: list[list[str]]
    certified: list[tuple[Record, str, str]]
    expected: str
    methods: str
    sizes: str
    repeat: Repeat


@dataclass(frozen=True)
class ClaimView:
    """One claim; ``record`` is any of its records, ``id`` the anchor on the HTML page.

    ``facts`` are (name, text) of where it comes from, how it is read and what it is held against; ``thresholds`` rows
    of name, value and why; ``glance`` rows of place, verdict and the number that made it.
    """

    id: str
    record: Record
    tally: str
    equation: str
    facts: list[tuple[str, str]]
    thresholds: list[tuple[str, str, str]]
    glance: list[list[str]]
    footnotes: str
    places: list[PlaceView]


def claim_view(board: Board, record: Record) -> ClaimView:
    """Return a claim of a run; ``record`` is any of its records."""
    places = board.of_claim(record.claim)
    cells = [cell for _, cell in places]
    return ClaimView(
        id=f"claim-{slug(record.claim)}",
        record=record,
        tally=tally(cells),
        equation=_equation(record),
        facts=[*_facts(record), *_drawn_with(board, record)],
        thresholds=threshold_rows([r for cell in cells for r in cell.records]),
        glance=[[place_name(name), mark(cell), because(cell.primary)] for name, cell in places],
        footnotes=footnotes(cells),
        places=[_on(name, cell, sizes(board, name)) for name, cell in places],
    )


def claim_page(board: Board, record: Record, drawn: Sequence[Picture], report: str) -> str:
    """Return the page of one claim, one folder below the report.

    Parameters
    ----------
    board : the run
    record : any record of the claim
    drawn : the claim's pictures
    report : file name of the report
    """
    view = claim_view(board, record)
    return fill("claim.md.j2", claim=view, pictures=drawn, report=report, records=RECORDS)


def _on(place: str, cell: Cell, size: str) -> PlaceView:
    record = cell.primary
    columns, criteria = criteria_table(record)
    unmet = record.expected is not None and record.expected != record.verdict and not is_null(record)
    return PlaceView(
        id=f"claim-{slug(record.claim)}--{slug(place)}",  # a slug has no two hyphens in a row: none is another's
        place=place,
        name=place_name(place),
        cell=cell,
        record=record,
        standing=standing(record),
        compared=_compared(record),
        why=_why(record),
        columns=columns,
        criteria=criteria,
        sensitivity=[] if is_null(record) else record.sensitivity,
        variants=variant_rows(cell),
        certified=[(r, variant_name(r) if r.key[2] else "", _recheck(r, place)) for r in cell.records if r.certificate],
        expected=str(record.expected) if unmet else "",
        methods=methods(record),
        sizes=size,
        repeat=repeat(record),
    )


def _why(record: Record) -> str:
    """Say why a verdict is what it is, or that there is none; "" where the numbers say all."""
    if is_null(record):
        return f"This is {CONTROL_MEANING}."
    if record.reason.strip():
        return f"Reason: {record.reason.rstrip().rstrip('.')}."
    silent = not record.criteria and record.verdict == Verdict.SUPPORTED and kind_of(record) == Kind.GENERATED
    return "None of the cases that were generated for it contradicts it." if silent else ""


def _facts(record: Record) -> list[tuple[str, str]]:
    figures = f" (figures: {cited(record.figures)})" if record.figures else ""
    found = (
        ("Source", record.source + figures),
        ("Definition", record.definition),
        ("The paper reports", record.paper),
        ("Null", record.null_says),
        ("If it does not hold", record.means),
        ("What to check then", record.check),
        ("Version", f"{record.version}"),
        ("Kind", "" if record.kind == "finding" else f"{THEOREMS.lower()}. {THEOREMS_MEANING}."),
    )
    return [(name, text) for name, text in found if text.strip()]


def _drawn_with(board: Board, record: Record) -> list[tuple[str, str]]:
    """Name the claim whose picture shows this one's figure too, for a claim that draws none of its own."""
    if record.kind != "finding" or any(pictured(cell) for _, cell in board.of_claim(record.claim)):
        return []
    drawn = {figure.redraws: claim for (claim, _), cell in board.cells.items() for _, figure in pictured(cell)}
    found = [(label, drawn[label]) for label in record.figures if label in drawn]
    return [("Figure", f"{label} is drawn with {claim}.") for label, claim in found[:1]]


def _equation(record: Record) -> str:
    """Return an equation, a line for each of its parts."""
    lines = record.equation.replace(";  ", ";\n").splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _compared(record: Record) -> str:
    """Say what an experiment compares, and with which checkpoints; "" for what is no experiment."""
    found, seeds = arms(record), [" against ".join(names) for names in repeats(record)]
    said = f"Compared: {listed(found, most=30)}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."
    return said if found else ""


def _recheck(record: Record, place: str) -> str:
    chosen = f"--claim {shlex.quote(record.claim)} --checkpoint {shlex.quote(place)}"
    return f"python -m claims.recheck {RECORDS} {chosen}"
