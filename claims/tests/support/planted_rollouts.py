"""Planted rollouts: who answered what, and usage drawn from profiles or made of sets, with known truth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.text_fit import TextFit
from fixtures.planted.sequences import planted_sequences
from fixtures.rollouts.population import part_names
from metrics.arrays import Float64Array, IntArray


@dataclass(frozen=True)
class Cast:
    """Sizes of planted rollouts: every author answers every question, wording 0 with all seeds, wording 1 once."""

    questions: int = 16
    kinds: int = 4
    authors: int = 3
    seeds: int = 2
    layers: int = 1
    experts: int = 16
    tokens: int = 64
    wordings: int = 2
    prompt_tokens: int = 200

    @property
    def rows(self) -> IntArray:
        """Question, author, wording and seed of each of S rollouts, (S, 4)."""
        again = [(0, seed) for seed in range(self.seeds)] + [(wording, 0) for wording in range(1, self.wordings)]
        return np.array([(q, a, *more) for q in range(self.questions) for a in range(self.authors) for more in again])

    @property
    def labels(self) -> dict[str, list[str]]:
        """The labels of the rollouts; question i is of kind i modulo the number of kinds."""
        rows = self.rows
        return {
            "question": [f"question {q}" for q in rows[:, 0]],
            "author": [f"author {a}" for a in rows[:, 1]],
            "wording": [str(w) for w in rows[:, 2]],
            "seed": [str(s) for s in rows[:, 3]],
            "kind": [f"kind {q % self.kinds}" for q in rows[:, 0]],
        }

    @property
    def parts(self) -> tuple[str, ...]:
        """The prompt, then the halves of each bin of generated length."""
        return part_names(self.tokens)

    @property
    def part_tokens(self) -> IntArray:
        """Tokens of each part, (P,): bins end at 8, 16, 32 ..., the halves meet in the middle."""
        place = np.arange(self.tokens)
        number = np.where(place < 8, 0, np.floor(np.log2(np.maximum(place, 1))).astype(int) - 2)
        part = 1 + 2 * number + (place >= (self.tokens + 1) // 2)
        counts = np.bincount(part, minlength=len(self.parts))
        counts[0] = self.prompt_tokens
        return counts


def drawn_rollouts(
    cast: Cast, prompt: Float64Array, generated: Float64Array, rng: np.random.Generator
) -> SequenceTrace:
    """Draw every token's expert from the profile of its part.

    Parameters
    ----------
    prompt : broadcasts to (L, S, E)
    generated : broadcasts to (L, S, P - 1, E)
    """
    tokens, sequences = cast.part_tokens, len(cast.rows)
    shape = (cast.layers, sequences, len(tokens), cast.experts)
    profile = np.empty(shape)
    profile[:, :, 0] = prompt
    profile[:, :, 1:] = generated
    usage = rng.multinomial(tokens, profile / profile.sum(axis=-1, keepdims=True))
    return planted_sequences(usage, labels=cast.labels, parts=cast.parts)


def set_rollouts(cast: Cast, members: npt.NDArray[np.bool_]) -> SequenceTrace:
    """Make each part of a rollout use its set of experts, so that exactly they hold more than 80 % of the visits.

    Parameters
    ----------
    members : (L, S, E), at most four in five experts of each rollout
    """
    size = members.sum(axis=-1, keepdims=True)
    visits = np.where(members, 8100 // size, 1900 // (cast.experts - size))
    usage = np.repeat(visits[:, :, None], len(cast.parts), axis=2)
    return planted_sequences(usage, labels=cast.labels, parts=cast.parts)


def with_identity(rollouts: SequenceTrace, identity: SequenceTrace) -> SequenceTrace:
    """Let the control of token identity say what other rollouts, of as many visits, used."""
    pairs = zip(rollouts.layers, identity.layers, strict=True)
    return replace(rollouts, layers=tuple(replace(own, by_identity=other.usage) for own, other in pairs))


def unmodelled(world: Callable[[], SequenceTrace], **given: Any) -> Case:
    """Return the case of rollouts that the model predicts hardly better than token frequencies do."""

    def build() -> SequenceTrace:
        rollouts = world()
        nll = np.where(rollouts.part_tokens.sum(axis=1) > 1, 3.0, np.nan)
        return replace(rollouts, fit=TextFit(nll, nll + 0.3))

    return Case(
        "a model that does not model the rollouts", Verdict.NOT_APPLICABLE, rollouts=build,
        says="gained on the rollouts over token frequencies = 0.3", **given,
    )  # fmt: skip


def best(scores: Float64Array, size: int | IntArray) -> npt.NDArray[np.bool_]:
    """Mark the ``size`` experts of highest score, (..., E)."""
    rank = np.argsort(np.argsort(-scores, axis=-1), axis=-1)
    return np.asarray(rank < np.asarray(size)[..., None] if np.ndim(size) else rank < size)


def mixed_scores(
    cast: Cast, rng: np.random.Generator, *, common: float, question: float, author: float, both: float, seed: float
) -> Float64Array:
    """Scores (L, S, E): Gaussian parts that all rollouts share, or those of a question, an author, both, or none."""
    q, a = cast.rows[:, 0], cast.rows[:, 1]
    normal = rng.standard_normal
    width = (cast.layers, 1, cast.experts)
    return np.asarray(
        common * normal(width)
        + question * normal((cast.layers, cast.questions, cast.experts))[:, q]
        + author * normal((cast.layers, cast.authors, cast.experts))[:, a]
        + both * normal((cast.layers, cast.questions * cast.authors, cast.experts))[:, q * cast.authors + a]
        + seed * normal((cast.layers, len(q), cast.experts))
    )


def profiles(rng: np.random.Generator, cast: Cast, count: int, concentration: float = 0.3) -> Float64Array:
    """Profiles (count, E), the less even the smaller the concentration."""
    return rng.dirichlet(np.full(cast.experts, concentration), count)
