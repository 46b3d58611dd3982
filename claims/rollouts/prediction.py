"""Whether one similarity of pairs of questions predicts another: rank correlation and held-out R^2.

Tables are (A, Q, Q), one an author; pairs are (i, j) with i <= j, a pair (i, i) being the two wordings of one
question. Ranks and lines are each author's own, so that what sets authors apart predicts nothing.
"""

import numpy as np
from scipy.stats import rankdata

from claims.shared.question_bootstrap import over_questions, pair_total
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.held_out import held_out_errors
from metrics.stats.sampling import Sampling


def rank_correlation(x: Float64Array, y: Float64Array, pairs: BoolArray, sampling: Sampling) -> Estimate:
    """Estimate Spearman's correlation within authors, resampling questions.

    The ranks are those of all pairs of an author, whatever is drawn, divided by their number; authors are pooled.

    Parameters
    ----------
    x, y : (A, Q, Q), read where ``pairs`` holds
    pairs : (A, Q, Q), the pairs i <= j of each author
    """
    a, b = _ranks(x, pairs), _ranks(y, pairs)
    tables = [table.sum(axis=0) for table in (pairs.astype(np.float64), a, b, a * a, b * b, a * b)]

    def correlation(drawn: Float64Array) -> Float64Array:
        n, sa, sb, saa, sbb, sab = (pair_total(drawn, table) for table in tables)
        power = (saa - sa * sa / n) * (sbb - sb * sb / n)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(power > 0, (sab - sa * sb / n) / np.sqrt(power), np.nan)).clip(-1.0, 1.0)

    return over_questions(x.shape[1], correlation, sampling)


def held_out_r2(x: Float64Array, y: Float64Array, pairs: BoolArray, sampling: Sampling) -> Estimate:
    """Estimate R^2 of a linear prediction of y by x, each pair predicted from those that share no question with it.

    R^2 = 1 - (squared errors of the lines) / (squared errors of the means), summed over authors and pairs; the
    predictions are made once, from all questions, and their errors are resampled by question.

    Parameters
    ----------
    x, y, pairs : as in `rank_correlation`
    """
    errors = [held_out_errors(a, b, own) for a, b, own in zip(x, y, pairs, strict=True)]
    line, mean = (np.sum([found[i] for found in errors], axis=0) for i in (0, 1))

    def r2(drawn: Float64Array) -> Float64Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - pair_total(drawn, line) / pair_total(drawn, mean))

    return over_questions(x.shape[1], r2, sampling)


def _ranks(values: Float64Array, pairs: BoolArray) -> Float64Array:
    """Ranks of each author's pairs, centred and divided by their number, 0 where there is no pair."""
    ranks = np.zeros(values.shape)
    for number, own in enumerate(pairs):
        count = max(1, int(np.count_nonzero(own)))
        ranks[number][own] = (rankdata(values[number][own]) - (count + 1) / 2) / count
    return ranks
