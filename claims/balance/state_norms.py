"""Measure how long token states are and how they lie to each other, before the router's norm or after it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.balance.paired_layers import in_all
from claims.shared.arm_layers import ArmLayers, line_up
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.residual import ResidualLayer, ResidualStates
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.usage.profiles import cosine_matrix

#: Variants of "a token's state": what enters the norm that feeds the router, or what the router receives.
BEFORE, INPUT = "before the norm", "router input"


class TokenStates(NamedTuple):
    """The states of one layer of one checkpoint.

    Attributes
    ----------
    length : (N,), ||h_t|| of every token
    cosine : (S,), median cosine over pairs of a sequence's sampled tokens; NaN for fewer than two
    pair_cosine, pair_distance : (P,), of each pair of a sequence's sampled tokens the cosine, NaN where a state is
        zero, and the RMS distance, in units of the tokens' mean ||h_t|| / sqrt(D)
    """

    length: Float64Array
    cosine: Float64Array
    pair_cosine: Float64Array
    pair_distance: Float64Array


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
    return _token_states(
        layer.norm, states.sequence, states.sample, np.split(layer.cosine, np.cumsum(states.pairs())[:-1])
    )


def _of_trace(layer: LayerTrace, trace: Trace) -> TokenStates:
    """Lengths and median cosines of the router's inputs."""
    owner = trace.sequence[trace.sample]
    tables = [cosine_matrix(layer.hidden[owner == sequence]) for sequence in range(trace.sequences)]
    pairs = [table[np.triu_indices(len(table), 1)] for table in tables]
    return _token_states(np.sqrt(layer.squared_norm), trace.sequence, trace.sample, pairs)


def _token_states(
    length: Float64Array, sequence: IntArray, sample: IntArray, cosines: Sequence[npt.NDArray[np.floating]]
) -> TokenStates:
    """Put together lengths and angles; ``cosines`` are of each sequence's pairs, in the order of `triu_indices`."""
    sizes = (length[sample[sequence[sample] == number]] for number in range(len(cosines)))
    first, second = (
        np.concatenate(ends) for ends in zip(*(own[list(np.triu_indices(len(own), 1))] for own in sizes), strict=True)
    )
    cosine = np.concatenate(cosines).astype(np.float64)
    squared = first**2 + second**2 - 2 * first * second * np.nan_to_num(cosine)
    distance = np.sqrt(np.maximum(squared, 0.0)) / length.mean()
    return TokenStates(length, np.array([_median(pairs) for pairs in cosines]), cosine, distance)


def _median(pairs: npt.NDArray[np.floating]) -> float:
    """Median of the pairs that have an angle, NaN where none has."""
    return float(np.nanmedian(pairs)) if np.isfinite(pairs).any() else float("nan")
