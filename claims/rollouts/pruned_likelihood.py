"""Likelihood of texts with most experts of the last layers gone, question by question.  GEO Fig. 8."""

from collections.abc import Sequence

import numpy as np

from fixtures.evidence.ablation import Pruning
from metrics.arrays import Float64Array, FloatArray, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: A smaller rise on prompts counts as this, so that a rise on nothing is no multiple of it.
LEAST = 0.01


def of_questions(pruned: Pruning, columns: Sequence[FloatArray | IntArray]) -> Float64Array:
    """Sums over the texts of each question, (Q, C), of C columns of one value a text."""
    names = pruned.labels.get("question") or ("",) * len(pruned.prompt)
    questions = np.unique([name or f"text {i}" for i, name in enumerate(names)], return_inverse=True)[1]
    return np.stack([np.bincount(questions, weights=column) for column in columns], axis=1)


def by_question(pruned: Pruning, keep: str, depth: int) -> Float64Array:
    """NLL sums of each question, (R, Q, 4): prompts pruned and whole, completions pruned and whole."""
    score = pruned.score(keep, depth)  # type: ignore[arg-type]
    draws = zip(score.prompt, score.completion, strict=True)
    return np.array([of_questions(pruned, [prompt, pruned.prompt, own, pruned.completion]) for prompt, own in draws])


def increase(rows: Float64Array, part: int) -> Float64Array:
    """Relative rise of the summed NLL over questions, from rows (..., Q, 4); part 0 prompts, 1 completions."""
    total = rows.sum(axis=-2)
    return np.asarray(total[..., 2 * part] / total[..., 2 * part + 1] - 1.0)


def multiple(rows: Float64Array) -> Float64Array:
    """The completions' rise over the prompts', which counts as a hundredth at least: 2 of it are 2 % of the NLL."""
    return increase(rows, 1) / np.maximum(increase(rows, 0), LEAST)


def rise(table: Float64Array, part: int, sampling: Sampling) -> Estimate:
    """The relative rise on prompts or completions, resampling the questions that have them."""
    own = table[table[:, 2 * part + 1] > 0]
    return sampling.of(own, lambda rows: increase(rows, part), unit="question")


def paired(table: Float64Array) -> Float64Array:
    """The questions (Q', 4) that have a prompt and a completion."""
    return table[(table[:, 1] > 0) & (table[:, 3] > 0)]


def lead(rows: Float64Array) -> Float64Array:
    """Relative rise of one choice less that of another, from NLL sums (..., Q, 3): one, other, whole."""
    total = rows.sum(axis=-2)
    return np.asarray((total[..., 0] - total[..., 1]) / total[..., 2])


def per_token(rows: Float64Array) -> Float64Array:
    """Sum of the first column over that of the second, from rows (..., Q, 2)."""
    total = rows.sum(axis=-2)
    return np.asarray(total[..., 0] / total[..., 1])
