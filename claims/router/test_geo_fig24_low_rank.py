"""How data before random directions decide the routing, and which expert is settled first.  GEO Figs 24-25."""

from collections.abc import Sequence

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.router.low_rank_curves import DRAWS, agreement_figure, curves_of, enough
from claims.shared.premises import left_out, models_text, replayed_layers
from fixtures.evidence.trace import Trace
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

DEFINITION = (
    "reconstructed: V_K are the leading eigenvectors of E[h h^T] over the population, not centred. Agreement is "
    "measured at the powers of sqrt 2 and at the full width"
)


@claim(
    id="low-rank-routing",
    group="A",
    number=10,
    title="The first expert is settled by fewer data directions than the k-th",
    source="GEO (arXiv 2604.09780v1), appendix",
    figures=("GEO Fig. 24", "GEO Fig. 25"),
    statement="When the hidden state is replaced by its projection on the top-K data directions, the first expert is "
    "settled by fewer directions than the k-th.",
    equation="agree_m(K) = share of tokens whose m-th expert is unchanged when h becomes V_K V_K^T h;  "
    "log2 K90_k - log2 K90_1 >= 0.25, K90_m where agree_m reaches 0.9;  agree_1(K) >= agree_k(K) at every K",
    definition=f"{DEFINITION}, and K90 interpolated between them in log2 K",
    means="The first expert needs about as many data directions as the k-th does: on this text a low-rank "
    "stand-in for the router that is good enough for the first choice saves nothing over one for all k.",
    check="How often the first and the k-th expert stay the same at the rank that you plan, on your own text.",
    null_says="Random K-dimensional projections in place of the data directions, the mean of 19 draws; where they "
    "settle the k-th expert sooner, nothing is taken off.",
    paper="the first expert agrees at small K, the 6th needs more (Figs 24-25); no number printed",
    thresholds={
        "later": Threshold(0.25, "a quarter of an octave: a fifth more directions for the k-th expert"),
        "excess": Threshold(0.25, "the same quarter beyond what any directions give, since margins differ by rank"),
        "order": Threshold(
            -0.02, "agree_1 no lower than agree_k at any K, with two points of slack for noise at large K"
        ),
    },
)
def test_low_rank_routing(trace: Trace, sampling: Sampling) -> Finding:
    """Compare K90 of the first and of the last expert, on data directions and on random ones."""
    layers = replayed_layers(trace)
    if layers[0].experts.shape[1] < 2:
        raise NotApplicable("the model uses one expert a token, so there is no k-th expert beside the first")
    ks, data, needed, draws = curves_of(trace, sampling)
    random = np.asarray(np.mean(draws[:DRAWS], axis=0))
    later, chance = (_octaves((curves,), ks, sampling) for curves in (data, random))
    beyond = _octaves((data, random), ks, sampling) if chance.value > 0 else later
    reach = float(np.log2(ks[-1]))
    return Finding(
        headline=(
            Measured(
                "directions for the k-th over the first expert, in octaves, data",
                later,
                ">=",
                "later",
                within=(-reach, reach),
            ),
        ),
        excess=(
            Measured(
                "directions for the k-th over the first expert, in octaves, minus that of random ones if above 0",
                beyond,
                ">=",
                "excess",
                within=(-2 * reach, 2 * reach),
            ),
        ),
        parts=(
            Measured(
                "agreement of the first minus the k-th expert, at its worst",
                _worst(data, sampling),
                ">=",
                "order",
                within=(-1.0, 1.0),
            ),
        ),
        premises=models_text(trace, sampling),
        controls=(
            Measured(
                "directions for the k-th over the first expert, in octaves, random",
                chance,
                ">=",
                "later",
                within=(-reach, reach),
            ),
        ),
        layers=(needed,),
        figure=agreement_figure(ks, data, random, sampling),
        notes=(
            f"For 90 % agreement the last expert needs {2**later.value:.3g} times the data directions of the first, "
            f"and {2**chance.value:.3g} times the random directions.",
            *left_out(trace, layers),
        ),
    )


