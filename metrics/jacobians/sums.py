"""Sums of experts' Jacobians over blocks of sequences, kept as diagonals and rank-one terms, never as matrices."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, Int64Array
from metrics.jacobians.expert import Expert, LocalJacobians, local_jacobians

Gate = Callable[[int, FloatArray], tuple[FloatArray, FloatArray]]
"""Gate of an expert at states (N, D), (N,), and its gradient there, (N, D)."""


class Tokens(NamedTuple):
    """Tokens at which an expert is looked at.

    Attributes
    ----------
    states : (N, D)
    block, sequence : int64 (N,)
    weight : (N,), combine weights
    """

    states: FloatArray
    block: Int64Array
    sequence: Int64Array
    weight: FloatArray


class Terms(NamedTuple):
    """The rank-one terms left right^T of one expert, ``left`` and ``right`` (Q, D), in the blocks ``block`` (Q,)."""

    block: Int64Array
    left: Float64Array
    right: Float64Array


class JacobianSums(NamedTuple):
    """Sum of the Jacobians of E experts over each of B blocks.

    Attributes
    ----------
    experts : whose they are
    diagonal : float64 (E, B, s), summed diagonals; see `metrics.jacobians.expert`
    terms : rank-one terms of each expert
    """

    experts: Sequence[Expert]
    diagonal: Float64Array
    terms: tuple[Terms, ...]

    @property
    def width(self) -> int:
        """D, of the experts' input."""
        return int(self.experts[0].gate.shape[1])

    @property
    def together(self) -> "JacobianSums":
        """The same with all blocks as one."""
        terms = tuple(part._replace(block=np.zeros_like(part.block)) for part in self.terms)
        return JacobianSums(self.experts, self.diagonal.sum(axis=1, keepdims=True), terms)


def jacobian_sums(
    experts: Sequence[Expert], tokens: Sequence[Tokens], blocks: int, gate: Gate | None = None
) -> tuple[JacobianSums, JacobianSums]:
    """Sum the Jacobians of each expert at its tokens, as they come and under their combine weights.

    Parameters
    ----------
    tokens : of each expert
    blocks : B
    gate : for the Jacobians with the gate, d(g_e E_e)/dx

    Examples
    --------
    The slope of a squared ReLU at 1 and 3 is 2 and 6; the second token counts half:

    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.eye(1), None, np.eye(1), gated_unit(activation("relu2")))
    >>> tokens = Tokens(np.array([[1.0], [3.0]]), np.array([0, 0]), np.array([0, 1]), np.array([1.0, 0.5]))
    >>> plain, weighted = jacobian_sums([expert], [tokens], 1)
    >>> plain.diagonal.tolist(), weighted.diagonal.tolist()
    ([[[8.0]]], [[[5.0]]])
    """
    plain: list[tuple[Float64Array, Terms]] = []
    weighted: list[tuple[Float64Array, Terms]] = []
    for number, own in enumerate(tokens):
        expert = experts[number]
        states = np.asarray(own.states, dtype=np.float64)
        local = local_jacobians(expert, states, None if gate is None else gate(number, states))
        plain.append(_summed(local, own.block, np.ones(len(states)), blocks))
        weighted.append(_summed(local, own.block, own.weight, blocks))
    return _together(experts, plain), _together(experts, weighted)


def _summed(local: LocalJacobians, block: Int64Array, weight: FloatArray, blocks: int) -> tuple[Float64Array, Terms]:
    share = np.zeros((blocks, len(block)))
    share[block, np.arange(len(block))] = weight
    count, width = local.left.shape[1:]
    left = (np.asarray(weight, dtype=np.float64)[:, None, None] * local.left).reshape(-1, width)
    terms = Terms(np.repeat(block, count), left, local.right.reshape(-1, local.right.shape[2]))
    return share @ local.diagonal, terms


def _together(experts: Sequence[Expert], found: Sequence[tuple[Float64Array, Terms]]) -> JacobianSums:
    return JacobianSums(experts, np.stack([diagonal for diagonal, _ in found]), tuple(terms for _, terms in found))
