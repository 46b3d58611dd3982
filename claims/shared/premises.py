"""Check the premises that several claims share, on what was measured, never on a class name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from claims.core.claim import Asks
from claims.core.finding import Measured, NotApplicable
from fixtures.evidence.ablation import DomainSubsets
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.text_fit import TextFit
from fixtures.evidence.token_routing import TokenRouting
from fixtures.evidence.trace import LayerTrace, Trace
from fixtures.routing.chosen_experts import ChosenExperts
from metrics.arrays import Float64Array, IntArray
from metrics.stats.bootstrap import exact
from metrics.stats.sampling import Sampling

#: Nats a token by which a model of its text beats token frequencies, at least.
NATS = 0.5
#: Fewer layers give no rank correlation with depth, and no middle.
FEWEST_LAYERS = 3
#: Share of tokens whose experts loading may change, at most: one in twenty, as in every test here.
CHANGED = 0.05
#: Where a checkpoint's description says what share that was.
OTHERWISE = "other experts than stored"


def linear_layers(trace: Trace) -> list[LayerTrace]:
    """Return the layers whose router was measured to be linear.

    Raises
    ------
    NotApplicable
        When no layer's router is, with the smallest measured residual and additivity defect.
    """
    found = [layer for layer in trace.layers if layer.router.linear]
    if found:
        return found
    best = min(trace.layers, key=lambda layer: max(layer.router.residual, layer.router.additivity))
    raise NotApplicable(
        f"no router is linear: the closest (layer {best.router.layer}) leaves a residual of "
        f"{best.router.residual:.3g} and is off additivity by {best.router.additivity:.3g}, both relative to the "
        f"largest logit, with a tolerance of {best.router.tolerance:.3g}"
    )


def replayed_layers(trace: Trace) -> list[LayerTrace]:
    """Return the linear layers whose choice of experts a routing rule reproduces.

    Raises
    ------
    NotApplicable
        When there is none, with the first layer's note.
    """
    layers = linear_layers(trace)
    found = [layer for layer in layers if layer.router.rule is not None]
    if found:
        return found
    raise NotApplicable(
        f"no routing rule reproduces the experts that the model used: {layers[0].router.note or 'no note'}"
    )


def require_all_layers(read: Trace | ChosenExperts | TokenRouting) -> None:
    """Refuse evidence that cannot speak of depth from the first layer on.

    Raises
    ------
    NotApplicable
        When it has fewer than three MoE layers, or not all that the checkpoint has.
    """
    kept, present = len(read.layers), int(read.checkpoint.get("moe_layers", len(read.layers)))
    if kept < FEWEST_LAYERS:
        raise NotApplicable(f"what changes with depth needs {FEWEST_LAYERS} MoE layers; measured: {kept}")
    if kept < present:
        raise NotApplicable(f"the claim is about depth from the first layer on, and {kept} of {present} were measured")


def models_text(
    trace: Trace | SequenceTrace | ChosenExperts | TokenRouting | DomainSubsets | None,
    sampling: Sampling,
    chosen: IntArray | None = None,
    text: str = "the text",
) -> tuple[Measured, ...]:
    """Return the premise that the model models the text that it read: what it does with other text tells nothing.

    Nothing where the evidence does not say, or the model is an untrained control, which is there to be a null.

    Parameters
    ----------
    chosen : numbers of the sequences that are asked for, all by default
    text : what those are
    """
    if trace is None or trace.fit is None or trace.checkpoint.get("control"):
        return ()
    every = trace.fit.unigram - trace.fit.nll
    return (_gains(every if chosen is None else every[chosen], sampling, text),)


def all_model_text(fits: Iterable[TextFit | None], sampling: Sampling) -> tuple[Measured, ...]:
    """Return the premise of `models_text` for the arms of an experiment: of the one that models the text worst.

    Nothing where no evidence says.
    """
    found = [_gains(fit.unigram - fit.nll, sampling, "the text") for fit in fits if fit is not None]
    if not found:
        return ()
    worst = min(found, key=lambda each: each.estimate.value)
    return (replace(worst, name=f"{worst.name}, in the arm where it is least"),)


def _gains(gain: Float64Array, sampling: Sampling, text: str) -> Measured:
    """How much better than token frequencies sequences are predicted, those without a prediction left out."""
    name = f"nats a token gained on {text} over token frequencies"
    return Measured(name, sampling.mean(gain[np.isfinite(gain)]), ">=", NATS)


def routes_as_stored(checkpoint: Mapping[str, Any]) -> tuple[Measured, ...]:
    """Return the premise that the loaded routers choose the experts that the stored ones would.

    A dtype that is too narrow for a selection bias makes another router of it. Nothing where loading changed no choice,
    or nobody knows.

    Parameters
    ----------
    checkpoint : as records and evidence describe it; under ``router`` what loading did to its routers
    """
    router = checkpoint.get("router") or {}
    changed, asked = router.get(OTHERWISE, 0.0), router.get("asked", 0)
    if not changed or not asked:
        return ()
    name = "share of tokens for which the loaded router chooses other experts than the stored one"
    return (Measured(name, exact(changed, asked, "token"), "<=", CHANGED, within=(0.0, 1.0)),)


def require_choice(checkpoint: Mapping[str, Any], asks: Asks) -> None:
    """Check that the routers of a checkpoint choose, as far as a claim asks about what they do.

    A router that starts at zero, as upcycling leaves it, gives every token the same logits; one with as many experts a
    token as there are (a merge of two models) leaves out none.

    Parameters
    ----------
    checkpoint : as records and evidence describe it; under ``choice`` the layers whose routers do not choose
    asks : what the claim asks about: which experts are chosen, what the router's logits are, or neither

    Raises
    ------
    NotApplicable
        When a layer's router does not do what is asked about, with their numbers.
    """
    choice = checkpoint.get("choice") or {}
    silent, every = choice.get("same logits", []), choice.get("all experts", [])
    layers = int(checkpoint.get("moe_layers") or 0)
    if silent and asks != "states":
        raise NotApplicable(
            f"the routers of {len(silent)} of {layers} MoE layers give every token the same logits "
            f"({_numbers(silent)}): they do not route; leave them out with --layers"
        )
    if every and asks == "choice":
        raise NotApplicable(
            f"{len(every)} of {layers} MoE layers use all their experts for every token ({_numbers(every)}): "
            "nothing is chosen there"
        )


def require_room(uniform: Float64Array, more: float, what: str) -> None:
    """Refuse layers of so many experts a token that nothing could lie above uniform chance by what a claim asks for.

    Parameters
    ----------
    uniform : shares by uniform chance, (L,)
    more : by how much the mean of what was measured has to lie above theirs
    what : is shared, "neighbours share an expert"

    Raises
    ------
    NotApplicable
        When uniform chance leaves less than that.
    """
    if uniform.mean() + more > 1:
        raise NotApplicable(f"{uniform.mean():.1%} of {what} by uniform chance: no share could be {more:g} above that")


def _numbers(layers: Sequence[int]) -> str:
    """Name up to three layers."""
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers[:3]))}{', …' if len(layers) > 3 else ''}"


def left_out(trace: Trace, used: Sequence[LayerTrace]) -> tuple[str, ...]:
    """Return the note that says which layers a claim could not use; empty when it used all."""
    kept = {layer.router.layer for layer in used}
    names = [str(layer.router.layer) for layer in trace.layers if layer.router.layer not in kept]
    return (f"Layers left out, their router not being linear or replayed: {', '.join(names)}.",) if names else ()


def middle(layers: Sequence[LayerTrace]) -> LayerTrace:
    """Return the middle layer, the one that GEO's scatter plots show."""
    return layers[len(layers) // 2]
