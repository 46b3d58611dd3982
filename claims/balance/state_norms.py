"""Measure how long token states are and how they lie to each other, before the router's norm or after it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.balance.paired_layers import in_all
from claims.shared.arm_layers import ArmLayers, line_up
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.residual import ResidualLayer, ResidualStates
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.usage.profiles import cosine_matrix

#: Variants of "a token's state": what enters the norm that feeds the router, or what the router receives.
BEFORE, INPUT = "before the norm", "router input"


class TokenStates(NamedTuple):
    """The states of one layer of one checkpoint.

    Attributes
    ----------
    length : (N,), ||h_t|| of every token
    cosine : (S,), median cosine over pairs of a sequence's sampled tokens; NaN for fewer than two
    """

    length: Float64Array
    cosine: Float64Array


def states_in_all(experiment: Experiment, where: str) -> ArmLayers[TokenStates]:
    """Return the states of the layers that every checkpoint of the experiment has.

    Parameters
    ----------
    where : ``BEFORE`` or ``INPUT``

    Raises
    ------
    NotApplicable
        When there is no such layer, or the checkpoints did not read the same tokens.
    """
    read, trace = in_all(experiment), experiment.traces[0][0]
    if where == INPUT:
        return read.map(lambda layer: _of_trace(layer, trace))
    known = [[_residual(states) for states in seed] for seed in experiment.residuals]
    return line_up(known).map(lambda layer: _of_residual(*layer))


def _residual(states: ResidualStates) -> dict[int, tuple[ResidualLayer, ResidualStates] | str]:
    """The residual stream of each layer where it enters a norm that feeds the router, or why it does not."""
    return {**states.left_out, **{layer.layer: (layer, states) for layer in states.layers}}


def _of_residual(layer: ResidualLayer, states: ResidualStates) -> TokenStates:
    """Lengths and median cosines of the residual stream."""
    ends = np.cumsum(states.pairs())[:-1]
    return TokenStates(layer.norm, np.array([_median(pairs) for pairs in np.split(layer.cosine, ends)]))


def _of_trace(layer: LayerTrace, trace: Trace) -> TokenStates:
    """Lengths and median cosines of the router's inputs."""
    owner = trace.sequence[trace.sample]
    tables = [cosine_matrix(layer.hidden[owner == sequence]) for sequence in range(trace.sequences)]
    cosine = np.array([_median(table[np.triu_indices(len(table), 1)]) for table in tables])
    return TokenStates(np.sqrt(layer.squared_norm), cosine)


def _median(pairs: npt.NDArray[np.floating]) -> float:
    """Median of the pairs that have an angle, NaN where none has."""
    return float(np.nanmedian(pairs)) if np.isfinite(pairs).any() else float("nan")
