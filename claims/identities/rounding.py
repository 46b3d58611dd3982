"""When a generated token's choice is decided by rounding: stated as a bound, never as a loose tolerance."""

import numpy as np
import numpy.typing as npt

from fixtures.planted.strategies import RouterCase
from metrics.arrays import Float64Array, Int64Array
from metrics.routing.near_ties import logit_error
from metrics.routing.rule import LOGIT_SLOPES
from metrics.routing.selection import selection_margin, selection_scores

EPS = 2.0**-52


def score_error(router: RouterCase, hidden: Float64Array, extra: Float64Array | float = 0.0) -> Float64Array:
    """Bound (N,) on how far float64 puts any selection score of a token from its exact value.

    The error of the logits (`logit_error`, plus ``extra``) times the score's Lipschitz constant; E + 8
    roundings of the score function (its sum over experts, exp, log); one of adding the selection bias.
    """
    rule = router.rule
    logits = logit_error(hidden, router.weight, router.bias).max(axis=1) + extra
    scores = selection_scores(rule, router.logits(hidden))
    size = np.abs(np.where(np.isfinite(scores), scores, 0.0)).max(axis=1)
    size = np.maximum(size, 1.0) + (0.0 if rule.bias is None else 2 * float(np.abs(rule.bias).max()))
    return np.asarray(LOGIT_SLOPES[rule.score] * logits + (router.experts + 8) * EPS * size)


def tied(router: RouterCase, hidden: Float64Array, extra: Float64Array | float = 0.0) -> npt.NDArray[np.bool_]:
    """Tokens (N,) whose choice rounding could change: margin <= twice `score_error`."""
    margin = selection_margin(router.rule, router.logits(hidden))
    return np.asarray(margin <= 2 * score_error(router, hidden, extra))


def same_set(first: Int64Array, second: Int64Array) -> npt.NDArray[np.bool_]:
    """Whether two choices (N, k) name the same experts, in any order; shape (N,)."""
    return np.asarray((np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1))
