"""Products of what the experts of a layer return for the same tokens."""

from collections.abc import Sequence

import numpy as np

from claims.function_trace import FloatArray, IntArray
from metrics.expert import Expert, expert_output


def output_products(experts: Sequence[Expert], states: FloatArray, block: IntArray, blocks: int) -> FloatArray:
    """Sum over the tokens of each block of <f_i - mean f_i, f_j - mean f_j>, float64 (B, E, E).

    Parameters
    ----------
    states : (N, D), the same tokens for all experts
    block : int64 (N,)
    blocks : B

    Returns
    -------
    The means are over all N tokens, so that the sum over blocks is N times the covariance
    """
    width = len(experts[0].down)
    outputs = np.empty((len(experts), len(states), width), dtype=np.float32)
    for number in range(len(experts)):
        found = expert_output(experts[number], states)
        outputs[number] = found - found.mean(axis=0) if len(found) else found
    table = np.zeros((blocks, len(experts), len(experts)))
    for number in np.unique(block).tolist():
        here = outputs[:, block == number].reshape(len(experts), -1).astype(np.float64)
        table[number] = here @ here.T
    return table
