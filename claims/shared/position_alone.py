"""What position and length alone make of rollouts: each token exchanged with one at the same place of any rollout."""

from collections.abc import Iterator

import numpy as np

from claims.core.finding import Measured, NotApplicable
from claims.shared.answers import Answers
from claims.shared.rollout_parts import generated_parts, lengths, prompt_part
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array, Int64Array, IntArray
from metrics.stats.bootstrap import exact
from metrics.usage.position import bands, changed_within, drawn_by_position, middle_places

#: What the control is called, and the sentence of the claims' definitions.
POSITION = "position and length"
CONTROL = (
    "Position and length: what it would be were the choices of every token exchanged with those of a token at the same "
    "place of any rollout, whoever's and to whatever question, in bands that grow by a factor of sqrt(2), generated "
    "places counted from the first and a whole prompt taken by its length."
)
#: The variant in which no rollout reaches a place that another does not.
EQUAL_LENGTH = (
    "as many generated tokens of each from the first on, the most (of 8, 16, 32 ...) that half of every author's "
    "rollouts have"
)
#: What a permutation within lengths must change of what one of all changes: at less than half of it the null is nearer
#: to the truth than to chance.
PERMUTABLE = 0.5


def permutable(labels: IntArray, tokens: IntArray | Float64Array, unit: str, what: str) -> Measured:
    """Return the premise that permuting within lengths changes enough: else the null is almost the truth.

    Parameters
    ----------
    labels : int (N,), what is permuted; a number of its own each where the texts themselves are
    tokens : (N,), lengths
    unit : what there are N of, in the singular
    what : what is changed, in the plural
    """
    found = exact(changed_within(labels, bands(tokens)), len(labels), unit)
    name = f"{what} that change when permuted within lengths, to a factor of 1.4, over those when permuted at will"
    return Measured(name, found, ">=", PERMUTABLE, within=(0.0, 1.0))


class PositionAlone:
    """The same rollouts, routed by nothing but the places that they reach."""

    def __init__(self, rollouts: SequenceTrace, order: IntArray, parts: list[int]) -> None:
        """Take the parts of the rollouts numbered ``order``."""
        self._order, self._parts = order, parts
        self._tokens = rollouts.part_tokens[order][:, parts]
        self._band = _bands(rollouts)[order][:, parts]

    def drawn(self, usage: IntArray, rng: np.random.Generator) -> IntArray:
        """Return what a layer's usage (S, P, E) would be, drawn for these rollouts: visits (m, p, E)."""
        return drawn_by_position(usage[self._order][:, self._parts], self._tokens, self._band, rng)

    def anywhere(self, usage: IntArray, rng: np.random.Generator) -> IntArray:
        """Return the same from tokens of any place: what length alone would make of it."""
        nowhere = np.zeros_like(self._band)
        return drawn_by_position(usage[self._order][:, self._parts], self._tokens, nowhere, rng)


def equal_length(rollouts: SequenceTrace, answers: Answers) -> int:
    """Return the generated length, at the end of a bin, that at least half of every author's rollouts reach.

    Rollouts of the first wording count.

    Raises
    ------
    NotApplicable
        When an author's rollouts are mostly shorter than the first bin, or the trace has no generated part.
    """
    generated = rollouts.part_tokens[:, rollouts.part_numbers(generated_parts(rollouts))].sum(axis=1)
    medians = list(_medians(generated, answers))
    shortest, author = min(medians)
    reached = [length for length in lengths(rollouts) if length <= shortest]
    if not reached:
        raise NotApplicable(
            f"most rollouts of {author} have fewer than {lengths(rollouts)[0]} generated tokens (median "
            f"{shortest:g}): the authors have no stretch of equal length"
        )
    return reached[-1]


def first_prompts(rollouts: SequenceTrace, answers: Answers) -> Float64Array:
    """Return the mean length of the prompt of each question in its first wording, (Q,), NaN where there is none."""
    first = np.flatnonzero(answers.wording == 0)
    tokens = rollouts.part_tokens[first][:, rollouts.part_numbers(prompt_part(rollouts))].sum(axis=1)
    total, count = (
        np.bincount(answers.question[first], weights, minlength=len(answers.questions)) for weights in (tokens, None)
    )
    return np.asarray(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))


def pairs_by_length(rollouts: SequenceTrace, answers: Answers) -> BoolArray:
    """Mark, for each of B bands of generated lengths, the completions by one author that both lie in it, (B, A, Q, Q).

    On the diagonal those to two wordings of a question, off it those to the first wordings of two. Within a band
    lengths differ by a factor of sqrt(2) at most; an author's completions of a question count by their mean length.
    """
    generated = rollouts.part_tokens[:, rollouts.part_numbers(generated_parts(rollouts))].sum(axis=1)
    shape = len(answers.authors), len(answers.questions)
    cell = answers.author * shape[1] + answers.question
    first, second = (
        _cell_bands(cell[own], generated[own], shape) for own in (answers.wording == 0, answers.wording == 1)
    )
    every = np.unique(first[first >= 0])[:, None, None]
    marked = (first == every)[..., :, None] & (first == every)[..., None, :]
    own = np.arange(shape[1])
    marked[..., own, own] = (first == every) & (second == every)
    return np.asarray(marked)


def _cell_bands(cell: IntArray, tokens: IntArray, shape: tuple[int, int]) -> Int64Array:
    """Band of the mean length of each author's answers to each question, (A, Q), -1 where there is none."""
    cells = shape[0] * shape[1]
    total, count = (np.bincount(cell, weights, minlength=cells) for weights in (tokens, None))
    mean = np.divide(total, count, out=np.zeros(cells), where=count > 0)
    return np.where(mean > 0, bands(mean), -1).reshape(shape)


def _medians(generated: IntArray, answers: Answers) -> Iterator[tuple[float, str]]:
    """Lower median length of the rollouts of each author, and who that is."""
    for number, author in enumerate(answers.authors):
        own = np.sort(generated[(answers.author == number) & (answers.wording == 0)])
        if len(own):
            yield float(own[(len(own) - 1) // 2]), author


def _bands(rollouts: SequenceTrace) -> Int64Array:
    """Band of places of each part (S, P), those of prompts apart from those of what was generated."""
    prompt, generated = (rollouts.part_numbers(p) for p in (prompt_part(rollouts), generated_parts(rollouts)))
    found = np.zeros(rollouts.part_tokens.shape, dtype=np.int64)
    found[:, prompt] = -1 - bands(rollouts.part_tokens[:, prompt])
    found[:, generated] = bands(middle_places(rollouts.part_tokens[:, generated]))
    return found
