"""What the experts of a checkpoint compute, as far as the claims about functions need it: products of Jacobians.

A Jacobian is linear in what it is averaged over, so the products of its sums over blocks of sequences are all
that a resampled mean needs: with weights w of the blocks, <J_i, J_j> = sum_bc w_b w_c <J_ib, J_jc>.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TokenCosines:
    """Frobenius cosines of the Jacobians of two experts at one token: means over the tokens of each block.

    Attributes
    ----------
    signed : float32 (B, E, E), in [-1, 1]; NaN for a pair that was not drawn, or has no cosine there
    absolute : float32 (B, E, E), of the absolute values
    tokens : int64 (B,), tokens that were looked at in each block
    method : how they were computed, in words
    noise : standard error of one cosine, mean over pairs and tokens, 0 where cosines are exact; the mean of absolute
        values may be too large by as much, since errors do not cancel in it
    """

    signed: FloatArray
    absolute: FloatArray
    tokens: IntArray
    method: str
    noise: float = 0.0


@dataclass(frozen=True)
class LayerFunctions:
    """The E experts of one layer as functions of their input, over B blocks of whole sequences.

    A product table is float32 (E, B, E, B): the Frobenius product of the sum of Jacobians of expert i over
    block b with that of expert j over block c. A block in which an expert has no token gives zeros.

    Attributes
    ----------
    layer, path : of the router (or of the dense MLP, where E is 1)
    note : why nothing could be read, or ""; then every array has E = 0
    visits : int64 (E, B), kept own visits of each expert in each block
    own : products over the experts' own visits
    weighted : the same, each visit under its combine weight
    gated : the same as ``own``, of the Jacobians with the gate: d(g_e E_e)/dx; None where no gradient of it is known
    shared : products over the sampled tokens, the same for all experts
    redrawn_own, redrawn_shared : as ``own`` and ``shared``, of experts whose weights are drawn anew
    at_token : of the sampled tokens, or some of them
    redrawn_at_token : the same of the experts drawn anew
    two_tokens : float32 (B, E), mean cosine of one expert's Jacobians at two own visits in different sequences, of
        which the first lies in the block; NaN where there are none: the ceiling
    redrawn_two_tokens : the same of the experts drawn anew
    outputs : float64 (B, E, E), sum over the block's sampled tokens of <f_i - mean f_i, f_j - mean f_j>
    next_layer : float32 (E, E'), cosines of the mean own Jacobians with those of the next layer that was read;
        (E, 0) for the last
    leading : float32 (E, K), the K largest singular values of the mean own Jacobian
    token_leading : float32 (T, K), of the Jacobian at T single own visits, weighted as visits come
    redrawn_leading, redrawn_token_leading : the same of the experts drawn anew, at visits drawn likewise
    token_block : int64 (T,), the blocks that the single visits lie in
    """

    layer: int
    path: str
    note: str
    visits: IntArray
    own: FloatArray
    weighted: FloatArray
    gated: FloatArray | None
    shared: FloatArray
    redrawn_own: FloatArray
    redrawn_shared: FloatArray
    at_token: TokenCosines
    redrawn_at_token: TokenCosines
    two_tokens: FloatArray
    redrawn_two_tokens: FloatArray
    outputs: FloatArray
    next_layer: FloatArray
    leading: FloatArray
    token_leading: FloatArray
    redrawn_leading: FloatArray
    redrawn_token_leading: FloatArray
    token_block: IntArray


@dataclass(frozen=True)
class FunctionTrace:
    """The experts of every layer of a checkpoint as functions.

    Attributes
    ----------
    checkpoint, population, provenance : as in ``Trace`` (JSON values)
    blocks : int64 (S,), block of each sequence, 0..B-1
    layers : one LayerFunctions a layer, in depth order
    sources : digest of the code that computed it
    """

    checkpoint: dict[str, Any]
    population: dict[str, Any]
    blocks: IntArray
    layers: tuple[LayerFunctions, ...]
    sources: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def readable(self) -> tuple[LayerFunctions, ...]:
        """Layers whose experts could be read."""
        return tuple(layer for layer in self.layers if not layer.note)
