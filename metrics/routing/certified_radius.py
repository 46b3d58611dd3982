"""How far a token's hidden state can move, in any direction, before the router may choose other experts.

The part of GEO Prop 1 that is not a tautology: routing is piecewise constant, so near hidden states give the
SAME experts, and how near is near enough can be certified token by token.
"""

from typing import NamedTuple

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64
from metrics.routing import rule
from metrics.routing.rule import SCORES, Groups, Score, score_slopes
from metrics.routing.selection import group_scores

#: Entries of one chunk of tokens x experts.
CHUNK = 2**20


class Radius(NamedTuple):
    """Certified radii of N tokens.

    Attributes
    ----------
    value : float64 (N,), L2 distance in hidden units, >= 0; infinite where no move can change the choice
    exact : True when ``value`` is the distance to the nearest point with other experts, False when it is a
        lower bound on it
    first, second : int64 (N,), the chosen and the unchosen expert that would swap first; both -1 where the
        ranking of groups binds, or nothing does
    """

    value: Float64Array
    exact: bool
    first: IntArray
    second: IntArray


def certified_radius(
    logits: FloatArray,
    weight: FloatArray,
    experts: IntArray,
    *,
    score: Score,
    bias: FloatArray | None,
    groups: Groups | None,
) -> Radius:
    """Radius of the open ball around each token's hidden state inside which the router chooses alike.

    Plain top-k of z = W h, or of z + bias: the choice changes where some unchosen j overtakes some chosen
    i, a half-space at distance (s_i - s_j) / ||w_i - w_j||; the least of them is exact. A monotone score
    without bias or groups chooses as z does, and is exact too. Otherwise a lower bound from the Lipschitz
    constants L_e of the selection scores, (s_i - s_j) / (L_i + L_j): L_e is ||w_e|| / 4 for sigmoid,
    0.3191 ||w_e|| for sqrtsoftplus and sqrt(2)/4 ||Pi_e W||_2 for softmax, where Pi_e = I - 11^T/E drops the
    common shift that softmax ignores (so two of them give the sqrt(2)/2 of a Jacobian of norm <= 1/2). With
    groups the set of chosen groups must hold as well: a group's score has the constant of its largest member
    ("max") or the sum of its two largest ("top2"). An expert outside the chosen groups competes with the
    constant ``fill``.

    Parameters
    ----------
    logits : z as the router computed it, its own bias included, float array of shape (N, E)
    weight : W, float array of shape (E, D)
    experts : the choice that the model made, int array of shape (N, k), in any order
    score : ``identity``, ``softmax``, ``sigmoid`` or ``sqrtsoftplus``
    bias : selection-only bias, float array of shape (E,), or None
    groups : `Groups` or None

    Returns
    -------
    Radius. 0 where the captured choice is not what the rule makes of the logits, and where it is tied: such
    tokens are certified nowhere. Valid up to the rounding of the logits, divided by the same norms.

    Raises
    ------
    ValueError
        For an unknown score or group score, groups that do not divide the experts, or logits that are not
        finite.

    Notes
    -----
    GEO Prop 1 (reconstructed: the paper bounds logits, this certifies the choice).

    Examples
    --------
    Two experts listen to two axes, w_0 - w_1 = (1, -1): from z = (3, 1) a swap is 2 / sqrt(2) away.

    >>> rule = dict(score="identity", bias=None, groups=None)
    >>> certified_radius(np.array([[3.0, 1.0]]), np.eye(2), np.array([[0]]), **rule).value.round(6).tolist()
    [1.414214]
    """
    _check(logits, score, groups)
    shift = None if bias is None or not np.any(bias) else as_float64(bias)
    fill = _effective_fill(score, shift, groups)
    if shift is None and (groups is None or (groups.score == "max" and fill == -np.inf)):
        score = "identity"
    matrix = as_float64(weight)
    slope = score_slopes(matrix, score)
    gap = _pair_slopes(matrix, score, slope)
    step = max(1, CHUNK // logits.shape[1])
    parts = []
    for start in range(0, max(1, len(logits)), step):
        scores = rule.score(score, logits[start : start + step]) + (0.0 if shift is None else shift)
        chosen = np.asarray(experts[start : start + step], dtype=np.int64)
        limit, inside = _group_radius(scores, slope, groups)
        parts.append(_nearest_swap(np.where(inside, scores, fill), inside, chosen, gap, limit))
    value, first, second = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Radius(value, score == "identity" and groups is None, first, second)


def _check(logits: FloatArray, score: Score, groups: Groups | None) -> None:
    if score not in SCORES:
        raise ValueError(f"unknown score {score!r}; known: {', '.join(SCORES)}")
    bad = int(np.count_nonzero(~np.isfinite(logits)))
    if bad:
        raise ValueError(f"{bad} logits are not finite")
    if groups is None:
        return
    if groups.score not in ("max", "top2"):
        raise ValueError(f"unknown group score {groups.score!r}; known: max, top2")
    if logits.shape[1] % groups.count or not 0 < groups.chosen <= groups.count:
        raise ValueError(f"{groups.chosen} of {groups.count} groups do not fit {logits.shape[1]} experts")


def _effective_fill(score: Score, bias: Float64Array | None, groups: Groups | None) -> float:
    """Minus infinity where no expert of a chosen group can ever score as low as the fill."""
    if groups is None:
        return -np.inf
    # Every score but the identity is positive, so that a selection score stays above its bias.
    floor = 0.0 if bias is None else float(bias.min())
    return -np.inf if score != "identity" and floor >= groups.fill else groups.fill


def _pair_slopes(weight: Float64Array, score: Score, slope: Float64Array) -> Float64Array:
    """Lipschitz constants (E+1, E+1) of score differences; the last row and column are a constant score."""
    padded = np.append(slope, 0.0)
    pair = padded[:, None] + padded
    if score == "identity":
        for i, row in enumerate(weight):
            # By differences, not by a Gram matrix: near-duplicate rows must not cancel.
            pair[i, :-1] = np.linalg.norm(row - weight, axis=1)
    return np.asarray(pair)


def _group_radius(scores: Float64Array, slope: Float64Array, groups: Groups | None) -> tuple[Float64Array, BoolArray]:
    """Radius (N,) inside which the chosen groups stay, and which experts (N, E) are in them."""
    tokens, experts = scores.shape
    if groups is None:
        return np.full(tokens, np.inf), np.ones(scores.shape, dtype=np.bool_)
    size = experts // groups.count
    ranks, steep = group_scores(groups, scores), group_scores(groups, slope[None])[0]
    order = np.argsort(-ranks, axis=1, kind="stable")
    won, lost = order[:, : groups.chosen], order[:, groups.chosen :]
    margin = np.take_along_axis(ranks, won, 1)[:, :, None] - np.take_along_axis(ranks, lost, 1)[:, None]
    radius = _distance(margin, steep[won][:, :, None] + steep[lost][:, None])
    chosen = np.zeros(ranks.shape, dtype=np.bool_)
    np.put_along_axis(chosen, won, True, axis=1)
    return radius.min(axis=(1, 2), initial=np.inf), np.repeat(chosen, size, axis=1)


def _nearest_swap(
    scores: Float64Array, inside: BoolArray, chosen: IntArray, gap: Float64Array, limit: Float64Array
) -> tuple[Float64Array, IntArray, IntArray]:
    """Least distance (N,), up to ``limit``, at which an unchosen expert overtakes a chosen one; and who."""
    tokens, experts = scores.shape
    rows = np.arange(tokens)
    column = np.where(inside, np.arange(experts), experts)
    value = limit.copy()
    first, second = np.full(tokens, -1), np.full(tokens, -1)
    for i in chosen.T:
        with np.errstate(invalid="ignore"):  # two masked experts: -inf - -inf is a tie
            margin = np.nan_to_num(scores[rows, i][:, None] - scores, nan=0.0, posinf=np.inf, neginf=-np.inf)
        radius = _distance(margin, gap[column[rows, i][:, None], column])
        np.put_along_axis(radius, chosen, np.inf, axis=1)
        j = radius.argmin(axis=1)
        nearer = radius[rows, j] < value
        value[nearer], first[nearer], second[nearer] = radius[rows, j][nearer], i[nearer], j[nearer]
    return value, first, second


def _distance(margin: Float64Array, slope: Float64Array) -> Float64Array:
    """Margin over slope: 0 for a margin that is not positive, infinite for one that no move can lessen."""
    positive = margin > 0
    quotient = np.divide(margin, slope, out=np.full(margin.shape, np.inf), where=positive & (slope > 0))
    return np.asarray(np.where(positive, quotient, 0.0))
