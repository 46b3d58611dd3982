"""Check the premises that several claims share, on what was measured, never on a class name."""

from collections.abc import Sequence

from claims.core.finding import NotApplicable
from fixtures.evidence.trace import LayerTrace, Trace


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


def left_out(trace: Trace, used: Sequence[LayerTrace]) -> tuple[str, ...]:
    """Return the note that says which layers a claim could not use; empty when it used all."""
    kept = {layer.router.layer for layer in used}
    names = [str(layer.router.layer) for layer in trace.layers if layer.router.layer not in kept]
    return (f"Layers left out, their router not being linear or replayed: {', '.join(names)}.",) if names else ()


def middle(layers: Sequence[LayerTrace]) -> LayerTrace:
    """Return the middle layer, the one that GEO's scatter plots show."""
    return layers[len(layers) // 2]
