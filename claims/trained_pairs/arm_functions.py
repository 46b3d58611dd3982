"""Alignment and spectra of the Jacobians of a transformer layer and its experts, each as one number."""

from typing import NamedTuple

import numpy as np

from claims.trained_pairs.arms import ArmLayer
from fixtures.evidence.jacobians import LayerFunctions
from metrics.arrays import Float64Array, FloatArray
from metrics.jacobians.cosines import cosine_table
from metrics.jacobians.token_cosines import TokenCosines
from metrics.subspaces.effective_rank import normalised_spectrum

#: Singular values below this share of the largest are 0 but for rounding to float32.
ROUNDED = 1e-6


def functions_of(layer: ArmLayer) -> LayerFunctions:
    """The functions of a layer that `claims.trained_pairs.arms.in_all_arms` let pass as studied."""
    assert layer.functions is not None
    return layer.functions


class Aligned(NamedTuple):
    """Means over pairs of experts of the Frobenius cosine of their Jacobians, in [-1, 1], and of its absolute value.

    NaN where no pair has one.
    """

    signed: float
    absolute: float


def alignment(products: FloatArray) -> Aligned:
    """Alignment of mean Jacobians, from their products (E, B, E, B)."""
    pairs = _pairs(cosine_table(products.sum(axis=(1, 3), dtype=np.float64)))
    return Aligned(_mean(pairs), _mean(np.abs(pairs)))


def token_alignment(cosines: TokenCosines) -> Aligned:
    """Mean over tokens of the alignment at one token, for the pairs of experts that were drawn."""
    return Aligned(*(_mean(_pairs(_over_tokens(cosines, part))) for part in (cosines.signed, cosines.absolute)))


def leading_value(singular: FloatArray) -> float:
    """Mean over rows (N, K) of the largest singular value; NaN without one."""
    return _mean(singular[:, 0].astype(np.float64))


def decay(singular: FloatArray, top: int) -> Float64Array:
    """Mean over rows (N, K) of s_k / s_1, the first ``top`` of them; NaN without a row that is not 0."""
    cut = normalised_spectrum(np.nan_to_num(singular[:, :top].astype(np.float64)))
    known = np.isfinite(cut).all(axis=1)
    return np.asarray(cut[known].mean(axis=0)) if known.any() else np.full(cut.shape[1], np.nan)


def values_of_rank(singular: FloatArray) -> int:
    """How many of the K values of some row are not 0: an expert of width m has m at most."""
    known = np.nan_to_num(singular)
    return int((known > ROUNDED * known[:, :1]).sum(axis=1).max(initial=0))


def _over_tokens(cosines: TokenCosines, part: FloatArray) -> Float64Array:
    """Mean over all tokens from those of each block, (B, E, E) to (E, E); NaN for a pair that was not drawn."""
    weight = np.where(np.isnan(part), 0.0, cosines.tokens[:, None, None])
    total = weight.sum(axis=0)
    summed = (weight * np.nan_to_num(part.astype(np.float64))).sum(axis=0)
    return np.asarray(np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0))


def _pairs(table: Float64Array) -> Float64Array:
    return table[np.triu_indices(len(table), 1)]


def _mean(values: Float64Array) -> float:
    """Mean of what is known; NaN of nothing."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
