"""How long a layer's token states are, and how they lie to each other: before the router's norm, or after it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.balance.paired_layers import in_all
from claims.core.finding import NotApplicable
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


class ComparedStates(NamedTuple):
    """The states of an experiment's arms, side by side.

    Attributes
    ----------
    numbers : L layer numbers
    states : for each seed and arm, its L layers
    notes : which layers were left out, if any
    """

    numbers: tuple[int, ...]
    states: tuple[tuple[tuple[TokenStates, ...], ...], ...]
    notes: tuple[str, ...]


def states_in_all(experiment: Experiment, where: str) -> ComparedStates:
    """Return the states of the layers that every checkpoint of the experiment has.

    Parameters
    ----------
    where : ``BEFORE`` or ``INPUT``

    Raises
    ------
    NotApplicable
        When there is no such layer, or the checkpoints did not read the same tokens.
    """
    read = in_all(experiment)
    if where == BEFORE:
        return _before(experiment)
    trace = experiment.traces[0][0]
    states = tuple(tuple(tuple(_of_trace(layer, trace) for layer in arm) for arm in seed) for seed in read.layers)
    return ComparedStates(read.numbers, states, read.notes)


def _before(experiment: Experiment) -> ComparedStates:
    """The residual stream, of the layers where it is known in every checkpoint."""
    every = [states for seed in experiment.residuals for states in seed]
    there = [{layer.layer for layer in states.layers} for states in every]
    usable = set.intersection(*there)
    missing = {number: reason for states in every for number, reason in states.left_out.items()}
    if not usable:
        raise NotApplicable(
            f"in no layer of all {len(every)} checkpoints does the residual stream enter a norm that feeds the router: "
            + "; ".join(sorted(set(missing.values())))
        )
    states = tuple(
        tuple(tuple(_of_residual(layer, arm) for layer in arm.layers if layer.layer in usable) for arm in seed)
        for seed in experiment.residuals
    )
    out = sorted((set.union(*there) | set(missing)) - usable)
    reasons = "; ".join(f"{number} ({missing.get(number, 'not in all checkpoints')})" for number in out)
    return ComparedStates(tuple(sorted(usable)), states, (f"Layers left out: {reasons}.",) if out else ())


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