@claim(
    id="low-rank-directions",
    group="A",
    number=11,
    title="Data directions settle the routing sooner than random ones",
    source="GEO (arXiv 2604.09780v1), appendix",
    figures=("GEO Fig. 24",),
    statement="When the hidden state is replaced by its projection on the top-K data directions, the first expert is "
    "unchanged for more tokens than on K random directions.",
    equation="agree_1(K) = share of tokens whose first expert is unchanged when h becomes V_K V_K^T h;  mean over K of "
    "agree_1(K), data minus the best of 19 draws of random directions, >= 0.05",
    definition=f"{DEFINITION}. How few directions are few has no threshold in the paper, so that it is told and not "
    "judged",
    means="The data's leading directions settle the first expert hardly sooner than random ones: compressing "
    "the router's input by principal components is hardly better here than a random projection.",
    check="How often the experts stay the same, and the loss, under the compressed router against a random "
    "projection of the same rank.",
    null_says="One more draw of random directions in place of the data's, against the same best of 19; where it does "
    "not lead, nothing is taken off.",
    paper="the first expert agrees at small K (Figs 24-25); no number printed",
    thresholds={
        "lead": Threshold(0.05, "one token in twenty more keeps its first expert, at the average K"),
        "excess": Threshold(0.05, "the same lead beyond the one that random directions have over each other"),
    },
)
def test_low_rank_directions(trace: Trace, sampling: Sampling) -> Finding:
    """Compare agree_1 on data directions with the best of 19 random draws."""
    layers = replayed_layers(trace)
    ks, data, needed, draws = curves_of(trace, sampling)
    one_more, others = draws[0], draws[1:]
    best = max(others, key=lambda curves: float(curves[:, :-1, 0].mean()))
    random = np.asarray(np.mean(others, axis=0))
    lead, luck = (_lead(curves, best) for curves in (data, one_more))
    share = (-1.0, 1.0)
    return Finding(
        headline=(
            Measured(
                "agreement of the first expert, data minus best random directions",
                sampling.mean(lead),
                ">=",
                "lead",
                within=share,
            ),
        ),
        excess=(
            Measured(
                "that lead minus the lead of one more random set, where it has one",
                sampling.mean(lead - luck if luck.mean() > 0 else lead),
                ">=",
                "excess",
                within=share,
            ),
        ),
        premises=models_text(trace, sampling),
        controls=(
            Measured(
                "agreement of the first expert, one more random minus best random directions",
                sampling.mean(luck),
                ">=",
                "lead",
                within=share,
            ),
        ),
        layers=(needed,),
        figure=agreement_figure(ks, data, random, sampling),
        notes=(_how_few(data, random, ks, sampling), *left_out(trace, layers)),
    )


def _how_few(data: Float64Array, random: Float64Array, ks: list[int], sampling: Sampling) -> str:
    """Say how many directions keep the first expert of nine tokens in ten, by interpolation in log2 K."""
    few, many = (_k90(curves, ks, sampling) for curves in (data, random))
    return (
        f"The first expert agrees for 90 % of the tokens from about {few.value:.3g} [{few.low:.3g}, {few.high:.3g}] "
        f"data directions of {ks[-1]} on, and from {many.value:.3g} [{many.low:.3g}, {many.high:.3g}] random ones, "
        "interpolated in log2 K between the measured K."
    )


def _worst(curves: Float64Array, sampling: Sampling) -> Estimate:
    """agree_1 - agree_k at the K where it is lowest."""
    lead = curves[:, :, 0] - curves[:, :, -1]
    return sampling.mean(lead[:, int(lead.mean(axis=0).argmin())])


def _octaves(tables: Sequence[Float64Array], ks: list[int], sampling: Sampling) -> Estimate:
    """log2 of K90_k over K90_1; of two tables, the first's minus the second's, paired by sequence."""
    rows = np.concatenate([curves[:, :, m] for curves in tables for m in (0, -1)], axis=1)

    def difference(drawn: Float64Array) -> Float64Array:
        parts = np.split(drawn.mean(axis=-2), 2 * len(tables), axis=-1)
        octaves = [enough(last, ks) - enough(first, ks) for first, last in zip(parts[::2], parts[1::2], strict=True)]
        return np.asarray(octaves[0] - sum(octaves[1:]))

    return sampling.of(rows, difference, interval="percentile")


def _k90(curves: Float64Array, ks: list[int], sampling: Sampling) -> Estimate:
    """K at which the first expert's mean agreement reaches 90 %."""
    return sampling.of(curves[:, :, 0], lambda rows: 2 ** enough(rows.mean(axis=-2), ks), interval="percentile")


def _lead(curves: Float64Array, others: Float64Array) -> Float64Array:
    """agree_1 of one set of directions minus that of another by sequence, mean over K below the full width."""
    return np.asarray((curves[:, :-1, 0] - others[:, :-1, 0]).mean(axis=1))
