"""What papers show, figure by figure or claim by claim; which claims belong where is said by the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reports.text.slugs import slug
from reports.text.vocabulary import listed


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


@dataclass(frozen=True)
class Entry:
    """Figures of a paper that belong together, or one of its statements.

    ``labels`` are those of `Record.figures` without the paper's name (``Fig. 5``, ``Prop. 1``, ``claim A``);
    ``claims`` are claims that belong here whatever their labels; ``unclaimed`` says why no claim encodes it.
    """

    name: str
    labels: frozenset[str]
    title: str
    shows: Mapping[Status, str]
    models: tuple[str, ...]
    data: str
    scale: str
    unclaimed: str
    claims: frozenset[str]

    @property
    def is_figure(self) -> bool:
        """Whether it is a figure of the paper, not a statement."""
        return any(label.startswith("Fig.") for label in self.labels)


@dataclass(frozen=True)
class Reading:
    """Whose assertion a claim is, and in what sense."""

    side: Side
    says: str


@dataclass(frozen=True)
class Paper:
    """A paper.

    ``sizes`` are its models' parameters, in billions; ``page`` is the label of the paper on whose page it is told,
    its own for most.
    """

    label: str
    title: str
    authors: str
    source: str
    note: str
    page: str
    sizes: Mapping[str, float]
    figures: tuple[Entry, ...]
    statements: tuple[Entry, ...]
    readings: Mapping[str, Reading]

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
