"""Near hidden states, near logits?  GEO Prop. 1 (sufficiency) and Fig. 1.

Everything rests on the router being a linear map of its input, so that is measured first.
"""

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import exact_by_layer
from claims.core.figure_data import density, rounded
from claims.core.finding import Counterexample, Finding, Measured
from claims.core.record import Figure, Series
from claims.shared.premises import left_out, linear_layers, middle
from claims.shared.token_pairs import NEAREST, SCATTER_POINTS, pair_tokens, scatter_indices
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.routing.lipschitz_bounds import operator_norm
from metrics.stats.bootstrap import exact
from metrics.stats.sampling import Sampling
from metrics.usage.token_pairs import nearest_pairs_mask, squared_distances


@claim(
    id="router-linearity",
    group="A",
    number=1,
    asks="states",
    kind="theorem",
    title="The router is a linear map of its input",
    source="GEO (arXiv 2604.09780v1), setting of Prop. 1",
    figures=("GEO Prop. 1",),
    statement="Router logits are an affine function of the hidden state that enters the router.",
    equation="z = W h + b;  residual = max |z - (W h + b)| / max |z|;  f(x+y) - f(x) - f(y) + f(0) = 0;  "
    "f(cx) - f(0) = c (f(x) - f(0))",
    definition="paper: the router is linear; how that is measured is ours",
    null_says="None: a premise. Planted routers with two layers, of cosines or with a jittered input must be refuted "
    "(test suite).",
    paper="assumed, not measured",
    thresholds={"float32": Threshold(1e-4, "rounding of a float32 matrix product over some thousand terms")},
)
def test_router_linearity(trace: Trace) -> Finding:
    """Compare captured logits with W h + b, and the router module with itself on random probes."""
    residual = [max(layer.router.residual, _residual(layer, trace)) for layer in trace.layers]
    departure = [layer.router.additivity for layer in trace.layers]
    tolerance = max(layer.router.tolerance for layer in trace.layers)
    bound: str | float = "float32" if tolerance <= 1e-4 else tolerance
    worst = trace.layers[int(np.argmax(np.maximum(residual, departure)))]
    proof = _not_affine(worst, trace)
    tokens = len(trace.sample)
    return Finding(
        headline=(
            Measured("largest residual of a logit", exact(max(residual), tokens, "token"), "<=", bound),
            Measured(
                "largest departure from additive or homogeneous", exact(max(departure), tokens, "token"), "<=", bound
            ),
        ),
        certified=proof is not None,
        layers=(
            exact_by_layer("residual", trace.layers, residual, tolerance),
            exact_by_layer("departure from additive or homogeneous", trace.layers, departure, tolerance),
        ),
        counterexample=proof,
        notes=tuple(f"Layer {r.layer}: {r.note}." for r in (x.router for x in trace.layers) if r.note)[:4],
    )


def _residual(layer: LayerTrace, trace: Trace) -> float:
    """max |z - (W h + b)| / max |z| over the sampled tokens of the trace."""
    logits = layer.logits[trace.sample].astype(np.float64)
    linear = layer.hidden.astype(np.float64) @ layer.router.weight.T.astype(np.float64)
    if layer.router.bias is not None:
        linear = linear + layer.router.bias
    return float(np.abs(logits - linear).max() / max(np.abs(logits).max(), 1e-30))


def _not_affine(layer: LayerTrace, trace: Trace) -> Counterexample | None:
    """The sampled (h, z), where even their best affine fit leaves a residual: anyone can recompute it."""
    hidden, logits = layer.hidden, layer.logits[trace.sample]
    if len(hidden) < 2 * (hidden.shape[1] + 1):
        return None
    design = np.hstack([hidden, np.ones((len(hidden), 1))]).astype(np.float64)
    fit = design @ np.linalg.lstsq(design, logits.astype(np.float64), rcond=None)[0]
    residual = float(np.abs(fit - logits).max() / max(np.abs(logits).max(), 1e-30))
    if residual <= max(layer.router.tolerance, 1e-4):
        return None
    return Counterexample(
        check="not-affine",
        says=f"no affine map takes h to z at layer {layer.router.layer}: the best one misses by {residual:.3g}",
        arrays={"hidden": hidden, "logits": logits},
        numbers={"residual": residual, "tolerance": layer.router.tolerance},
    )


