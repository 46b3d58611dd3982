"""A paper's page: figure by figure, or claim by claim, what it shows beside what was measured.

It counts verdicts and makes none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claims.core.record import Record
from reports.data.board import Board, Cell, variant_name
from reports.data.places import compared, is_null, place_name, repeats
from reports.figures.claim_figures import Picture
from reports.pages.criteria import because, telling
from reports.pages.matrix import VARIANT_SIGN
from reports.papers.agreement import in_sum, outcome
from reports.papers.paper import Entry, Page, Paper, Status
from reports.papers.scale import here_and_there, measured_on
from reports.papers.tables import claims_of, claims_on, overview, sum_of, variants
from reports.text.figure_labels import labels_of
from reports.text.links import reference, references
from reports.text.markdown import Markdown, plain
from reports.text.numbers import ABSENT, claimed
from reports.text.templates import fill
from reports.text.vocabulary import CONTROL, listed, plural

TOLD = {
    Status.PAPER: "The paper",
    Status.READ: "Readers of it",
    Status.RECONSTRUCTED: "Reconstructed here",
}
Drawn = Mapping[str, Sequence[Picture]]


@dataclass(frozen=True)
class EntryView:
    """A figure or statement of a paper, and what was measured of it."""

    paper: Paper
    entry: Entry
    found: list[Record]
    board: Board

    @property
    def facts(self) -> list[tuple[str, str]]:
        """(name, text) of what the paper shows, of which models, on which data."""
        entry = self.entry
        facts = [(TOLD[status], text) for status, text in entry.shows.items()]
        models = listed([f"{name} ({self.paper.sizes[name]:g} B)" for name in entry.models], most=12)
        if entry.models or entry.is_figure:
            facts.append(("Models", f"{models if entry.models else 'not named in what we could read'}."))
        return [*facts, *([("Data", f"{entry.data}.")] if entry.data else [])]

    @property
    def encoded(self) -> list[tuple[Record, str, str, str, str]]:
        """(record, whose claim it is, outcomes in sum, those of other variants, null) of each claim."""
        readings = self.paper.readings
        return [
            (
                record,
                readings[record.claim].says if record.claim in readings else "",
                sum_of(self.paper, [record], self.board),
                self._other_variants(record),
                _half(record.null_says),
            )
            for record in self.found
        ]

    @property
    def rows(self) -> list[list[str]]:
        """One row an outcome and number, naming the places that share it; a claim is named in its first."""
        rows = []
        for record in self.found:
            alike: dict[tuple[str, ...], list[str]] = {}
            for name, cell in self.board.of_claim(record.claim):
                said: tuple[str, ...] = (
                    self._outcome(cell),
                    because(cell.primary) or ABSENT,
                    claimed(next(iter(telling(cell.primary)), None)),
                )
                alike.setdefault(said, []).append(_place(name, cell))
            for number, (shared, names) in enumerate(alike.items()):
                rows.append(["" if number else reference(record.claim), listed(names, most=12), *shared])
        return rows

    @property
    def scale(self) -> str:
        """How large what was measured is, here and in the paper."""
        return here_and_there(self.paper, self.entry, self.found, self.board)

    def thumbs(self, drawn: Drawn) -> list[tuple[Record, Picture, Markdown]]:
        """Return (record, picture, caption) of our own figures; of a claim that redraws another figure, its first."""
        shown = []
        for record in self.found:
            good = [p for p in drawn.get(record.claim, ()) if p.redraws and not p.trouble]
            own = [p for p in good if labels_of(self.paper.label, p.redraws) & self.entry.labels]
            shown += [(record, picture, _attribute(picture.caption)) for picture in own or good[:1]]
        return shown

    def _outcome(self, cell: Cell) -> str:
        if is_null(cell.primary):
            return CONTROL
        sign = f" {VARIANT_SIGN}" if cell.sensitive else ""
        said = outcome(cell.verdict, self.paper.side(cell.primary.claim))
        return f"{said}{' (theorem)' if cell.theorem else ''}{sign}"

    def _other_variants(self, record: Record) -> str:
        """Say what the other variants gave, where any of them departs from the deciding one."""
        cells = [cell for _, cell in self.board.of_claim(record.claim)]
        found: dict[str, list[Record]] = {}
        for other in (other for cell in cells for other in cell.others if other.counted):
            found.setdefault(variant_name(other), []).append(other)
        side = self.paper.side(record.claim)
        said = [f"{name} ({in_sum((r.verdict, side) for r in others)})" for name, others in found.items()]
        return listed(said, most=4) if any(cell.sensitive and cell.counted for cell in cells) else ""


def paper_page(page: Page, board: Board, drawn: Drawn, report: str) -> str:
    """Return the page of a paper, or of several that are told together, one folder below the report.

    Parameters
    ----------
    page : what the papers show
    board : the run
    drawn : the pictures of each claim
    report : file name of the report
    """
    told = claims_on(page, board)
    return fill(
        "paper.md.j2",
        page=page,
        report=report,
        overview=overview(page, board),
        sign=VARIANT_SIGN,
        variants=variants(told, board),
        measured_on=measured_on(board, told),
        sections=sections(page, board),
        drawn=drawn,
        references=references(told, "../"),
    )


def sections(page: Page, board: Board) -> list[tuple[Paper, str, list[EntryView]]]:
    """Return (paper, title, entries) of the figures and of the statements of a page's papers."""
    return [
        (paper, title, [EntryView(paper, entry, claims_of(paper, entry, board), board) for entry in entries])
        for paper in page.papers
        for title, entries in (("Figures", paper.figures), ("Statements", paper.statements))
        if entries
    ]


def _place(name: str, cell: Cell) -> str:
    """Return a place as a row names it; an experiment with its arms and seeds."""
    arms, seeds = compared(cell.primary), len(repeats(cell.primary))
    return place_name(name) + (f" ({arms}; {plural(seeds, 'seed')})" if arms else "")


def _half(sentence: str) -> str:
    """Return a sentence up to its first full stop or semicolon; of one that there is none, that alone."""
    half = plain(re.split(r"[.;](?:\s|$)", plain(sentence, 2000), maxsplit=1)[0])
    return "none" if half.partition(":")[0] == "None" else half


def _attribute(caption: str) -> Markdown:
    """Return text as the value of an attribute, with which neither HTML nor Markdown does anything."""
    return Markdown(re.sub(r"[^\w .,;-]", lambda m: f"&#{ord(m[0])};", plain(caption)))
