"""Do routers look where the data is?  What the public review of GEO Prop. 1 leads to."""

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import by_layer
from claims.core.finding import Finding, Measured, NotApplicable
from claims.shared.premises import left_out, linear_layers, models_text
from claims.shared.token_pairs import over_layers, sequence_sums
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.null_space import random_subspace, row_space, row_squared_norm
from metrics.stats.bootstrap import exact
from metrics.stats.sampling import Sampling

#: Random routers drawn; the lowest of them is what luck alone gives once in twenty.
DRAWS = 19


@claim(
    id="kernel-energy",
    group="A",
    number=9,
    asks="logits",
    title="The router's kernel holds less of the state's energy than chance",
    source="public review of GEO; measured by us",
    figures=("GEO Prop. 1",),
    statement="The hidden states carry less energy inside the router's kernel than a random router of the same shape "
    "would leave there.",
    equation="sum ||Pi_ker h||^2 / sum ||h||^2  <  (D - rank W) / D - 0.02;  variance: h - mean in place of h",
    definition="ours; energy (primary) and variance about the population mean (variant). The share is taken of each "
    "sequence and averaged; of random routers, of all tokens at once",
    means="The router reads hardly more of the states' energy than random directions would: the share that it "
    "cannot see is about as large as chance leaves, and changes there move outputs without moving experts.",
    check="How far the layer's output moves when states move inside the kernel (claim kernel-counterexample), "
    "and the same share on text of your own.",
    null_says="Random routers of the same rank, the lowest share of 19: one router more is lower one time in twenty.",
    paper="not reported",
    thresholds={
        "margin": Threshold(0.02, "two points of share: below it the router might as well be random"),
        "excess": Threshold(0.02, "the same two points below the luckiest of 19 random routers"),
    },
    variants=({"of": "energy"}, {"of": "variance"}),
)
def test_kernel_energy(trace: Trace, variant: Variant, sampling: Sampling) -> Finding:
    """Measure the kernel's share from logits and norms of every token; no hidden state is needed."""
    layers = [layer for layer in linear_layers(trace) if not row_space(layer.router.weight).full]
    if not layers:
        raise NotApplicable("the router has no kernel: rank(W) equals the hidden width")
    ranks = [row_space(layer.router.weight).rank for layer in layers]
    centred = variant["of"] == "variance"
    chance = float(np.mean([1 - r / layer.router.weight.shape[1] for r, layer in zip(ranks, layers, strict=True)]))
    table = np.stack([_kernel_share(layer, trace, centred=centred) for layer in layers])
    share = over_layers(table)
    draws = [_random_share(layers, ranks, sampling.rng("kernel-energy", i), centred=centred) for i in range(DRAWS)]
    lowest = min(draws)
    points = (-1.0, 1.0)
    return Finding(
        headline=(
            Measured(
                "kernel's share of the energy below chance", sampling.mean(chance - share), ">", "margin", within=points
            ),
        ),
        excess=(
            Measured(
                "margin below the lowest of 19 random routers",
                sampling.mean(lowest - share),
                ">",
                "excess",
                within=points,
            ),
        ),
        premises=models_text(trace, sampling),
        controls=(
            Measured(
                "the same of the lowest of 19 random routers", exact(chance - lowest, DRAWS, "draw"), ">", "margin"
            ),
        ),
        reported=(Measured("kernel share", sampling.mean(share), "<", chance, within=(0.0, 1.0)),),
        layers=(by_layer("kernel share", layers, table, sampling, chance),),
        notes=left_out(trace, layers),
    )


def _kernel_share(layer: LayerTrace, trace: Trace, *, centred: bool) -> Float64Array:
    """Per sequence: sum ||Pi_ker h||^2 / sum ||h||^2, from logits and norms (h - mean if ``centred``)."""
    weight = layer.router.weight.astype(np.float64)
    bias = np.zeros(len(weight)) if layer.router.bias is None else layer.router.bias.astype(np.float64)
    count = np.bincount(trace.sequence, minlength=trace.sequences)
    total = sequence_sums(layer.squared_norm, trace)
    if centred:
        bias = bias + weight @ layer.mean
        total = total - 2 * count * (layer.pooled @ layer.mean) + count * float(layer.mean @ layer.mean)
    row = row_squared_norm(layer.logits, layer.router.weight, bias)
    seen = sequence_sums(row, trace)
    return np.asarray(np.clip(1.0 - seen / total, 0.0, 1.0))


def _random_share(layers: list[LayerTrace], ranks: list[int], rng: np.random.Generator, *, centred: bool) -> float:
    """Mean over layers of the share that a random router of the same rank would leave in its kernel."""
    shares = []
    for layer, rank in zip(layers, ranks, strict=True):
        moment = layer.second_moment - (np.outer(layer.mean, layer.mean) if centred else 0.0)
        basis = random_subspace(len(moment), rank, rng)
        shares.append(1.0 - float(np.trace(basis.T @ moment @ basis) / np.trace(moment)))
    return float(np.mean(shares))
