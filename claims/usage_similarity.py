"""Usage similarity (GEO Eq 14) between rollouts of every pair of questions, by author and layer."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from claims.rollout_answers import Answers, moe_layers
from fixtures.sequence_trace import SequenceTrace
from metrics.evenness import evenness

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


def similarity_tables(
    rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None, *, across_wordings: bool = False
) -> FloatArray:
    """Mean cosine of usage over all pairs of rollouts, one of question i and one of question j, by the same author.

    Parameters
    ----------
    parts : the parts whose tokens are counted, None for all
    across_wordings : compare the first wording of question i with the second of question j

    Returns
    -------
    float64 (L, A, Q, Q). On the diagonal one rollout answers the first and one the second wording of the question. Off
    it both answer the first wording of their question, unless ``across_wordings``. NaN where there is no such pair.
    """
    tables = []
    for layer in moe_layers(rollouts):
        unit = _unit(rollouts.usage_of(layer, parts))
        first, second = (_cell_means(unit, answers, wording) for wording in (0, 1))
        table = first @ np.swapaxes(second if across_wordings else first, 1, 2)
        own = np.arange(table.shape[-1])
        table[:, own, own] = (first * second).sum(axis=-1)
        tables.append(table.clip(-1.0, 1.0))
    return np.stack(tables)


def renamed_tables(rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None) -> FloatArray:
    """Exact mean of the same cosines when the experts of one of each pair are renamed at random, (L, A, Q, Q)."""
    tables = []
    for layer in moe_layers(rollouts):
        even = evenness(rollouts.usage_of(layer, parts))[:, None]
        first, second = (_cell_means(even, answers, wording)[..., 0] for wording in (0, 1))
        table = first[:, :, None] * first[:, None, :]
        own = np.arange(table.shape[-1])
        table[:, own, own] = first * second
        tables.append(table)
    return np.stack(tables)


def seed_similarity(rollouts: SequenceTrace, answers: Answers, parts: Collection[str] | None) -> FloatArray:
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


def over_authors(tables: FloatArray) -> FloatArray:
    """Return the mean over the authors that have a value, (L, A, ...) to (L, ...); NaN where none has."""
    known = ~np.isnan(tables)
    count = known.sum(axis=1)
    total = np.where(known, tables, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def _unit(usage: IntArray) -> FloatArray:
    """Rows of length 1 (S, E), NaN for a sequence without visits."""
    visits = usage.astype(np.float64)
    norm = np.linalg.norm(visits, axis=1, keepdims=True)
    return np.asarray(np.divide(visits, norm, out=np.full_like(visits, np.nan), where=norm > 0))


def _cell_means(rows: FloatArray, answers: Answers, wording: int) -> FloatArray:
    """Mean row (A, Q, C) of each author and question in one wording, NaN where there is none.

    The inner product of two means of unit vectors is the mean of the cosines of all pairs.
    """
    total, count = _cell_sums(rows, answers, wording)
    return np.divide(total, count[..., None], out=np.full_like(total, np.nan), where=count[..., None] > 0)


def _cell_sums(rows: FloatArray, answers: Answers, wording: int) -> tuple[FloatArray, FloatArray]:
    """Sum (A, Q, C) and number (A, Q) of the rows without NaN of each author and question."""
    shape = (len(answers.authors), len(answers.questions))
    kept = (answers.wording == wording) & ~np.isnan(rows).any(axis=1)
    cell = (answers.author * shape[1] + answers.question)[kept]
    total = np.zeros((shape[0] * shape[1], rows.shape[1]))
    np.add.at(total, cell, rows[kept])
    count = np.bincount(cell, minlength=len(total)).astype(np.float64)
    return total.reshape(*shape, -1), count.reshape(shape)
