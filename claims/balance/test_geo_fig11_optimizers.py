"""Does the optimizer decide how much token states spread in norm?  GEO Fig. 11."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.balance.state_norms import BEFORE, INPUT, TokenStates, states_in_all
from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.arm_layers import ArmLayers
from claims.shared.token_pairs import sequence_sums
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace
from metrics.arrays import Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import spanning
from metrics.stats.sampling import Sampling

#: Points of each curve of the figure.
POINTS = 200


class Norms(NamedTuple):
    """Norms and angles of the outer two arms' token states; K seeds, L layers.

    Attributes
    ----------
    tokens : (S,), tokens of each sequence
    sums : (S, 2, K, L, 2), sums over each sequence of ||h_t|| and of its square, in units of the mean ||h_t|| of
        the arm, seed and layer, so that arms of other lengths can be swapped
    cosine : (S, 2, K, L), median cosine over pairs of a sequence's sampled tokens; NaN for fewer than two
    """

    tokens: Float64Array
    sums: Float64Array
    cosine: Float64Array

    def rows(self) -> Float64Array:
        """Tokens and sums as one row a sequence."""
        return np.column_stack([self.tokens, self.sums.reshape(len(self.tokens), -1)])

    def spread(self, rows: Float64Array) -> Float64Array:
        """CV of each arm, seed and layer over all tokens of resampled rows: (..., n, q) to (..., 2, K, L)."""
        total = rows.sum(axis=-2)
        sums = total[..., 1:].reshape(*total.shape[:-1], *self.sums.shape[1:])
        tokens = total[..., :1, None, None]
        mean, square = sums[..., 0] / tokens, sums[..., 1] / tokens
        return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0)) / mean)


@claim(
    id="optimizer-norms",
    group="B",
    number=7,
    title="AdamW spreads token states in norm more than Muon, at similar angles",
    source="GEO (arXiv 2604.09780v1), Fig. 11",
    figures=("GEO Fig. 11",),
    statement="Of checkpoints trained alike but for the optimizer, AdamW's token states vary more in length than "
    "Muon's, while the cosines between tokens are about the same.",
    equation="CV = std_t ||h_t|| / mean_t ||h_t||;  CV(AdamW) - CV(Muon) > 0 and "
    "|median cosine(AdamW) - median cosine(Muon)| < 0.1, means over layers and seeds",
    definition="reconstructed: the paper does not say where h_t is taken; here it is the state before the norm that "
    "feeds the router, since a norm fixes the length of what it returns, so that little of an optimizer can show "
    "after it, and the paper's norms vary by a third; the other variant takes the router's input. CV over all tokens "
    "of the population, medians over the token pairs of a sequence; the half of the caption about Muon is cut short",
    null_says="Two seeds of one optimizer: the largest difference of their CVs, against that of the optimizers. With "
    "one seed, the same criteria after the arms are swapped in randomly chosen sequences.",
    paper="similar distributions of pairwise cosines; token norms between 25 and 35 in the model trained with AdamW "
    "(Fig. 11)",
    thresholds={
        "more": Threshold(0.0, "the claim is about the sign of a paired difference"),
        "above": Threshold(-0.1, "similar: medians within a tenth of the cosine's unit; lower margin, 90 % interval"),
        "below": Threshold(0.1, "similar: medians within a tenth of the cosine's unit; upper margin, 90 % interval"),
        "seeds": Threshold(0.0, "seeds of one optimizer that differ as much as the optimizers do make it vacuous"),
    },
    variants=({"states": BEFORE}, {"states": INPUT}),
)
def test_optimizer_norms(optimizer_experiment: Experiment, variant: Variant, sampling: Sampling) -> Finding:
    """Compare norms and angles of the same tokens under both optimizers; sequences are resampled."""
    read = states_in_all(optimizer_experiment, variant["states"])
    trace = optimizer_experiment.traces[0][0]
    norms = _norms(read, trace, np.ones(trace.tokens, dtype=np.bool_))
    arms = (optimizer_experiment.arms[0], optimizer_experiment.arms[-1])
    seeds = norms.sums.shape[2]
    name = f"{arms[0]} minus {arms[1]}"
    criteria = _criteria(norms, name, sampling)
    later = _more(_norms(read, trace, trace.position > 0), f"{name}, without first tokens", sampling, decides=False)
    return Finding(
        criteria=(*criteria, later),
        null=(_seeds_apart(norms),)
        if seeds > 1
        else _criteria(_swapped(norms, sampling), f"{name}, swapped", sampling),
        layers=_curves(norms, arms, read.numbers, sampling),
        figure=_figure(read, arms, variant["states"]),
        notes=(
            f"The intervals are over the sequences that {seeds} training{'s' if seeds > 1 else ''} of each optimizer "
            f"read{', that of the CV holding what each pair gives by itself' if seeds > 1 else ''}; they do not speak "
            "of other seeds.",
            "Whether the paper's states are taken before the norm that feeds the router or after it, we do not know. "
            "After it their length varies little by construction.",
            "The first token of a sequence may be far longer than any other; what is left of the difference without "
            "it is given beside.",
            *read.notes,
        ),
    )


def _norms(read: ArmLayers[TokenStates], trace: Trace, kept: npt.NDArray[np.bool_]) -> Norms:
    """Collect cosines, and norms of the tokens that are kept, of the outer arms; the trace tells sequences apart."""

    def both(states: TokenStates) -> Float64Array:
        length = np.where(kept, states.length / states.length[kept].mean(), 0.0)
        return np.stack([sequence_sums(length, trace), sequence_sums(length**2, trace)], axis=-1)

    arms = [[(seed[0], seed[-1])[arm] for seed in read.layers] for arm in (0, 1)]
    sums = np.array([[[both(states) for states in layers] for layers in seeds] for seeds in arms])
    cosine = np.array([[[states.cosine for states in layers] for layers in seeds] for seeds in arms])
    tokens = np.bincount(trace.sequence[kept], minlength=trace.sequences).astype(np.float64)
    return Norms(tokens, np.moveaxis(sums, 3, 0), np.moveaxis(cosine, 3, 0))


def _criteria(norms: Norms, name: str, sampling: Sampling) -> tuple[Measured, ...]:
    """Difference of the CVs, and the difference of the median cosines against both of its margins."""
    angle = (norms.cosine[:, 0] - norms.cosine[:, 1]).mean(axis=(1, 2))
    known = angle[np.isfinite(angle)]
    if not len(known):
        raise NotApplicable("no sequence has two sampled tokens, so there is no angle to compare")
    apart = sampling.of(known, lambda rows: rows[..., 0].mean(axis=-1), level=0.90)
    return (
        _more(norms, name, sampling),
        Measured(f"median cosine, {name}, lower margin", apart, ">", "above"),
        Measured(f"median cosine, {name}, upper margin", apart, "<", "below"),
    )


def _more(norms: Norms, name: str, sampling: Sampling, *, decides: bool = True) -> Measured:
    """Difference of the CVs."""

    def difference(rows: Float64Array) -> Float64Array:
        spread = norms.spread(rows)
        return np.asarray((spread[..., 0, :, :] - spread[..., 1, :, :]).mean(axis=(-2, -1)))

    spread = norms.spread(norms.rows()).mean(axis=-1)
    more = spanning(sampling.of(norms.rows(), difference), spread[0] - spread[1])
    return Measured(f"CV of the norm, {name}", more, ">", "more", decides)


def _seeds_apart(norms: Norms) -> Measured:
    """The largest difference of CV between two seeds of one optimizer, minus that between the optimizers."""
    spread = norms.spread(norms.rows()).mean(axis=-1)  # (2, K)
    pairs = list(combinations(range(spread.shape[1]), 2))
    largest = max(float(np.abs(spread[:, i] - spread[:, j]).max()) for i, j in pairs)
    optimizers = float(spread[0].mean() - spread[1].mean())
    apart = exact(largest - optimizers, 2 * len(pairs), "seed pair")
    return Measured("largest CV difference of two seeds of one optimizer, minus the optimizers'", apart, ">=", "seeds")


def _swapped(norms: Norms, sampling: Sampling) -> Norms:
    """The same sequences with the two arms exchanged in about half of them."""
    swap = sampling.rng("optimizer-norms", "arms").random(len(norms.tokens)) < 0.5
    sums, cosine = norms.sums.copy(), norms.cosine.copy()
    sums[swap], cosine[swap] = norms.sums[swap, ::-1], norms.cosine[swap, ::-1]
    return Norms(norms.tokens, sums, cosine)


def _curves(norms: Norms, arms: tuple[str, str], layers: tuple[int, ...], sampling: Sampling) -> tuple[Curve, ...]:
    """CV and median cosine of both arms by layer, means over seeds."""

    def spread(arm: int, layer: int) -> Estimate:
        return sampling.of(norms.rows(), lambda rows: norms.spread(rows)[..., arm, :, layer].mean(axis=-1))

    known = norms.cosine[np.isfinite(norms.cosine).all(axis=(1, 2, 3))]
    places = range(len(layers))
    return (
        *(Curve(f"CV, {arm}", layers, tuple(spread(a, i) for i in places)) for a, arm in enumerate(arms)),
        *(
            Curve(f"median cosine, {arm}", layers, tuple(sampling.mean(known[:, a, :, i].mean(axis=1)) for i in places))
            for a, arm in enumerate(arms)
        ),
    )


def _figure(read: ArmLayers[TokenStates], arms: tuple[str, str], where: str) -> Figure:
    """Distribution of the norms, over their mean, at the middle layer of the first seed."""
    middle = len(read.numbers) // 2
    series = []
    for arm, layers in zip(arms, (read.layers[0][0], read.layers[0][-1]), strict=True):
        length = np.sort(layers[middle].length)
        share = np.linspace(0.0, 1.0, min(POINTS, len(length)))
        series.append(Series(arm, rounded(np.quantile(length, share) / length.mean(), 6), rounded(share)))
    return Figure(
        kind="ecdf",
        title=f"norms of token states, {where}, layer {read.numbers[middle]}",
        redraws="GEO Fig. 11",
        x_label="norm over the mean norm",
        y_label="share of tokens",
        series=series,
    )
