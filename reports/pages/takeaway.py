"""What a reader with two minutes should take away of each checkpoint, made from its records by rules.

A checkpoint is told by counts and by at most three claims. Those three are chosen so:

1. What does not hold as stated comes first: refuted, then partly, then vacuous. Of one verdict, the farthest from what
   is claimed comes first: the distance from the threshold to the nearer end of the interval of the number that made
   the verdict (see `reports.pages.criteria.telling`), as a share of the threshold. At most two are told.
2. What is supported fills the rest, in the same order; so one claim that holds is told wherever there is one.
3. Where less than three are told so, what is left of the first rule.

A number without an interval, or held against 0, comes last in its verdict. Nothing is judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Criterion, Record
from claims.core.verdict import Role, Verdict
from reports.data.board import Board, Cell
from reports.data.places import Kind, needs_more
from reports.data.sizes import sizes
from reports.pages.criteria import telling
from reports.text.markdown import SENTENCE, plain
from reports.text.numbers import claimed, interval
from reports.text.vocabulary import listed, plural

#: Claims that are told of a checkpoint, and how many of them do not hold as stated.
TOLD, FAILING = 3, 2
#: What came of the claims that were asked, in the order in which it is told, and in which words.
CAME_OF = {
    Verdict.SUPPORTED: ("holds", "hold"),
    Verdict.PARTLY: ("holds partly", "hold partly"),
    Verdict.VACUOUS: ("holds as its null does", "hold as their nulls do"),
    Verdict.REFUTED: ("does not hold", "do not hold"),
    Verdict.INCONCLUSIVE: ("is open", "are open"),
    Verdict.ERROR: ("could not be computed", "could not be computed"),
}
#: The rule in a sentence, for the reader.
CHOSEN = (
    "For each checkpoint, up to three claims: those that do not hold as stated, the farthest from their thresholds "
    "first, then those that hold, in the same order; the matrix below has every verdict."
)
_FAILS = (Verdict.REFUTED, Verdict.PARTLY, Verdict.VACUOUS)


@dataclass(frozen=True)
class Told:
    """One claim that matters on a checkpoint: ``verdict`` with the ``number`` that made it and what was ``claimed``.

    ``number`` is ``name value [low, high]``; ``beyond`` is another such number, and ``beside`` says which: what lies
    beyond the null (of a refuted claim, what fails there), or the claim's own where that is told first. ``means`` and
    ``check`` are the claim's own sentences for whoever trains, prunes or serves the model, where its record carries
    them and it does not hold as stated.
    """

    claim: str
    title: str
    verdict: Verdict
    came_of: str
    number: str
    claimed: str
    beside: str
    beyond: str
    means: str
    check: str


@dataclass(frozen=True)
class Unasked:
    """Claims that could not be asked of a checkpoint for one ``reason``."""

    claims: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class TakeAway:
    """A checkpoint in plain words.

    ``sizes`` is parameters, layers, experts and top-k, as far as known; ``about`` what the checkpoint is; ``asked`` how
    many empirical claims were asked; ``counts`` rows of (verdict, what came of how many in words, the claims); ``told``
    the claims that matter most, most first; ``unasked`` those that could not be asked, by reason.
    """

    name: str
    sizes: str
    about: str
    asked: int
    counts: tuple[tuple[Verdict, str, tuple[str, ...]], ...]
    told: tuple[Told, ...]
    unasked: tuple[Unasked, ...]

    @property
    def short(self) -> str:
        """How many claims were asked and what came of them, as a sentence."""
        if not self.asked:
            return "No empirical claim could be asked."
        return f"Of {plural(self.asked, 'empirical claim')}, {listed([said for _, said, _ in self.counts])}."


def takeaways(board: Board) -> list[TakeAway]:
    """Return what to take away of every trained checkpoint, Mixture-of-Experts models first, then dense ones."""
    names = [name for kind in (Kind.MOE, Kind.DENSE) for name in board.names(kind) if name not in board.controls]
    found = [takeaway(board, name) for name in names]
    return [one for one in found if one.asked or one.unasked]


def takeaway(board: Board, name: str) -> TakeAway:
    """Return what to take away of one place."""
    cells = [cell for _, cell in board.of_place(name) if not cell.theorem]
    asked = [cell for cell in cells if cell.verdict != Verdict.NOT_APPLICABLE]
    abouts = (str(cell.primary.checkpoint.get("about") or "") for cell in cells)
    return TakeAway(
        name=plain(name, 80),
        sizes=sizes(board, name),
        about=plain(next(filter(None, abouts), ""), 200),
        asked=len(asked),
        counts=tuple(_counts(asked)),
        told=tuple(_told(cell.primary) for cell in chosen(asked)),
        unasked=_unasked([cell.primary for cell in cells if cell.verdict == Verdict.NOT_APPLICABLE]),
    )


def _counts(asked: Sequence[Cell]) -> list[tuple[Verdict, str, tuple[str, ...]]]:
    found = {verdict: tuple(c.primary.claim for c in asked if c.verdict == verdict) for verdict in CAME_OF}
    return [
        (verdict, f"{len(claims):,} {CAME_OF[verdict][len(claims) > 1]}", claims)
        for verdict, claims in found.items()
        if claims
    ]


def chosen(asked: Sequence[Cell], most: int = TOLD, failing: int = FAILING) -> list[Cell]:
    """Choose at most ``most`` claims, at first ``failing`` that do not hold, by the rule that the module states."""
    fails, holds = ([c for v in of for c in _farthest(asked, v)] for of in (_FAILS, (Verdict.SUPPORTED,)))
    first = fails[:failing]
    held = holds[: most - len(first)]
    return [*first, *fails[failing : most - len(held)], *held]


def _farthest(asked: Sequence[Cell], verdict: Verdict) -> list[Cell]:
    found = [cell for cell in asked if cell.verdict == verdict and telling(cell.primary)]
    return sorted(found, key=lambda cell: -_distance(telling(cell.primary)[0]))


def _distance(criterion: Criterion) -> float:
    """Return how far the interval's nearer end is from the threshold, as a share of the threshold; -1 if unknown."""
    low, high, bound = criterion.low, criterion.high, criterion.threshold
    if low is None or high is None or not bound:
        return -1.0
    return max(low - bound, bound - high, 0.0) / abs(bound)


