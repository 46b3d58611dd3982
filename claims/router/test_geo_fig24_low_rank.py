"""How data before random directions decide the routing, and which expert is settled first.  GEO Figs 24-25."""

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along, exact_by_layer
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import left_out, replayed_layers
from claims.shared.token_pairs import over_layers, pair_tokens, sequence_means, sequences_of
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.low_rank import leading_directions, rank_agreement
from metrics.routing.null_space import random_subspace
from metrics.routing.selection import select
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Draws of random directions: data directions must beat the best of them, chance 1 in 20 if they are nothing special.
DRAWS = 19
#: Share of tokens whose expert must be unchanged for K directions to be called enough.
ENOUGH = 0.9
DEFINITION = (
    "reconstructed: V_K are the leading eigenvectors of E[h h^T] over the population, not centred. Agreement is "
    "measured at the powers of sqrt 2 and at the full width"
)


@claim(
    id="low-rank-routing",
    group="A",
    number=9,
    title="The first expert is settled by fewer data directions than the k-th",
    source="GEO (arXiv 2604.09780v1), appendix",
    figures=("GEO Fig. 24", "GEO Fig. 25"),
    statement="When the hidden state is replaced by its projection on the top-K data directions, the first expert is "
    "settled by fewer directions than the k-th.",
    equation="agree_m(K) = share of tokens whose m-th expert is unchanged when h becomes V_K V_K^T h;  "
    "agree_1(K) >= agree_k(K) at every K;  K90_1 < K90_k, K90_m where agree_m reaches 0.9",
    definition=f"{DEFINITION}, and K90 interpolated between them in log2 K",
    null_says="Random K-dimensional projections in place of the data directions, the mean of 19 draws.",
    paper="the first expert agrees at small K, the 6th needs more (Figs 24-25); no number printed",
    thresholds={
        "order": Threshold(
            -0.02, "agree_1 no lower than agree_k at any K, with two points of slack for noise at large K"
        ),
        "later": Threshold(0.0, "log2 of K90_k over K90_1: more directions for the k-th expert"),
    },
)
def test_low_rank_routing(trace: Trace, sampling: Sampling) -> Finding:
    """Compare agree_1 and agree_k on data directions, and on random ones."""
    layers = replayed_layers(trace)
    if layers[0].experts.shape[1] < 2:
        raise NotApplicable("the model uses one expert a token, so there is no k-th expert beside the first")
    ks = _grid(layers[0].hidden.shape[1])
    data, draws = _curves(layers, trace, ks, None), _drawn(layers, trace, ks, DRAWS, sampling)
    random = np.mean(draws, axis=0)
    criteria, null = _order(data, ks, sampling, "data"), _order(random, ks, sampling, "random")
    grows = [2 ** measured[1].estimate.value for measured in (criteria, null)]
    return Finding(
        criteria=criteria,
        null=null,
        layers=(_needed(layers, trace, ks),),
        figure=_figure(ks, data, random, sampling),
        notes=(
            f"For 90 % agreement the last expert needs {grows[0]:.3g} times the data directions of the first, and "
            f"{grows[1]:.3g} times the random directions.",
            *left_out(trace, layers),
        ),
    )


@claim(
    id="low-rank-directions",
    group="A",
    number=10,
    title="Data directions settle the routing sooner than random ones",
    source="GEO (arXiv 2604.09780v1), appendix",
    figures=("GEO Fig. 24",),
    statement="When the hidden state is replaced by its projection on the top-K data directions, the first expert is "
    "unchanged for more tokens than on K random directions.",
    equation="agree_1(K) = share of tokens whose first expert is unchanged when h becomes V_K V_K^T h;  mean over K of "
    "agree_1(K), data minus the best of 19 draws of random directions, > 0",
    definition=f"{DEFINITION}. How few directions are few has no threshold in the paper, so that it is told and not "
    "judged",
    null_says="One more draw of random directions in place of the data's.",
    paper="the first expert agrees at small K (Figs 24-25); no number printed",
    thresholds={"gain": Threshold(0.0, "data directions settle the first expert sooner than random ones")},
)
def test_low_rank_directions(trace: Trace, sampling: Sampling) -> Finding:
    """Compare agree_1 on data directions with the best of 19 random draws."""
    layers = replayed_layers(trace)
    ks = _grid(layers[0].hidden.shape[1])
    data, draws = _curves(layers, trace, ks, None), _drawn(layers, trace, ks, DRAWS + 1, sampling)
    one_more, others = draws[0], draws[1:]
    best = max(others, key=lambda curves: float(curves[:, :-1, 0].mean()))
    random = np.mean(others, axis=0)
    return Finding(
        criteria=(
            Measured("agree_1, data minus the best random directions", _lead(data, best, sampling), ">", "gain"),
        ),
        null=(Measured("agree_1, one more random minus the best", _lead(one_more, best, sampling), ">", "gain"),),
        layers=(_needed(layers, trace, ks),),
        figure=_figure(ks, data, random, sampling),
        notes=(_how_few(data, random, ks, sampling), *left_out(trace, layers)),
    )


def _drawn(layers: list[LayerTrace], trace: Trace, ks: list[int], draws: int, sampling: Sampling) -> list[Float64Array]:
    """agree_m(K) on random directions, one table a draw."""
    return [_curves(layers, trace, ks, sampling.rng("low-rank", draw)) for draw in range(draws)]


def _how_few(data: Float64Array, random: Float64Array, ks: list[int], sampling: Sampling) -> str:
    """Say how many directions keep the first expert of nine tokens in ten, by interpolation in log2 K."""
    few, many = (_k90(curves, ks, sampling) for curves in (data, random))
    return (
        f"The first expert agrees for 90 % of the tokens from about {few.value:.3g} [{few.low:.3g}, {few.high:.3g}] "
        f"data directions of {ks[-1]} on, and from {many.value:.3g} [{many.low:.3g}, {many.high:.3g}] random ones, "
        "interpolated in log2 K between the measured K."
    )


