"""Does similar routing need similar hidden states?  GEO Prop. 1 (necessity) and its public review."""

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import by_layer
from claims.core.finding import Counterexample, Finding, Measured, NotApplicable
from claims.shared.premises import left_out, linear_layers, middle
from claims.shared.token_pairs import over_layers, overlap_of, pair_tokens, sequence_means, sequences_of
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.routing.null_space import kernel_part, random_subspace, row_part, row_space
from metrics.stats.bootstrap import exact
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling
from metrics.usage.token_pairs import nearest_pairs_mask, squared_distances

#: How far the counterexample moves, in units of the token's norm.
MOVE = 10.0


@claim(
    id="necessity-full-space",
    group="A",
    number=5,
    title="Similar routing needs similar hidden states (as stated)",
    source="GEO (arXiv 2604.09780v1), abstract and Prop. 1; objection of its public review",
    figures=("GEO Fig. 1", "GEO Prop. 1"),
    statement="Two tokens with the same router logits, and so the same experts, have similar hidden states, "
    "in the full space.",
    equation="z(h') = z(h)  implies  ||h' - h|| small against ||h||",
    definition="paper (abstract: necessary and sufficient); the margin is ours",
    null_says="None: one counterexample decides.",
    paper="claimed; no number printed",
    thresholds={
        "far": Threshold(10.0, "ten times the token's own norm is not similar by any reading"),
        "natural rate": Threshold(0.05, "natural pairs near in logits yet far in hidden state should be rare"),
    },
)
def test_necessity_full_space(trace: Trace, sampling: Sampling) -> Finding:
    """Build h' with the same logits ten norms away (possible whenever the router has a kernel)."""
    layers = linear_layers(trace)
    tokens = pair_tokens(trace)
    sequence = sequences_of(trace, tokens)
    rates = np.stack([_natural_rate(layer, trace, tokens, sequence) for layer in layers])
    found = _counterexample(middle(layers), trace, sampling)
    distance = found.numbers["distance"] if found else 0.0
    rate = sampling.mean(over_layers(rates))
    return Finding(
        criteria=(
            Measured("distance at identical logits, in ||h||", exact(distance, 1, "token"), "<", "far"),
            Measured(
                "near in logits, farther than the median pair",
                rate,
                "<=",
                "natural rate",
                decides=found is None,
            ),
        ),
        layers=(by_layer("near in logits, far in hidden state", layers, rates, sampling, "natural rate"),),
        counterexample=found,
        notes=left_out(trace, layers),
    )