def _told(record: Record) -> Told:
    number = telling(record)[0]
    fails = record.verdict in _FAILS
    return Told(
        claim=record.claim,
        title=plain(record.title),
        verdict=record.verdict,
        came_of=CAME_OF[record.verdict][0],
        number=_number(number),
        claimed=claimed(number),
        beside="the claim's own number" if record.verdict == Verdict.VACUOUS else "beyond its null",
        beyond=_beyond(record, number),
        means=plain(record.means, SENTENCE) if fails else "",
        check=plain(record.check, SENTENCE) if fails else "",
    )


def _number(criterion: Criterion) -> str:
    return f"{plain(criterion.name)} {interval(criterion)}"


def _beyond(record: Record, told: Criterion) -> str:
    """Say what of the number lies beyond the null; of a refuted claim what fails there, of a vacuous one its headline.

    What a vacuous claim has beyond its null is told already, as the number that made its verdict.
    """
    role = Role.HEADLINE if record.verdict == Verdict.VACUOUS else Role.EXCESS
    every = (c for c in record.criteria if c.role is role)
    found = next((c for c in every if record.verdict != Verdict.REFUTED or c.holds is False), None)
    return "" if found is None or found is told or found.value == told.value else _number(found)


def _unasked(records: Sequence[Record]) -> tuple[Unasked, ...]:
    found: dict[str, list[str]] = {}
    for record in records:
        found.setdefault(_why(record), []).append(record.claim)
    return tuple(Unasked(tuple(claims), reason) for reason, claims in found.items())


def _why(record: Record) -> str:
    """Say why a claim could not be asked: the premises that are not met, with what they would need, or its reason."""
    if needs_more(record) and not record.criteria:
        return "what is asked is not in the routing that was captured"
    unmet = [c for c in record.criteria if c.role is Role.PREMISE and c.holds is False]
    said = "; ".join(f"{_number(c)}, where {claimed(c)} is needed" for c in unmet)
    return said or plain(record.reason, 300).rstrip(".")