def _grid(width: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 12 ... up to the full width."""
    steps = sorted({round(2 ** (i / 2)) for i in range(2 * int(np.log2(width)) + 1)} | {width})
    return [k for k in steps if k <= width]


def _curves(layers: list[LayerTrace], trace: Trace, ks: list[int], random: np.random.Generator | None) -> Float64Array:
    """agree_m(K) per sequence, mean over layers: shape (S', len(ks), k)."""
    tables = [_agreement(layer, trace, ks, random) for layer in layers]
    _, steps, top_k = tables[0].shape
    flat = np.stack([table.reshape(len(table), -1) for table in tables])
    means = np.stack([over_layers(flat[:, :, column]) for column in range(steps * top_k)], axis=1)
    return means.reshape(len(means), steps, top_k)


def _agreement(layer: LayerTrace, trace: Trace, ks: list[int], random: np.random.Generator | None) -> Float64Array:
    """agree_m(K) of one layer by sequence: shape (S, len(ks), k), NaN for sequences without sampled tokens."""
    rule, weight = layer.router.rule, layer.router.weight.astype(np.float64)
    assert rule is not None
    if random is None:
        directions = leading_directions(layer.second_moment, weight.shape[1])
    else:
        directions = random_subspace(weight.shape[1], weight.shape[1], random).T
    tokens = pair_tokens(trace)
    same = rank_agreement(
        layer.hidden[tokens].astype(np.float64), directions, weight, layer.router.bias, lambda z: select(rule, z), ks
    )
    sequence, ones = sequences_of(trace, tokens), np.ones(len(tokens))
    columns = [
        sequence_means(np.asarray(same[i, m], dtype=np.float64), ones, sequence, trace.sequences)
        for i in range(len(ks))
        for m in range(same.shape[1])
    ]
    return np.stack(columns, axis=1).reshape(trace.sequences, len(ks), same.shape[1])


def _order(curves: Float64Array, ks: list[int], sampling: Sampling, name: str) -> tuple[Measured, Measured]:
    """agree_1 - agree_k at its worst K, and log2(K90_k / K90_1)."""
    lead = curves[:, :, 0] - curves[:, :, -1]
    worst = min((sampling.mean(lead[:, i]) for i in range(len(ks))), key=lambda estimate: estimate.low)
    both = np.concatenate([curves[:, :, 0], curves[:, :, -1]], axis=1)

    def ratio(rows: Float64Array) -> Float64Array:
        mean = rows.mean(axis=-2)
        return _enough(mean[..., len(ks) :], ks) - _enough(mean[..., : len(ks)], ks)

    later = sampling.of(both, ratio, interval="percentile")
    return (
        Measured(f"agree_1 - agree_k at its worst K ({name} directions)", worst, ">=", "order"),
        Measured(f"log2 K90_k / K90_1 ({name} directions)", later, ">", "later"),
    )


def _enough(mean: Float64Array, ks: list[int]) -> Float64Array:
    """log2 of the K at which a mean agreement curve (..., len(ks)) first reaches 90 %, interpolated in log2 K."""
    grid = np.log2(np.asarray(ks, dtype=np.float64))
    reached = np.argmax(mean >= ENOUGH, axis=-1)
    before = np.maximum(reached - 1, 0)
    low = np.take_along_axis(mean, before[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(mean, reached[..., None], axis=-1)[..., 0]
    rise = np.where(high > low, high - low, 1.0)
    part = np.where(reached > 0, (ENOUGH - low) / rise, 1.0)
    return np.asarray(grid[before] + np.clip(part, 0, 1) * (grid[reached] - grid[before]))


def _k90(curves: Float64Array, ks: list[int], sampling: Sampling) -> Estimate:
    """K at which the first expert's mean agreement reaches 90 %."""
    return sampling.of(curves[:, :, 0], lambda rows: 2 ** _enough(rows.mean(axis=-2), ks), interval="percentile")


def _lead(curves: Float64Array, others: Float64Array, sampling: Sampling) -> Estimate:
    """agree_1 of one set of directions minus that of another, mean over K below the full width."""
    return sampling.mean((curves[:, :-1, 0] - others[:, :-1, 0]).mean(axis=1))


def _needed(layers: list[LayerTrace], trace: Trace, ks: list[int]) -> Curve:
    """K90 of the first expert, layer by layer."""
    values = []
    for layer in layers:
        table = _agreement(layer, trace, ks, None)[:, :, 0]
        values.append(float(2 ** _enough(np.nanmean(table, axis=0), ks)))
    return exact_by_layer("K90 of the first expert", layers, values)


def _figure(ks: list[int], data: Float64Array, random: Float64Array, sampling: Sampling) -> Figure:
    """agree_m(K) for each m, with bands, and the random projection for m = 1: Fig. 24."""
    series = []
    for name, curves, m in [("data", data, i) for i in range(data.shape[2])] + [("random", random, 0)]:
        estimates = [sampling.mean(curves[:, i, m]) for i in range(len(ks))]
        label = f"expert {m + 1}" + (", random directions" if name == "random" else "")
        series.append(along(label, ks, estimates))
    return Figure(
        kind="lines",
        title="agreement with the full input",
        redraws="GEO Fig. 24",
        x_label="directions kept, K",
        y_label="share of tokens with the same m-th expert",
        series=series,
        reference=[Series("90 %", [1.0, float(ks[-1])], [ENOUGH, ENOUGH])],
        x_log=True,
    )
