"""Resampling questions: means over questions, and over pairs of questions, from tables of one value a question or pair.

A pair of questions moves with both of its questions, so a table of pairs is weighted by how often each was drawn;
two copies of one question make no pair.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from metrics.arrays import Float64Array
from metrics.stats.bootstrap import estimate_mean
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Maps how often each question was drawn, (..., Q), to a statistic (...).
OfDraws = Callable[[Float64Array], Float64Array]


def same_question(table: Float64Array) -> Float64Array:
    """Return the pairs of one question, (L, Q), from a table (L, Q, Q)."""
    return np.diagonal(table, axis1=1, axis2=2)


def mean_over_questions(values: Float64Array, sampling: Sampling) -> Estimate:
    """Estimate the mean of one value a question (Q,), NaN where a question has none."""
    known = values[~np.isnan(values)]
    return estimate_mean(known, seed=sampling.seed, unit="question", resamples=sampling.resamples)


def mean_over_pairs(table: Float64Array, sampling: Sampling) -> Estimate:
    """Estimate the mean of one value a pair of different questions (Q, Q), NaN where a pair has none.

    Questions without any pair are no units.
    """
    known = ~np.isnan(table)
    np.fill_diagonal(known, False)
    own = np.flatnonzero(known.any(axis=0) | known.any(axis=1))
    pairs = table[np.ix_(own, own)]
    return over_questions(len(pairs), lambda drawn: pair_mean(drawn, pairs), sampling)


def own_lead(own: Float64Array, others: Float64Array, sampling: Sampling) -> Estimate:
    """Estimate by how much a question's own value exceeds those with the others that it is paired with.

    Mean over pairs, so that a question counts on both sides as often, and one without any pair on neither.

    Parameters
    ----------
    own : (Q,), NaN where there is none
    others : (Q, Q), of question i beside question j, NaN where they are no pair; the diagonal is not looked at
    """
    return mean_over_pairs(own[:, None] - others, sampling)


def over_questions(count: int, statistic: OfDraws, sampling: Sampling, **options: Any) -> Estimate:
    """Estimate a statistic of how often each of ``count`` questions was drawn."""
    return sampling.of(np.arange(count), statistic, counted=True, unit="question", **options)


def own_mean(drawn: Float64Array, values: Float64Array) -> Float64Array:
    """Mean of one value a question (Q,), NaN where there is none, over drawn questions (..., Q)."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(drawn @ np.where(known, values, 0.0) / (drawn @ known))


def pair_mean(drawn: Float64Array, table: Float64Array) -> Float64Array:
    """Mean of a table of pairs (Q, Q), NaN where there is none, over drawn questions (..., Q); without its diagonal."""
    known = ~np.isnan(table)
    np.fill_diagonal(known, False)
    with np.errstate(invalid="ignore"):
        return np.asarray(pair_total(drawn, np.where(known, table, 0.0)) / pair_total(drawn, known.astype(np.float64)))


def pair_total(drawn: Float64Array, table: Float64Array) -> Float64Array:
    """Sum of a table (Q, Q) over drawn questions (..., Q).

    An entry (i, j) counts once for every draw of i and of j, one on the diagonal once for every draw of i.
    """
    diagonal = np.diagonal(table)
    apart = table - np.diag(diagonal)
    total = drawn @ diagonal
    return np.asarray(total + ((drawn @ apart) * drawn).sum(axis=-1) if apart.any() else total)
