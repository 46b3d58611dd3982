"""One claim: what is said, by whom, how it is judged, and what each place gave; for its page and for the HTML page."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell, variant_name
from reports.data.places import Kind, arms, kind_of, place_name, repeats
from reports.figures.claim_figures import Picture
from reports.pages import criteria
from reports.pages.matrix import footnotes, mark, signs
from reports.pages.summary import tally
from reports.text.figure_labels import cited
from reports.text.slugs import slug
from reports.text.templates import fill
from reports.text.vocabulary import listed, plural

#: File of records that the commands on a page name; it lies beside the report.
RECORDS = "records.jsonl"


@dataclass(frozen=True)
class PlaceView:
    """One claim on one place."""

    place: str
    cell: Cell

    @property
    def record(self) -> Record:
        """The record that decides."""
        return self.cell.primary

    @property
    def id(self) -> str:
        """The anchor on the HTML page; a slug has no two hyphens in a row, so none is another's."""
        return f"claim-{slug(self.record.claim)}--{slug(self.place)}"

    @property
    def name(self) -> str:
        """What the place is called."""
        return place_name(self.place)

    @property
    def mark(self) -> str:
        """Symbol, word and signs of the verdict."""
        return mark(self.cell)

    @property
    def signs(self) -> str:
        """The signs of the verdict alone."""
        return signs(self.cell)

    @property
    def compared(self) -> str:
        """What an experiment compares, and with which checkpoints; "" for what is no experiment."""
        found = arms(self.record)
        if not found:
            return ""
        seeds = [" against ".join(names) for names in repeats(self.record)]
        return f"Compared: {listed(found, most=30)}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."

    @property
    def unbroken(self) -> bool:
        """Whether a claim is supported without a number, since no case against it was found."""
        record = self.record
        return not record.criteria and record.verdict == Verdict.SUPPORTED and kind_of(record) == Kind.GENERATED

    @property
    def criteria(self) -> list[list[str]]:
        """Rows of the columns `reports.pages.criteria.COLUMNS`."""
        return criteria.criteria_rows(self.record)

    @property
    def variants(self) -> list[list[str]]:
        """Rows of variant, verdict and the number that made it."""
        return criteria.variant_rows(self.cell)

    @property
    def methods(self) -> str:
        """How the intervals were made."""
        return criteria.methods(self.record)

    @property
    def because(self) -> str:
        """The number that made the verdict."""
        return criteria.because(self.record)

    @property
    def certified(self) -> list[tuple[Record, str, str]]:
        """(record, variant, command that rechecks it) of each counterexample."""
        chosen = f"--checkpoint {shlex.quote(self.place)}"
        return [
            (
                r,
                variant_name(r) if r.key[2] else "",
                f"python -m claims.recheck {RECORDS} --claim {shlex.quote(r.claim)} {chosen}",
            )
            for r in self.cell.records
            if r.certificate is not None
        ]


@dataclass(frozen=True)
class ClaimView:
    """One claim; ``record`` is any of its records."""

    record: Record
    places: list[PlaceView]

    @property
    def id(self) -> str:
        """The anchor on the HTML page."""
        return f"claim-{slug(self.record.claim)}"

    @property
    def tally(self) -> str:
        """How many verdicts of each kind there are."""
        return tally([view.cell for view in self.places])

    @property
    def equation(self) -> str:
        """The equation, a line for each of its parts; "" where there is none."""
        lines = self.record.equation.replace(";  ", ";\n").splitlines()
        return "\n".join(line.rstrip() for line in lines if line.strip())

    @property
    def facts(self) -> list[tuple[str, str]]:
        """(name, text) of where a claim comes from, how it is read and what it is held against."""
        record = self.record
        figures = f" (figures: {cited(record.figures)})" if record.figures else ""
        found = (
            ("Source", record.source + figures),
            ("Definition", record.definition),
            ("The paper reports", record.paper),
            ("Null", record.null_says),
        )
        return [(name, text) for name, text in found if text.strip()]

    @property
    def thresholds(self) -> list[tuple[str, str, str]]:
        """Rows of name, value and why."""
        return criteria.threshold_rows([r for view in self.places for r in view.cell.records])

    @property
    def glance(self) -> list[list[str]]:
        """Rows of place, verdict and the number that made it."""
        return [[view.name, view.mark, view.because] for view in self.places]

    @property
    def footnotes(self) -> str:
        """What the signs of the verdicts mean."""
        return footnotes([view.cell for view in self.places])


def claim_view(board: Board, record: Record) -> ClaimView:
    """Return a claim of a run."""
    return ClaimView(record, [PlaceView(name, cell) for name, cell in board.of_claim(record.claim)])


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
    return fill("claim.md.j2", claim=view, pictures=drawn, report=report, columns=criteria.COLUMNS, records=RECORDS)