def _counterexample(layer: LayerTrace, trace: Trace, sampling: Sampling) -> Counterexample | None:
    """A token and its image ten norms along the kernel; None when the router has no kernel."""
    space = row_space(layer.router.weight)
    width = layer.router.weight.shape[1]
    if space.rank >= width:
        return None
    hidden = layer.hidden[len(layer.hidden) // 2].astype(np.float64)
    direction = sampling.rng("kernel", layer.router.layer).standard_normal((1, width))
    direction = kernel_part(direction, space.basis)
    step = 1.001 * MOVE * np.linalg.norm(hidden) / np.linalg.norm(direction)
    moved = hidden + step * direction[0]
    weight = layer.router.weight.astype(np.float64)
    change = float(np.abs(weight @ (moved - hidden)).max())
    return Counterexample(
        check="same-logits",
        says=f"at layer {layer.router.layer} a point {MOVE:g} norms away from a token has the same router logits",
        arrays={"weight": layer.router.weight, "hidden": hidden, "moved": moved}
        | ({} if layer.router.bias is None else {"bias": layer.router.bias}),
        numbers={
            "distance": float(np.linalg.norm(moved - hidden) / np.linalg.norm(hidden)),
            "logit change": change,
        },
    )


def _natural_rate(layer: LayerTrace, trace: Trace, tokens: IntArray, sequence: IntArray) -> Float64Array:
    """Per sequence: share of its pairs among the nearest 1 % in logits that lie beyond the median hidden distance."""
    logits, hidden = layer.logits[trace.sample[tokens]], layer.hidden[tokens]
    near = nearest_pairs_mask(squared_distances(logits, logits), 0.01).astype(np.float64)
    distance = squared_distances(hidden, hidden)
    far = distance > np.median(distance[np.triu_indices(len(tokens), k=1)])
    return sequence_means((near * far).sum(axis=1), near.sum(axis=1), sequence, trace.sequences)


@claim(
    id="necessity-row-space",
    group="A",
    number=6,
    title="Similar routing needs similar projections on the router's row space (as revised)",
    source="public review of GEO, conceded in its reply",
    figures=("GEO Prop. 1",),
    statement="Near logits force near projections on the row space of W, and that projection predicts shared experts "
    "better than the full hidden state does.",
    equation="||Pi_row (h_i - h_j)||  <=  ||z_i - z_j|| / sigma_min+(W);  Spearman(row-space similarity, overlap) > "
    "Spearman(full similarity, overlap)",
    definition="read; similarity as negative distance (primary) or cosine (variant) is ours",
    null_says="A random subspace of the same dimension in place of the row space.",
    paper="no number printed",
    thresholds={
        "violations": Threshold(0, "the claim is an inequality: one pair breaks it"),
        "gain": Threshold(0.0, "the row space must predict better; by how much is not claimed"),
    },
    variants=({"similarity": "distance"}, {"similarity": "cosine"}),
)
def test_necessity_row_space(trace: Trace, variant: Variant, sampling: Sampling) -> Finding:
    """Count violations, then compare how well row space, full space and a random subspace predict overlap."""
    layers = linear_layers(trace)
    tokens = pair_tokens(trace)
    similarity = _cosine if variant["similarity"] == "cosine" else _nearness
    counts = [_violations(layer, trace, tokens) for layer in layers]
    pairs = len(layers) * len(tokens) * (len(tokens) - 1) // 2
    gains: list[Float64Array] = []
    null: list[Float64Array] = []
    for layer in layers:
        hidden = layer.hidden[tokens].astype(np.float64)
        overlap = overlap_of(layer, trace, tokens)
        space = row_space(layer.router.weight)
        rng = sampling.rng("subspace", layer.router.layer)
        other = random_subspace(hidden.shape[1], space.rank, rng)
        full = _predicts(similarity(hidden), overlap)
        sequence = sequences_of(trace, tokens)
        for basis, table in ((space.basis, gains), (other, null)):
            difference = _predicts(similarity(row_part(hidden, basis)), overlap) - full
            known = ~np.isnan(difference)
            values = np.where(known, difference, 0.0)
            table.append(sequence_means(values, known.astype(np.float64), sequence, trace.sequences))
    if np.isnan(np.stack(gains)).all():
        raise NotApplicable("every token uses the same experts, so there is no overlap to predict")
    return Finding(
        criteria=(
            Measured("pairs above the row-space bound", exact(sum(counts), pairs), "<=", "violations"),
            Measured("Spearman gain of the row space", sampling.mean(over_layers(np.stack(gains))), ">", "gain"),
        ),
        null=(Measured("Spearman gain, random subspace", sampling.mean(over_layers(np.stack(null))), ">", "gain"),),
        layers=(
            by_layer("row space", layers, np.stack(gains), sampling, "gain"),
            by_layer("random subspace", layers, np.stack(null), sampling),
        ),
        notes=left_out(trace, layers),
    )


def _violations(layer: LayerTrace, trace: Trace, tokens: IntArray) -> int:
    """Count pairs whose row-space distance exceeds ||dz|| / sigma_min+, beyond rounding of the logits."""
    space = row_space(layer.router.weight)
    rows = layer.hidden[tokens].astype(np.float64) @ space.basis
    logits = layer.logits[trace.sample[tokens]].astype(np.float64)
    smallest = float(space.singular[-1])
    rounding = 2 * layer.router.tolerance * float(np.abs(logits).max()) * float(np.sqrt(logits.shape[1]))
    bound = (np.sqrt(squared_distances(logits, logits)) * (1 + 1e-6) + rounding) / smallest
    above = np.sqrt(squared_distances(rows, rows)) > bound
    return int(above[np.triu_indices(len(tokens), k=1)].sum())


def _predicts(similarity: Float64Array, overlap: Float64Array) -> Float64Array:
    """Per token: Spearman correlation over its partners between similarity and overlap; NaN if constant."""
    keep = ~np.eye(len(similarity), dtype=bool)
    shape = (len(similarity), len(similarity) - 1)
    return np.asarray(row_spearman(similarity[keep].reshape(shape), overlap[keep].reshape(shape)))


def _nearness(states: Float64Array) -> Float64Array:
    return -np.asarray(squared_distances(states, states))


def _cosine(states: Float64Array) -> Float64Array:
    unit = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-30)
    return np.asarray(unit @ unit.T)
