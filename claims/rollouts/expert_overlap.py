"""How much of their most-used experts two rollouts share, by question and author, beside what else would give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from claims.core.finding import NotApplicable
from claims.shared.answers import Answers, answers_of, moe_layers
from claims.shared.once import Once
from claims.shared.position_alone import PositionAlone, equal_length
from claims.shared.rollout_parts import generated_parts, prompt_part
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.sampling import Sampling
from metrics.usage.counting_noise import drawn_alike
from metrics.usage.top_p import expected_jaccard, jaccard, jaccard_matrix, top_p_set

GENERATED, WHOLE, EQUAL = "generated", "whole rollout", "generated, equal length"
#: Pairs of rollouts of equal usage that are drawn for each: how far luck moves their overlap is told from these.
EQUALLY = 8
#: The variants of the claims of GEO Fig. 6, in which a prompt is a percent of its rollout.
TOKENS = tuple({"tokens": tokens} for tokens in (GENERATED, WHOLE, EQUAL))


@dataclass(frozen=True)
class Overlaps:
    """Mean Jaccard of pairs of rollouts, one of question i and one of question j, float64 (L, Q, Q) each.

    NaN where there is no such pair; the diagonal holds the pairs of different rollouts that answer the same question.

    Attributes
    ----------
    same, different : pairs by the same author (other seeds), and by different authors
    """

    same: Float64Array
    different: Float64Array

    def __sub__(self, other: "Overlaps") -> "Overlaps":
        """Return the difference, pair by pair."""
        return Overlaps(self.same - other.same, self.different - other.different)


@dataclass(frozen=True)
class OverlapTables:
    """What rollouts of the first wording of their question share.

    Attributes
    ----------
    layers : numbers of the L layers
    answers : labels of the rollouts
    measured : overlaps of the top-p sets
    chance : exact means over random renamings of the experts, for the same pairs: what set sizes give
    identity : overlaps were each token routed as another occurrence of its id; None where the evidence does not tell
    by_position, by_length : overlaps were each token routed as one at the same place, or any, of any rollout
    ceiling : (D, L, Q), overlap of two rollouts were their usage equal, that of one author's answers: what counting
        noise leaves, drawn D times; a little too high where their tokens are few
    size : (L, Q), mean set size as a share of the experts
    notes : who answered what at what length, and what was left out
    """

    layers: tuple[int, ...]
    answers: Answers
    measured: Overlaps
    chance: Overlaps
    identity: Overlaps | None
    by_position: Overlaps
    by_length: Overlaps
    ceiling: Float64Array
    size: Float64Array
    notes: tuple[str, ...]


def overlap_tables(rollouts: SequenceTrace, tokens: str, sampling: Sampling) -> OverlapTables:
    """Compare all rollouts of the first wording of each question, layer by layer.

    Equally used experts enter a set in an order drawn for each rollout: by their number, unrelated sets of short
    rollouts would share more than chance.

    Parameters
    ----------
    tokens : "generated", "whole rollout" or "generated, equal length", the tokens whose experts are counted

    Raises
    ------
    NotApplicable
        When there are too few questions or authors, or nothing was generated.
    """
    return _TABLES[tokens](rollouts, sampling)


def _overlap_tables(rollouts: SequenceTrace, sampling: Sampling, tokens: str) -> OverlapTables:
    answers, layers = answers_of(rollouts), moe_layers(rollouts)
    if len(answers.authors) < 2:
        raise NotApplicable(f"all rollouts are by one author, {answers.authors[0]}; 2 authors are needed")
    numbers, fewest = _counted(rollouts, answers, tokens)
    length = rollouts.part_tokens[:, numbers].sum(axis=1)
    first = answers.wording == 0
    kept = np.flatnonzero(first & (length >= fewest))
    if not len(kept):
        raise NotApplicable(f"no rollout of the first wording of its question has a token of these: {tokens}")
    # By question, and within one by name: the order of the file decides nothing.
    order = kept[np.lexsort((np.asarray(rollouts.documents)[kept], answers.question[kept]))]
    pairs = _Pairs(answers.question[order], answers.author[order], len(answers.questions))
    alone = PositionAlone(rollouts, order, numbers)
    rows: list[tuple[Overlaps | None, ...]] = []
    shares: list[tuple[Float64Array, Float64Array]] = []
    for layer in layers:
        lots = sampling.rng("equally used experts", tokens, layer.layer)
        visits, lent = layer.usage[order][:, numbers].sum(axis=1), layer.by_identity
        members = top_p_set(visits, ties=lots)
        noise = sampling.rng("equal usage", tokens, layer.layer)
        equal = [
            top_p_set(drawn_alike(visits, length[order], pairs.cell, noise), ties=noise) for _ in range(2 * EQUALLY)
        ]
        routed = () if lent is None else (top_p_set(lent[order][:, numbers].sum(axis=1), ties=lots),)
        rng = sampling.rng("position and length", tokens, layer.layer)
        drawn = [top_p_set(draw(layer.usage, rng).sum(axis=1), ties=rng) for draw in (alone.drawn, alone.anywhere)]
        found = pairs.overlaps(members, *drawn, *routed)
        rows.append(tuple(found) if routed else (*found, None))
        reached = [pairs.by_question(jaccard(*both)) for both in zip(equal[::2], equal[1::2], strict=True)]
        shares.append((np.stack(reached), pairs.by_question(members.mean(axis=1))))
    chance, measured, placed, anywhere, identity = (_stacked(column) for column in zip(*rows, strict=True))
    assert measured is not None
    assert chance is not None
    assert placed is not None
    assert anywhere is not None
    return OverlapTables(
        layers=tuple(layer.layer for layer in layers),
        answers=answers,
        measured=measured,
        chance=chance,
        identity=identity,
        by_position=placed,
        by_length=anywhere,
        ceiling=np.stack([one for one, _ in shares], axis=1),
        size=np.stack([size for _, size in shares]),
        notes=(_who(rollouts, answers, order), *_left_out(int(np.count_nonzero(first & (length < fewest))), fewest)),
    )


#: Three claims ask for the same tables.
_TABLES = {tokens: Once(partial(_overlap_tables, tokens=tokens)) for tokens in (GENERATED, WHOLE, EQUAL)}


def _counted(rollouts: SequenceTrace, answers: Answers, tokens: str) -> tuple[list[int], int]:
    """Numbers of the parts whose tokens are counted, and the fewest tokens that a rollout must have there."""
    if tokens == WHOLE:
        return rollouts.part_numbers(), 1
    end = equal_length(rollouts, answers) if tokens == EQUAL else None
    return rollouts.part_numbers(generated_parts(rollouts, end=end)), end or 1


@dataclass(frozen=True)
class _Pairs:
    """Means over pairs of rollouts, which are sorted by their question; tables are (Q, Q), NaN without a pair."""

    question: IntArray
    author: IntArray
    count: int

    def overlaps(self, members: BoolArray, *others: BoolArray) -> list[Overlaps]:
        """Exact mean overlap that sets (S, E) of these sizes have by chance; their Jaccard, and that of other sets."""
        sizes = members.sum(axis=1)
        expected = _chance(int(sizes.max()), members.shape[1])
        jaccards = [partial(_jaccards, sets) for sets in (members, *others)]
        return self._means(lambda own: expected[sizes[own] - 1][:, sizes - 1], *jaccards)

    @property
    def cell(self) -> IntArray:
        """Number of each rollout's question and author, (S,)."""
        return np.asarray(self.question * (self.author.max() + 1) + self.author)

    def by_question(self, values: Float64Array) -> Float64Array:
        """Mean of one value a rollout (S,) over those of each question, (Q,)."""
        found = np.full(self.count, np.nan)
        for number, own in self._blocks():
            found[number] = values[own].mean()
        return found

    def _means(self, *values: Callable[[IntArray], Float64Array]) -> list[Overlaps]:
        """Means of what each of ``values`` gives for some rollouts (m,) and all: (m, S)."""
        blocks = self._blocks()
        starts = np.array([own[0] for _, own in blocks])
        present = [number for number, _ in blocks]
        found = np.full((len(values), 2, self.count, self.count), np.nan)
        for number, own in blocks:
            alike = self.author[own][:, None] == self.author
            masks = alike & (own[:, None] != np.arange(len(self.author))), ~alike
            counts = [np.add.reduceat(mask.sum(axis=0, dtype=np.float64), starts) for mask in masks]
            for tables, of_rollouts in zip(found, values, strict=True):
                rows = of_rollouts(own)
                for table, mask, count in zip(tables, masks, counts, strict=True):
                    total = np.add.reduceat((rows * mask).sum(axis=0), starts)
                    table[number, present] = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        return [Overlaps(same, different) for same, different in found]

    def _blocks(self) -> list[tuple[int, IntArray]]:
        """Each question that there is, with the places of its rollouts."""
        numbers, starts = np.unique(self.question, return_index=True)
        return [
            (int(number), np.arange(start, end))
            for number, start, end in zip(numbers, starts, [*starts[1:], len(self.question)], strict=True)
        ]


