"""Choices of experts as good as tied: how far rounding moves logits and scores, and what a rule settles despite it."""

from typing import NamedTuple

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64
from metrics.routing.rule import Groups, RoutingRule, score
from metrics.routing.selection import biased_scores, group_scores, limited, select, winning_groups

EPS32 = float(np.finfo(np.float32).eps)


class Audit(NamedTuple):
    """What a rule says about a captured choice.

    Attributes
    ----------
    wrong : bool (N,), tokens whose choice the rule excludes
    tied : bool (N,), tokens where the given errors of the logits could make another choice
    rank : float64 (N, k), selection score of each captured expert
    """

    wrong: BoolArray
    tied: BoolArray
    rank: Float64Array


def logit_error(hidden: FloatArray, weight: FloatArray, bias: FloatArray | None, eps: float = 2.0**-52) -> Float64Array:
    """Bound on |computed - exact| of z = W h + b, whatever the order of summation.

    gamma_n (|W| |h| + |b|) with gamma_n = n u / (1 - n u), u = eps / 2 (Higham 2002, section 3.1); n = D + 3
    covers the D products and sums, the bias, and one rounding of h and of W themselves.

    Parameters
    ----------
    hidden : h, float array of shape (N, D)
    weight : W, float array of shape (E, D)
    bias : b, float array of shape (E,), or None
    eps : machine epsilon of the arithmetic; float64's unless said otherwise

    Returns
    -------
    float64 array of shape (N, E), in logit units

    Raises
    ------
    ValueError
        When n u >= 1: so coarse an arithmetic bounds nothing.

    Examples
    --------
    One product of 1 and 1 with eps = 0.2: n u = 4 x 0.1, hence 0.4 / 0.6.

    >>> logit_error(np.ones((1, 1)), np.ones((1, 1)), None, eps=0.2).round(6).tolist()
    [[0.666667]]
    """
    steps = (weight.shape[1] + 3) * eps / 2
    if steps >= 1:
        raise ValueError(f"{weight.shape[1]} terms at eps = {eps} leave no correct digit")
    size = np.abs(as_float64(hidden)) @ np.abs(as_float64(weight)).T
    total = size if bias is None else size + np.abs(as_float64(bias))
    return np.asarray(steps / (1 - steps) * total)


def audit(
    rule: RoutingRule, logits: FloatArray, experts: IntArray, eps: float, error: FloatArray | None = None
) -> Audit:
    """Compare captured experts with the selection scores of a rule.

    A choice is allowed when its lowest selection score is at least the highest one left out, less one
    unit of rounding of the logits' type; a choice that follows from a tie between groups is allowed too.
    A chosen and a left-out expert are tied when their scores, each moved by its own error against the
    other, meet; under group limits the same goes for chosen and left-out groups.

    Parameters
    ----------
    logits : array of shape (N, E)
    experts : integer array of shape (N, k)
    eps : unit of rounding, relative, of the logits
    error : bound on the error of each logit, of shape (N, E); None for no error, no token is tied then

    Examples
    --------
    >>> rule = RoutingRule("identity", None, None, 1, "softmax", 1.0)
    >>> found = audit(rule, np.array([[1.0, 2.0], [2.0, 2.0]]), np.array([[0], [0]]), EPS32)
    >>> found.wrong.tolist()
    [True, False]
    """
    biased = biased_scores(rule, logits)
    scores = limited(rule, biased)
    index = np.asarray(experts, dtype=np.int64)
    rank = np.take_along_axis(scores, index, axis=1)
    rest = scores.copy() if scores is biased else scores
    np.put_along_axis(rest, index, -np.inf, axis=1)
    lowest, highest = rank.min(axis=1), rest.max(axis=1)
    unit = (eps + 16.0 * EPS32) * (np.maximum(_size(lowest), _size(highest)) + _other_size(rule))
    wrong = ~(lowest >= highest - unit)
    if rule.groups is not None and wrong.any():
        wrong[wrong] &= ~_groups_tied(rule.groups, biased[wrong], 2.0 * unit[wrong, None])
    tied = np.zeros(len(rank), dtype=bool)
    if error is not None and index.shape[1] < biased.shape[1]:
        moved = score_error(rule, logits, error)
        low = (rank - np.take_along_axis(moved, index, axis=1)).min(axis=1)
        high = (rest + moved).max(axis=1)
        tied = (low <= high) & np.isfinite(high)
        if rule.groups is not None:
            tied |= _groups_tied(rule.groups, biased, group_scores(rule.groups, moved))
    return Audit(wrong, tied, rank)


def near_ties(rule: RoutingRule, logits: FloatArray, error: FloatArray) -> BoolArray:
    """Find the tokens where errors of the logits, bounded by ``error`` (N, E), could make another choice; bool (N,).

    Examples
    --------
    >>> rule = RoutingRule("identity", None, None, 1, "softmax", 1.0)
    >>> near_ties(rule, np.array([[1.0, 2.0], [1.9, 2.0]]), np.full((2, 2), 0.1)).tolist()
    [False, True]
    """
    return audit(rule, logits, select(rule, logits), EPS32, error).tied


def score_error(rule: RoutingRule, logits: FloatArray, error: FloatArray) -> Float64Array:
    """Error of the selection scores for an error of the logits, to first order; float64 (N, E).

    Sigmoid: s (1 - s) error; softmax: p_e (error_e + sum of p error); sqrt(softplus): sigmoid / (2 s) error.

    Examples
    --------
    >>> rule = RoutingRule("sigmoid", None, None, 1, "sigmoid", 1.0)
    >>> score_error(rule, np.zeros((1, 1)), np.full((1, 1), 0.1)).tolist()
    [[0.025]]
    """
    bound = np.broadcast_to(as_float64(error), np.shape(logits))
    if rule.score == "identity":
        return bound
    plain = score(rule.score, logits)
    if rule.score == "sigmoid":
        return plain * (1.0 - plain) * bound
    if rule.score == "softmax":
        return np.asarray(plain * (bound + (plain * bound).sum(axis=1, keepdims=True)))
    return score("sigmoid", logits) / (2.0 * np.maximum(plain, 1e-150)) * bound


def _groups_tied(groups: Groups, biased: Float64Array, error: Float64Array) -> BoolArray:
    """Whether another choice of groups is within the error of each group's rank."""
    ranks = group_scores(groups, biased)
    winners = winning_groups(groups, biased)
    low = np.where(winners, ranks - error, np.inf).min(axis=1)
    high = np.where(winners, -np.inf, ranks + error).max(axis=1)
    return np.asarray(low <= high)


def _other_size(rule: RoutingRule) -> float:
    """Size of what is rounded beside the scores: the bias, or 1 where ranking z stands for ranking any monotone score.

    A softmax that is off by eps, relatively, is that of a logit that is off by eps, absolutely.
    """
    other = 1.0 if rule.score == "identity" else 0.0
    return other if rule.bias is None else other + float(np.abs(rule.bias).max())


def _size(values: Float64Array) -> Float64Array:
    return np.where(np.isfinite(values), np.abs(values), 0.0)
