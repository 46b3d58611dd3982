"""Usage similarity (GEO Eq 14) between rollouts of every pair of questions, by author and layer."""

from collections.abc import Collection

import numpy as np

from claims.shared.answers import Answers, moe_layers
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array, IntArray
from metrics.stats.known_mean import known_mean
from metrics.usage.counting_noise import ceiling
from metrics.usage.profiles import evenness


def similarity_tables(
    rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None, *, noiseless: bool = False
) -> Float64Array:
    """Mean cosine of usage over all pairs of rollouts, one of question i and one of question j, by the same author.

    Parameters
    ----------
    parts : the parts whose tokens are counted, None for all
    noiseless : divide each cosine by what counting noise leaves of it,
        `metrics.usage.counting_noise.ceiling`; it may exceed
        1. Where the tokens of one cannot tell, it is 1, the most that a cosine can be.

    Returns
    -------
    float64 (L, A, Q, Q). On the diagonal one rollout answers the first and one the second wording of the question; off
    it both answer the first wording of their question. NaN where there is no such pair.
    """
    found = []
    for visits, tokens in _counted(rollouts, parts):
        if not noiseless:
            found.append(_table(_unit(visits), answers).clip(-1.0, 1.0))
            continue
        limit = _root_ceiling(visits, tokens)
        told = np.where(visits.any(axis=1, keepdims=True), np.isfinite(limit), np.nan)
        found.append(np.where(_table(told, answers) < 1, 1.0, _table(_unit(visits) / limit, answers)))
    return np.stack(found)


def renamed_tables(rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None) -> Float64Array:
    """Exact mean of the same cosines when the experts of one of each pair are renamed at random, (L, A, Q, Q)."""
    return np.stack([_table(evenness(visits)[:, None], answers) for visits, _ in _counted(rollouts, parts)])


def ceiling_tables(rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None) -> Float64Array:
    """Mean cosine that counting noise would leave of the same pairs, were their usage equal, (L, A, Q, Q).

    Where the tokens of a rollout cannot tell its usage from noise, it is 0.
    """
    found = []
    for visits, tokens in _counted(rollouts, parts):
        limit = np.nan_to_num(_root_ceiling(visits, tokens))
        found.append(_table(np.where(visits.any(axis=1, keepdims=True), limit, np.nan), answers))
    return np.stack(found)


def seed_similarity(rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None) -> Float64Array:
    """Mean cosine of usage over pairs of different rollouts of one question's first wording by one author.

    Returns
    -------
    float64 (L, A, Q), NaN where an author has fewer than two such rollouts with tokens in the parts
    """
    found = []
    for layer in moe_layers(rollouts):
        total, count = _cell_sums(_unit(rollouts.usage_of(layer, parts)), answers, 0)
        pairs = count * (count - 1)
        alike = (total**2).sum(axis=-1) - count  # the sum over ordered pairs of different unit vectors
        found.append(np.divide(alike, pairs, out=np.full_like(count, np.nan), where=pairs > 0))
    return np.stack(found)


def over_authors(tables: Float64Array) -> Float64Array:
    """Return the mean over the authors that have a value, (L, A, ...) to (L, ...); NaN where none has."""
    return known_mean(tables, axis=1)


def _counted(rollouts: SequenceTrace, parts: Collection[str] | None) -> list[tuple[IntArray, IntArray]]:
    """Visits (S, E) at each MoE layer, and tokens (S,), in the parts."""
    tokens = rollouts.part_tokens[:, rollouts.part_numbers(parts)].sum(axis=1)
    return [(rollouts.usage_of(layer, parts), tokens) for layer in moe_layers(rollouts)]


def _table(rows: Float64Array, answers: Answers) -> Float64Array:
    """Mean inner product of the rows (S, C) of each pair, (A, Q, Q), as in `similarity_tables`."""
    first, second = (_cell_means(rows, answers, wording) for wording in (0, 1))
    table = first @ np.swapaxes(first, 1, 2)
    own = np.arange(table.shape[-1])
    table[:, own, own] = (first * second).sum(axis=-1)
    return np.asarray(table)


def _root_ceiling(visits: IntArray, tokens: IntArray) -> Float64Array:
    """Root of each profile's ceiling, (S, 1): two of them make the cosine that a pair of equal usage would reach."""
    return np.asarray(np.sqrt(ceiling(visits, tokens)))[:, None]


def _unit(usage: IntArray) -> Float64Array:
    """Rows of length 1 (S, E), NaN for a sequence without visits."""
    visits = usage.astype(np.float64)
    norm = np.linalg.norm(visits, axis=1, keepdims=True)
    return np.asarray(np.divide(visits, norm, out=np.full_like(visits, np.nan), where=norm > 0))


def _cell_means(rows: Float64Array, answers: Answers, wording: int) -> Float64Array:
    """Mean row (A, Q, C) of each author and question in one wording, NaN where there is none.

    The inner product of two means of unit vectors is the mean of the cosines of all pairs.
    """
    total, count = _cell_sums(rows, answers, wording)
    return np.divide(total, count[..., None], out=np.full_like(total, np.nan), where=count[..., None] > 0)


def _cell_sums(rows: Float64Array, answers: Answers, wording: int) -> tuple[Float64Array, Float64Array]:
    """Sum (A, Q, C) and number (A, Q) of the rows without NaN of each author and question."""
    shape = (len(answers.authors), len(answers.questions))
    kept = (answers.wording == wording) & ~np.isnan(rows).any(axis=1)
    cell = (answers.author * shape[1] + answers.question)[kept]
    total = np.zeros((shape[0] * shape[1], rows.shape[1]))
    np.add.at(total, cell, rows[kept])
    count = np.bincount(cell, minlength=len(total)).astype(np.float64)
    return total.reshape(*shape, -1), count.reshape(shape)