def _jaccards(members: BoolArray, own: IntArray) -> Float64Array:
    """Jaccard of some of the sets (S, E), by their numbers (m,), with all: (m, S)."""
    return jaccard_matrix(members[own], members)


def _stacked(layers: Sequence[Overlaps | None]) -> Overlaps | None:
    known = [layer for layer in layers if layer is not None]
    if len(known) < len(layers):
        return None
    return Overlaps(np.stack([layer.same for layer in known]), np.stack([layer.different for layer in known]))


@cache
def _chance(largest: int, experts: int) -> Float64Array:
    """Exact mean Jaccard of random sets of sizes 1 .. ``largest``; slow for hundreds of experts, and ever the same."""
    every = np.arange(1, largest + 1)
    return expected_jaccard(every[:, None], every, experts)


def _who(rollouts: SequenceTrace, answers: Answers, order: IntArray) -> str:
    """Who is compared: numbers of authors, questions and rollouts, and how long these are."""
    tokens, prompt = rollouts.part_tokens[order], rollouts.part_numbers(prompt_part(rollouts))
    given = tokens[:, prompt].sum(axis=1)
    authors, questions = (len(np.unique(codes[order])) for codes in (answers.author, answers.question))
    return (
        f"{authors} authors, {questions} questions, {len(order):,} rollouts of first wordings; medians: "
        f"{np.median(given):,.0f} tokens of prompt, {np.median(tokens.sum(axis=1) - given):,.0f} generated."
    )


def _left_out(unused: int, fewest: int) -> tuple[str, ...]:
    """Say of how many tokens each rollout is counted, where that is the same for all, and how many have fewer."""
    equal = (f"Equal length: the first {fewest} generated tokens of each are counted.",) if fewest > 1 else ()
    short = f"fewer than {fewest} generated tokens" if fewest > 1 else "no token to count"
    return (*equal, *((f"{unused} rollouts with {short} were left out.",) if unused else ()))
