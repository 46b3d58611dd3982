"""The tables that open a paper's page: its entries in sum, and every variant of every claim on every place."""

import re
from collections.abc import Mapping, Sequence

from claims.core.record import Record
from reports.data.board import Board, variant_name
from reports.data.places import Kind, is_null, place_name
from reports.data.theorems import checked
from reports.pages.criteria import value
from reports.pages.matrix import COLUMNS, headings
from reports.papers.agreement import in_sum
from reports.papers.paper import Entry, Page, Paper
from reports.text.figure_labels import labels_of
from reports.text.links import reference
from reports.text.markdown import Markdown, bullets, escape, table
from reports.text.numbers import ABSENT
from reports.text.short_names import LONGEST, legend
from reports.text.vocabulary import SYMBOL, listed, shown

#: Longest head of an experiment's column: its name says what differs.
WHOLE = 44


def claims_of(paper: Paper, entry: Entry, board: Board) -> list[Record]:
    """Return one record of each claim that belongs to an entry."""
    return [
        record
        for record in board.claims
        if record.claim in entry.claims or labels_of(paper.label, record.figures) & entry.labels
    ]


def claims_on(page: Page, board: Board) -> list[Record]:
    """Return one record of each claim that belongs to any entry of a page, in the order of the report."""
    found = {record.claim for paper, entry in page.entries for record in claims_of(paper, entry, board)}
    return [record for record in board.claims if record.claim in found]


def sum_of(paper: Paper, found: Sequence[Record], board: Board) -> str:
    """Count the outcomes of some claims, and the checks of theorems apart; untrained controls have none."""
    cells = [cell for record in found for _, cell in board.of_claim(record.claim)]
    passed = checked(cells)
    agreed = in_sum((c.verdict, paper.side(c.primary.claim)) for c in cells if c.counted)
    return "; ".join(filter(None, [agreed, f"theorems: {passed}" if passed else ""])) or ABSENT


def overview(page: Page, board: Board) -> Markdown:
    """Return the table of a page's entries: what each shows, its claims, and their outcomes in sum."""
    rows = []
    for paper, entry in page.entries:
        found = claims_of(paper, entry, board)
        told = Markdown(listed([reference(r.claim) for r in found], most=12)) if found else ABSENT
        result = sum_of(paper, found, board) if found else "no claim" if entry.unclaimed else "not in this run"
        name = page.name(paper, entry)
        anchor = re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-")
        rows.append([Markdown(f"[{escape(name)}](#{anchor})"), entry.title, told, result])
    return table(["in the paper", "what it shows", "claims", "in sum"], rows)


def variants(found: Sequence[Record], board: Board) -> Markdown:
    """Return the verdict of every variant of some claims on every place, as symbols; the deciding one first."""
    claims = {record.claim for record in found}
    parts = []
    for kind in Kind:
        names = [name for name in board.names(kind) if any((claim, name) in board.cells for claim in claims)]
        longest = WHOLE if kind == Kind.EXPERIMENT else LONGEST
        short = headings(board, names, longest)
        blocks = [names[i : i + COLUMNS] for i in range(0, len(names), COLUMNS)]
        parts += [_block(found, board, {name: short[name] for name in block}) for block in blocks]
        parts.append(bullets(legend(names, {}, longest)))
    signs = ", ".join(map(shown, SYMBOL))
    control = "; a number: the headline's value on an untrained control" if board.controls else ""
    parts.append(Markdown(f"The first variant of a claim decides. {signs}{control}; an empty cell: not measured."))
    return Markdown("\n\n".join(filter(None, parts)))


def _block(found: Sequence[Record], board: Board, names: Mapping[str, str]) -> Markdown:
    """One row a variant; ``names`` are the places of the columns, with their heads."""
    rows = []
    for record in found:
        verdicts: dict[str, dict[str, str]] = {}
        for name in names:
            cell = board.cells.get((record.claim, name))
            for variant in cell.records if cell else ():
                said = value(variant) if is_null(variant) else SYMBOL[variant.verdict]
                verdicts.setdefault(variant_name(variant), {})[name] = said
        for number, (variant_said, marks) in enumerate(verdicts.items()):
            claim = "" if number else reference(record.claim)
            rows.append([claim, variant_said, *(marks.get(name, "") for name in names)])
    return table(["claim", "variant", *(place_name(head) for head in names.values())], rows)