@claim(
    id="sufficiency-bound",
    group="A",
    number=2,
    asks="states",
    kind="theorem",
    title="Near hidden states give near logits",
    source="GEO (arXiv 2604.09780v1), Prop. 1, Eq. 5",
    figures=("GEO Fig. 1",),
    statement="The RMS distance of two tokens' logits never exceeds the router's Lipschitz constant times the "
    "RMS distance of their hidden states.",
    equation="||z_i - z_j|| / sqrt(E)  <=  ||W||_2 sqrt(D/E) * ||h_i - h_j|| / sqrt(D)",
    definition="reconstructed: RMS(a, b) = ||a - b||_2 / sqrt(dim); naive bound with the spectral norm",
    null_says="The same pairs against the bound without the factor sqrt(D/E) (half the bound where D < 4 E): where "
    "some lie above it, leaving the factor out would have been seen here; where none does, all lie far below either.",
    paper="all pairs below the line (Fig. 1); no number printed",
    thresholds={
        "violations": Threshold(0, "the claim is an inequality: one pair above the line breaks it"),
        "guard": Threshold(1, "one pair above the wrong line shows that a missing factor would be seen"),
    },
    version=2,
)
def test_sufficiency_bound(trace: Trace, sampling: Sampling) -> Finding:
    """Count the token pairs above the Lipschitz line, and those above the wrong line."""
    layers = linear_layers(trace)
    tokens = pair_tokens(trace)
    tables = [_distances(layer, trace, tokens) for layer in layers]
    above, guard = [], []
    for layer, (near, far, allowance) in zip(layers, tables, strict=True):
        lipschitz = operator_norm(layer.router.weight)
        wrong = lipschitz * min(0.5, np.sqrt(layer.router.weight.shape[0] / layer.router.weight.shape[1]))
        above.append(int(np.sum(far > lipschitz * near * (1 + 1e-6) + allowance)))
        guard.append(int(np.sum(far > wrong * near * (1 + 1e-6) + allowance)))
    worst = int(np.argmax(above))
    proof = _pair_above(layers[worst], trace, tokens) if above[worst] else None
    pairs = sum(len(near) for near, _, _ in tables)
    tightness = [
        float(np.median(far / np.maximum(operator_norm(layer.router.weight) * near, 1e-30)))
        for layer, (near, far, _) in zip(layers, tables, strict=True)
    ]
    return Finding(
        headline=(Measured("pairs above the bound", exact(sum(above), pairs), "<=", "violations"),),
        controls=(Measured("pairs above the bound without the factor", exact(sum(guard), pairs), ">=", "guard"),),
        reported=(Measured("median of actual / bound", exact(float(np.median(tightness)), pairs), "<=", 1.0),),
        certified=proof is not None,
        layers=(exact_by_layer("median of actual / bound", layers, tightness, 1.0),),
        figure=_scatter(middle(layers), trace, tokens, sampling),
        counterexample=proof,
        notes=left_out(trace, layers),
    )


def _distances(layer: LayerTrace, trace: Trace, tokens: IntArray) -> tuple[Float64Array, Float64Array, float]:
    """Return ||dh||, ||dz|| of all pairs, and what rounding of the logits alone can add to ||dz||."""
    upper = np.triu_indices(len(tokens), k=1)
    hidden, logits = layer.hidden[tokens], layer.logits[trace.sample[tokens]]
    near = np.sqrt(squared_distances(hidden, hidden)[upper])
    far = np.sqrt(squared_distances(logits, logits)[upper])
    apart = near > 0
    allowance = 2 * layer.router.tolerance * float(np.abs(logits).max()) * float(np.sqrt(logits.shape[1]))
    return near[apart], far[apart], allowance


def _pair_above(layer: LayerTrace, trace: Trace, tokens: IntArray) -> Counterexample:
    """The pair that exceeds the bound by most, with W."""
    hidden, logits = (
        layer.hidden[tokens].astype(np.float64),
        layer.logits[trace.sample[tokens]].astype(np.float64),
    )
    near, far = np.sqrt(squared_distances(hidden, hidden)), np.sqrt(squared_distances(logits, logits))
    excess = far - operator_norm(layer.router.weight) * near
    i, j = np.unravel_index(int(np.argmax(excess)), excess.shape)
    return Counterexample(
        check="bound-violated",
        says=f"two tokens at layer {layer.router.layer} whose logits differ by more than ||W||_2 ||dh||",
        arrays={"hidden": hidden[[i, j]], "logits": logits[[i, j]], "weight": layer.router.weight},
        numbers={"excess": float(excess[i, j])},
    )


def _scatter(layer: LayerTrace, trace: Trace, tokens: IntArray, sampling: Sampling) -> Figure:
    """RMS hidden distance against RMS logit distance, with the Lipschitz line: Fig. 1, near pairs over-sampled."""
    hidden = layer.hidden[tokens].astype(np.float64)
    logits = layer.logits[trace.sample[tokens]].astype(np.float64)
    experts, width = layer.router.weight.shape
    rng = sampling.rng("fig1", layer.router.layer)
    near = np.argwhere(np.triu(nearest_pairs_mask(squared_distances(hidden, hidden), NEAREST)))
    near = near[rng.permutation(len(near))[:SCATTER_POINTS]]
    pairs = np.concatenate([np.stack(scatter_indices(len(tokens), rng), axis=1), near])

    def apart(states: Float64Array) -> Float64Array:
        difference = states[pairs[:, 0]] - states[pairs[:, 1]]
        return np.asarray(np.linalg.norm(difference, axis=1) / np.sqrt(states.shape[1]))

    x, y = apart(hidden), apart(logits)
    slope = operator_norm(layer.router.weight) * float(np.sqrt(width / experts))
    far, high = float(x.max()), float(y.max())
    reach = min(far, 1.15 * high / slope) if slope > 0 else far
    return Figure(
        kind="density",
        title="token pairs of the middle layer",
        redraws="GEO Fig. 1",
        x_label="RMS distance of hidden states",
        y_label="RMS distance of logits",
        series=[density("token pairs (darker: more)", x, y, (1.02 * far, 1.02 * high))],
        reference=[Series("||W||_2 sqrt(D/E): the bound", [0.0, reach], rounded([0.0, slope * reach]))],
        units=f"{len(pairs):,} token pairs a checkpoint",
        note="The nearest 1 % of the pairs are over-sampled: they are half of those drawn.",
    )
