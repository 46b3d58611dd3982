"""Alignment of experts' Jacobians at single tokens: means over the tokens of each block."""

from dataclasses import dataclass

from metrics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class TokenCosines:
    """Frobenius cosines of the Jacobians of two experts at one token: means over the tokens of each block.

    Attributes
    ----------
    signed : float32 (B, E, E), in [-1, 1]; NaN for a pair that has no cosine there
    absolute : float32 (B, E, E), of the absolute values
    tokens : int64 (B,), tokens that were looked at in each block
    method : how they were computed, in words
    """

    signed: FloatArray
    absolute: FloatArray
    tokens: IntArray
    method: str
