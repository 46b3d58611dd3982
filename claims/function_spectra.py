"""Leading singular values of experts' Jacobians: of the mean over their own visits, and at single visits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import svdvals

from claims.function_sums import JacobianSums, Tokens
from claims.function_trace import FloatArray, IntArray
from metrics.arrays import Float64Array
from metrics.expert import Expert, local_jacobians
from metrics.expert_jacobian import jacobian_operator, leading_singular_values, mean_jacobian

#: Singular values that are kept.
LEADING = 16
#: Own visits of a layer whose Jacobians are looked at one by one.
SINGLE = 64
#: Width up to which a Jacobian is formed.
FORMED = 512


class SingleVisits(NamedTuple):
    """Singular values (T, K) at T visits, and their blocks, int64 (T,)."""

    leading: FloatArray
    block: IntArray


def mean_spectra(sums: JacobianSums, visits: IntArray, rng: np.random.Generator) -> FloatArray:
    """The K largest singular values of each expert's mean Jacobian, float32 (E, K); NaN without visits.

    Parameters
    ----------
    visits : int64 (E,), how many Jacobians each sum is of
    rng : draws start vectors
    """
    whole = sums.together
    found = np.full((len(visits), min(LEADING, sums.width)), np.nan, dtype=np.float32)
    for number in np.flatnonzero(visits).tolist():
        terms, count = whole.terms[number], int(visits[number])
        diagonal = whole.diagonal[number, 0] / count
        found[number] = _leading(sums.experts[number], diagonal, terms.left / count, terms.right, rng)
    return found


def visit_spectra(
    experts: Sequence[Expert], tokens: Sequence[Tokens], visits: IntArray, rng: np.random.Generator
) -> SingleVisits:
    """The same of the Jacobian at single own visits, drawn so that every visit of the layer is as likely.

    Parameters
    ----------
    tokens : kept own visits of each expert, in random order
    visits : int64 (E,), all visits of each expert, kept or not
    rng : draws visits and start vectors
    """
    kept = np.array([len(own.block) for own in tokens])
    share = np.where(kept > 0, visits, 0).astype(np.float64)
    drawn = rng.multinomial(SINGLE, share / share.sum()) if share.any() else np.zeros(len(kept), dtype=np.int64)
    spectra, blocks = [], []
    for number in np.flatnonzero(drawn).tolist():
        own, count = tokens[number], min(int(drawn[number]), int(kept[number]))
        expert = experts[number]
        local = local_jacobians(expert, own.states[:count])
        parts = zip(local.diagonal, local.left, local.right, strict=True)
        spectra += [_leading(expert, *part, rng) for part in parts]
        blocks.append(own.block[:count])
    top = min(LEADING, tokens[0].states.shape[1])
    return SingleVisits(
        np.array(spectra, dtype=np.float32).reshape(-1, top), np.concatenate([np.zeros(0, dtype=np.int64), *blocks])
    )


def _leading(
    expert: Expert, diagonal: Float64Array, left: Float64Array, right: Float64Array, rng: np.random.Generator
) -> Float64Array:
    """Singular values of one Jacobian, or mean one, given its diagonal and its rank-one terms."""
    width = expert.gate.shape[1]
    top = min(LEADING, width)
    if width <= FORMED:
        return np.asarray(svdvals(mean_jacobian(expert, diagonal, left.T @ right))[:top])
    if not diagonal.any() and not (left.any() and right.any()):
        return np.zeros(top)
    return leading_singular_values(jacobian_operator(expert, diagonal, left, right), top, rng)
