"""What is known of the experts of a trained arm at held-out tokens, before anything is compared."""

from typing import NamedTuple

import numpy as np

from claims.mlp_world import Float64


class Functions(NamedTuple):
    """The Jacobians of E experts at the first n tokens, float64.

    Attributes
    ----------
    jacobians : (n, E, d, d), output first
    cosines : (n, E, E), Frobenius cosine of two experts' Jacobians at one token; 0 with a Jacobian of zeros
    spectra : (n', E, d), singular values at the first n' of these tokens, the largest first
    """

    jacobians: Float64
    cosines: Float64
    spectra: Float64


class Experts(NamedTuple):
    """The E experts of one trained arm and seed at N held-out tokens, all float64.

    Attributes
    ----------
    states : h (N, d), what the experts receive
    gates : g (N, E), 0 where an expert is not used
    outputs : f_e(h) (N, E, d), of every expert at every token
    plain : of f_e
    gated : of g_e f_e, the gate's own derivative included
    error : mean squared error of the arm's prediction
    """

    states: Float64
    gates: Float64
    outputs: Float64
    plain: Functions
    gated: Functions
    error: float


def functions_of(jacobians: Float64, spectra: int) -> Functions:
    """Add to Jacobians (n, E, d, d) what every split needs, the spectra at the first tokens alone."""
    singular = np.asarray(np.linalg.svd(jacobians[:spectra], compute_uv=False), dtype=np.float64)
    return Functions(jacobians, cosines(jacobians.reshape(*jacobians.shape[:2], -1)), singular)


def cosines(flat: Float64) -> Float64:
    """Cosines between the rows of each of a stack of matrices, (..., G, q) to (..., G, G); 0 for a row of zeros."""
    length = np.linalg.norm(flat, axis=-1, keepdims=True)
    unit = np.divide(flat, length, out=np.zeros_like(flat), where=length > 0)
    return np.asarray(unit @ np.swapaxes(unit, -1, -2))
