"""What a paper shows, figure by figure; which claims belong to a figure is said by the records."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reports.markdown import plain
from reports.names import slug

#: ``16``, ``16-22``, ``16 to 22``; and a list of those after ``Fig.``.
_RUN = re.compile(r"(\d{1,3})(?:\s*(?:-|–|to)\s*(\d{1,3}))?")
_NUMBERS = re.compile(rf"Figs?\.?\s*({_RUN.pattern}(?:\s*(?:,|and|&)\s*{_RUN.pattern})*)")


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

    ``labels`` are those of `Record.figures` without the paper's name (``Fig. 5``, ``Prop. 1``); ``claims`` are
    claims that belong here whatever their labels; ``unclaimed`` says why no claim encodes it.
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
    """A paper: ``sizes`` are its models' parameters, in billions."""

    label: str
    title: str
    authors: str
    source: str
    note: str
    sizes: Mapping[str, float]
    figures: tuple[Entry, ...]
    statements: tuple[Entry, ...]
    readings: Mapping[str, Reading]

    @property
    def slug(self) -> str:
        """The paper's file name without its ending."""
        return slug(self.label.lower())

    def side(self, claim: str) -> Side:
        """Return whose assertion a claim is; the paper's unless the file says otherwise."""
        return self.readings[claim].side if claim in self.readings else Side.PAPER


def labels_of(paper: str, texts: Iterable[str]) -> set[str]:
    """Return the labels of a paper's figures and statements among `Record.figures`; what follows a number is left.

    Examples
    --------
    >>> sorted(labels_of("GEO", ["GEO Figs 24-25, at v_1", "GEO Prop. 1", "ASY Fig. 2"]))
    ['Fig. 24', 'Fig. 25', 'Prop. 1']
    """
    found: set[str] = set()
    for text in texts:
        name, _, rest = plain(text).partition(" ")
        numbers = _NUMBERS.match(rest)
        if name == paper and numbers:
            for first, last in _RUN.findall(numbers[1]):
                found |= {f"Fig. {number}" for number in range(int(first), int(last or first) + 1)}
        elif name == paper and rest:
            found.add(rest)
    return found
