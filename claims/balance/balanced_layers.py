"""Choose the layers at which a balancing loss can be asked about, by what Prop. 2 assumes, and measure its premises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claims.core.claim import Threshold
from claims.core.curves import exact_by_layer
from claims.core.finding import Curve, Measured, NotApplicable
from claims.shared.premises import left_out, linear_layers, models_text
from claims.shared.sequence_pairs import over_sequences
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.low_rank import leading_directions
from metrics.stats.bootstrap import exact
from metrics.stats.sampling import Sampling
from metrics.usage.profiles import usage

#: Thresholds of the premises, which the claims about checkpoints trained with the loss share.
PREMISES = {
    "dominates": Threshold(0.3, "share of the energy along v_1: the proposition assumes that it dominates"),
    "layers judged": Threshold(3, "a median, or a share, of fewer layers hangs on one of them"),
    "load": Threshold(3.0, "largest load over the mean: beyond it the loss has not balanced the experts"),
}


@dataclass(frozen=True)
class BalancedLayers:
    """The layers that are judged.

    Attributes
    ----------
    layers : those whose shared direction dominates, at least one
    energy : share of the energy along v_1 at every linear layer
    premises : as measured
    notes : what the configuration states, and which layers are not judged
    """

    layers: tuple[LayerTrace, ...]
    energy: Curve
    premises: tuple[Measured, ...]
    notes: tuple[str, ...]


def balanced_layers(trace: Trace, thresholds: Mapping[str, float], sampling: Sampling) -> BalancedLayers:
    """Return the linear layers in which v_1 of the population holds so much of the energy that Prop. 2 speaks of them.

    Raises
    ------
    NotApplicable
        When no router is linear, the shared direction dominates nowhere, or no balancing loss is stated.
    """
    linear = linear_layers(trace)
    stated = _stated_loss(trace, linear)
    shares = [energy_share(layer) for layer in linear]
    found = tuple(layer for layer, share in zip(linear, shares, strict=True) if share >= thresholds["dominates"])
    if not found:
        raise NotApplicable(
            f"the shared direction holds {thresholds['dominates']:.0%} of the states' energy in none of {len(linear)} "
            f"layers; at most {max(shares):.3g}"
        )
    return BalancedLayers(
        found,
        exact_by_layer("energy along v_1", linear, shares, "dominates"),
        (
            *models_text(trace, sampling),
            Measured(
                f"layers whose shared direction holds {thresholds['dominates']:.0%} of the energy",
                exact(len(found), len(linear), "layer"),
                ">=",
                "layers judged",
            ),
            _largest_load(found, trace, sampling),
        ),
        (stated, *left_out(trace, linear), *_others(linear, found)),
    )


def energy_share(layer: LayerTrace) -> float:
    """Return the share of the states' energy along the leading direction of the population."""
    direction = leading_directions(layer.second_moment, 1)[0]
    return float(direction @ layer.second_moment @ direction / np.trace(layer.second_moment))


def _stated_loss(trace: Trace, layers: Sequence[LayerTrace]) -> str:
    """Refuse a checkpoint that was not trained with the loss, or does not say so, with what was measured."""
    coefficient = trace.checkpoint.get("balancing_loss")
    if trace.checkpoint.get("control"):
        says = "is untrained and never saw the loss that its configuration states"
    elif coefficient is None:
        says = "states no balancing loss"
    elif float(coefficient) > 0:
        return (
            f"The configuration states a balancing loss of coefficient {float(coefficient):g}. A configuration can "
            "state a default that the training did not use; weights do not tell."
        )
    else:
        says = "was trained with a balancing loss of coefficient 0"
    loads = [np.bincount(layer.experts.ravel(), minlength=layer.logits.shape[1]) for layer in layers]
    largest = max(load.max() / load.mean() for load in loads)
    raise NotApplicable(f"the checkpoint {says}; its largest load is {largest:.3g} times its layer's mean")


def _others(linear: Sequence[LayerTrace], judged: Sequence[LayerTrace]) -> tuple[str, ...]:
    kept = {layer.router.layer for layer in judged}
    names = [str(layer.router.layer) for layer in linear if layer.router.layer not in kept]
    return (f"Layers not judged, their shared direction holding less: {', '.join(names)}.",) if names else ()


def _largest_load(layers: Sequence[LayerTrace], trace: Trace, sampling: Sampling) -> Measured:
    """The largest load of any expert over its layer's mean, resampling sequences."""
    tokens = np.bincount(trace.sequence, minlength=trace.sequences)[:, None]
    visits = [tokens * usage(layer.experts, trace.sequence, trace.sequences, layer.logits.shape[1]) for layer in layers]

    def largest(times: Float64Array) -> Float64Array:
        loads = [times @ table for table in visits]
        return np.asarray(np.max([load.max(axis=-1) / load.mean(axis=-1) for load in loads], axis=0))

    estimate = over_sequences(trace.sequences, largest, sampling)
    return Measured("largest load over the mean load, in the judged layers", estimate, "<=", "load")
