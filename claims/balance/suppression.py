"""Estimate how strongly routers respond to the shared direction (rho, GEO Prop. 2), and how sure that is.

Resampling sequences resamples the mean state. Both norms in rho are quadratic forms in how often each sequence
was drawn, so no resample touches a hidden state again.
"""

from collections.abc import Callable, Sequence

import numpy as np

from claims.core.finding import NotApplicable
from claims.shared.sequence_pairs import over_sequences
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.shared_direction import contrast_scale, contrasts, shared_response
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Variants of a router's own bias b in Pi_e (W mu + b).
IGNORED, INCLUDED = "ignored", "included"


def require_bias(layers: Sequence[LayerTrace], variant: str) -> None:
    """Refuse the variant that includes a bias where no router has one.

    Raises
    ------
    NotApplicable
        For that variant and such routers.
    """
    if variant == INCLUDED and all(layer.router.bias is None for layer in layers):
        chosen = sum(layer.router.rule is not None and layer.router.rule.bias is not None for layer in layers)
        beside = f"; {chosen} of {len(layers)} add one to their scores, for the choice alone, which is no part of rho"
        raise NotApplicable(f"no router adds a bias to its logits{beside if chosen else ''}")


def own_routers(layers: Sequence[LayerTrace]) -> list[Float64Array]:
    """Return W of each layer, float64 (E, D)."""
    return [layer.router.weight.astype(np.float64) for layer in layers]


def random_routers(layers: Sequence[LayerTrace], rng: np.random.Generator) -> list[Float64Array]:
    """Return Gaussian routers as large as the layers' own, float64 (E, D)."""
    drawn = [rng.standard_normal(layer.router.weight.shape) for layer in layers]
    return [
        w * (np.linalg.norm(layer.router.weight) / np.linalg.norm(w)) for w, layer in zip(drawn, layers, strict=True)
    ]


def responses(layers: Sequence[LayerTrace], routers: Sequence[Float64Array], variant: str) -> Float64Array:
    """Return rho of one router a layer over the whole population, (L,)."""
    return np.array(
        [
            shared_response(weight, layer.mean, _bias(layer, variant))
            for layer, weight in zip(layers, routers, strict=True)
        ]
    )


def median_response(
    layers: Sequence[LayerTrace],
    trace: Trace,
    variant: str,
    sampling: Sampling,
    below: Sequence[Float64Array] | None = None,
) -> Estimate:
    """Estimate the median over layers of rho, resampling sequences; with ``below``, that of these routers minus it."""
    own = [_form(layer, weight, trace, variant) for layer, weight in zip(layers, own_routers(layers), strict=True)]
    others = [
        _form(layer, weight, trace, variant) for layer, weight in zip(layers, below or (), strict=below is not None)
    ]

    def median(times: Float64Array) -> Float64Array:
        middle = _median(own, times)
        return _median(others, times) - middle if others else middle

    return over_sequences(trace.sequences, median, sampling)


#: Rho as a function of how often each sequence was drawn, (..., S) to (...).
_Form = Callable[[Float64Array], Float64Array]


def _median(forms: Sequence[_Form], times: Float64Array) -> Float64Array:
    return np.asarray(np.median(np.stack([form(times) for form in forms], axis=-1), axis=-1))


def _bias(layer: LayerTrace, variant: str) -> Float64Array | None:
    bias = layer.router.bias
    return bias.astype(np.float64) if variant == INCLUDED and bias is not None else None


def _form(layer: LayerTrace, weight: Float64Array, trace: Trace, variant: str) -> _Form:
    tokens = np.bincount(trace.sequence, minlength=trace.sequences)[:, None]
    bias = _bias(layer, variant)
    logits = layer.pooled @ weight.T + (0.0 if bias is None else bias)
    routed, states = tokens * contrasts(logits.T).T, tokens * layer.pooled
    logit_form, state_form = routed @ routed.T, states @ states.T
    scale = contrast_scale(weight)

    def rho(times: Float64Array) -> Float64Array:
        logits_norm, states_norm = (((times @ form) * times).sum(axis=-1) for form in (logit_form, state_form))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.sqrt(np.maximum(logits_norm, 0.0) / states_norm) / scale)

    return rho
