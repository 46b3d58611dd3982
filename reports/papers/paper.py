"""What papers show, figure by figure or claim by claim; which claims belong where is said by the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec

from fixtures.messages.checked import Text
from reports.text.slugs import slug
from reports.text.vocabulary import listed, ranges


class Status(StrEnum):
    """How sure a fact about a paper is, in the words of the claims' definitions."""

    PAPER = "paper"
    READ = "read"
    RECONSTRUCTED = "reconstructed"


class Side(StrEnum):
    """Who asserts a claim: the paper as it stands, its statement as revised after the review, the review, or we."""

    PAPER = "paper"
    REVISED = "revised"
    REVIEW = "review"
    OURS = "ours"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Figures of a paper that belong together, or one of its statements.

    ``paper``, ``read`` and ``reconstructed`` are what it shows, by how sure that is; ``models`` are names of
    `Paper.sizes`; ``claims`` are claims that belong here whatever their labels; ``unclaimed`` says why no claim
    encodes it.
    """

    title: Text
    numbers: tuple[int, ...] = ()
    statement: str = msgspec.field(name="name", default="")
    paper: Text | None = None
    read: Text | None = None
    reconstructed: Text | None = None
    models: tuple[str, ...] = ()
    data: str = ""
    scale: str = ""
    unclaimed: str = ""
    claims: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.shows:
            raise ValueError(f"{self.title} says nothing under {', '.join(Status)}")

    @property
    def shows(self) -> Mapping[Status, str]:
        """What it shows, by how sure that is."""
        return {status: says for status in Status if (says := getattr(self, status)) is not None}

    @property
    def name(self) -> str:
        """``Figure 5``, ``Figures 3 and 23``, ``Figures 10 and 26 to 29``, or the statement's own."""
        figures = "Figures" if len(self.numbers) > 1 else "Figure"
        return f"{figures} {ranges(self.numbers)}" if self.numbers else self.statement

    @property
    def labels(self) -> frozenset[str]:
        """Those of `Record.figures` without the paper's name: ``Fig. 5``, ``Prop. 1``, ``claim A``."""
        return frozenset(f"Fig. {number}" for number in self.numbers) or frozenset({self.statement})

    @property
    def is_figure(self) -> bool:
        """Whether it is a figure of the paper, not a statement."""
        return bool(self.numbers)


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose assertion a claim is, and in what sense."""

    claim: Text
    side: Side
    says: Text


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paper.

    ``sizes`` are its models' parameters, in billions; ``count`` is the number of its figures; ``page`` is the label of
    the paper on whose page it is told, where that is another.
    """

    label: Text
    title: Text
    authors: Text
    source: Text
    note: Text
    page: str = ""
    sizes: dict[str, Annotated[float, msgspec.Meta(gt=0)]] = msgspec.field(name="models", default_factory=dict)
    count: Annotated[int, msgspec.Meta(ge=0)] = msgspec.field(name="figures", default=0)
    figures: tuple[Entry, ...] = msgspec.field(name="figure", default=())
    statements: tuple[Entry, ...] = msgspec.field(name="statement", default=())
    reading: tuple[Reading, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.figures:
            if not entry.numbers or entry.statement:
                raise ValueError(f"the figure {entry.title} needs a list of numbers, and no name")
        for entry in self.statements:
            if entry.numbers or not entry.statement.strip():
                raise ValueError(f"the statement {entry.title} needs a name, and no numbers")
        for entry in self.entries:
            if unknown := [model for model in entry.models if model not in self.sizes]:
                raise ValueError(f"{entry.name} names the model {unknown[0]}, whose size is not under [models]")
        found = [number for entry in self.figures for number in entry.numbers]
        for number in range(1, self.count + 1):
            if found.count(number) != 1:
                raise ValueError(f"figure {number} is in {found.count(number) or 'no'} entries, not in one")
        if beyond := [number for number in found if not 1 <= number <= self.count]:
            raise ValueError(f"figure {beyond[0]} is not one of 1 to {self.count}")

    @property
    def readings(self) -> Mapping[str, Reading]:
        """Whose assertion a claim is, by the claim; the paper's own are not among them."""
        return {reading.claim: reading for reading in self.reading}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The figures, then the statements."""
        return (*self.figures, *self.statements)

    def side(self, claim: str) -> Side:
        """Return whose assertion a claim is; the paper's unless the file says otherwise."""
        return self.readings[claim].side if claim in self.readings else Side.PAPER


@dataclass(frozen=True)
class Page:
    """The papers that are told on one page, the one that gives it its name first."""

    papers: tuple[Paper, ...]

    @property
    def slug(self) -> str:
        """The page's file name without its ending."""
        return slug(self.papers[0].label.lower())

    @property
    def title(self) -> str:
        """``GEO, figure by figure``; of papers whose figures are not told, claim by claim."""
        unit = "figure" if any(paper.figures for paper in self.papers) else "claim"
        return f"{listed([paper.label for paper in self.papers])}, {unit} by {unit}"

    @property
    def entries(self) -> list[tuple[Paper, Entry]]:
        """Every entry with its paper."""
        return [(paper, entry) for paper in self.papers for entry in paper.entries]

    def name(self, paper: Paper, entry: Entry) -> str:
        """Return an entry's name, behind its paper's label where there are several papers."""
        return entry.name if len(self.papers) == 1 else f"{paper.label} {entry.name}"
