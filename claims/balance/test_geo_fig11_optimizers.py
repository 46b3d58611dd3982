"""Does the optimizer decide how much token states spread in norm?  GEO Fig. 11."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.balance.seed_differences import beyond_seeds
from claims.balance.state_norms import BEFORE, INPUT, TokenStates, states_in_all
from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.arm_layers import ArmLayers
from claims.shared.paired_differences import arm_curves
from claims.shared.premises import all_model_text
from claims.shared.trainings import over_trainings
from fixtures.evidence.experiments import Experiment
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

#: Points of each curve of the figure.
POINTS = 41


class Norms(NamedTuple):
    """Norms and angles of the outer two arms' token states; K seeds, L layers.

    Attributes
    ----------
    spread : (K, 2, L), CV of ||h_t|| over the tokens of the population
    cosine : (K, 2, L), mean over sequences of the median cosine over pairs of a sequence's sampled tokens
    """

    spread: Float64Array
    cosine: Float64Array


@claim(
    id="optimizer-norms",
    group="B",
    number=7,
    title="AdamW spreads token states in norm more than Muon, at similar angles",
    source="GEO (arXiv 2604.09780v1), Fig. 11",
    figures=("GEO Fig. 11",),
    statement="Of checkpoints trained alike but for the optimizer, AdamW's token states vary more in length than "
    "Muon's in three layers of four, while the cosines between tokens are about the same.",
    equation="CV = std_t ||h_t|| / mean_t ||h_t||;  CV(AdamW) - CV(Muon) >= 0.02 in 0.75 of the layers, and on "
    "average;  |median cosine(AdamW) - median cosine(Muon)| <= 0.1 in every layer;  over trainings",
    definition="reconstructed: the paper does not say where h_t is taken; here it is the state before the norm that "
    "feeds the router, since a norm fixes the length of what it returns, so that little of an optimizer can show "
    "after it, and the paper's norms vary by a third; the other variant takes the router's input. CV over all tokens "
    "of the population, medians over the token pairs of a sequence; the half of the caption about Muon is cut short",
    means="In these trainings AdamW's token states do not vary noticeably more in length than Muon's: a choice "
    "of optimizer for steadier norms is not backed by this.",
    check="The spread of the states' norms, layer by layer, in your own trainings, with and without first tokens.",
    null_says="Two seeds of one optimizer: by how much their mean CVs differ, whatever the sign, for each training the "
    "mean over both optimizers and the other seeds.",
    paper="similar distributions of pairwise cosines; token norms between 25 and 35 in the model trained with AdamW "
    "(Fig. 11)",
    thresholds={
        "more": Threshold(0.02, "CV: a fiftieth of the mean length; the paper's norms spread by about a tenth"),
        "layers": Threshold(0.75, "three layers in four, so that a few odd layers do not decide"),
        "similar": Threshold(0.1, "a tenth of the cosine's unit, in the layer in which the medians are farthest apart"),
        "beyond": Threshold(0.01, "half of the smallest difference that matters, more than two seeds differ by"),
    },
    variants=({"states": BEFORE}, {"states": INPUT}),
)
def test_optimizer_norms(
    optimizer_experiment: Experiment, variant: Variant, thresholds: Mapping[str, float], sampling: Sampling
) -> Finding:
    """Compare norms and angles of the same tokens under both optimizers; trainings are the units."""
    read = states_in_all(optimizer_experiment, variant["states"])
    trace = optimizer_experiment.traces[0][0]
    norms = _norms(read, np.ones(trace.tokens, dtype=np.bool_))
    arms = (optimizer_experiment.arms[0], optimizer_experiment.arms[-1])
    name = f"{arms[0]} minus {arms[1]}"
    more, later = _difference(norms.spread), _difference(_norms(read, trace.position > 0).spread)
    excess, controls = beyond_seeds(f"CV of the norm, {name}", more.mean(axis=1), norms.spread, thresholds["more"])
    return Finding(
        headline=(
            Measured(
                f"share of layers in which the CV of the norm, {name}, is {thresholds['more']:g} or more",
                over_trainings((more >= thresholds["more"]).mean(axis=1)),
                ">=",
                "layers",
                within=(0.0, 1.0),
            ),
            Measured(f"CV of the norm, {name}, mean over layers", over_trainings(more), ">=", "more"),
        ),
        excess=excess,
        parts=(
            Measured(
                f"largest difference of a layer's median cosine, {name}",
                over_trainings(np.abs(_difference(norms.cosine)).max(axis=1)),
                "<=",
                "similar",
                within=(0.0, 2.0),
            ),
        ),
        premises=all_model_text(optimizer_experiment.fits, sampling),
        controls=controls,
        reported=(Measured(f"CV of the norm, {name}, without first tokens", over_trainings(later), ">=", "more"),),
        layers=(
            *arm_curves("CV", arms, read.numbers, norms.spread),
            *arm_curves("median cosine", arms, read.numbers, norms.cosine),
        ),
        figure=_figure(read, arms, variant["states"]),
        notes=(
            "Whether the paper's states are taken before the norm that feeds the router or after it, we do not know. "
            "After it their length varies little by construction.",
            "The first token of a sequence may be far longer than any other; what is left of the difference without "
            "it is given beside.",
            *read.notes,
        ),
    )


def _norms(read: ArmLayers[TokenStates], kept: npt.NDArray[np.bool_]) -> Norms:
    """Collect cosines, and the spread of the norms of the tokens that are kept, of the outer arms.

    Raises
    ------
    NotApplicable
        When no sequence has two sampled tokens.
    """

    def table(of: Callable[[TokenStates], float]) -> Float64Array:
        return np.array([[[of(states) for states in arm] for arm in (seed[0], seed[-1])] for seed in read.layers])

    cosine = table(lambda states: _mean(states.cosine))
    if not np.isfinite(cosine).all():
        raise NotApplicable("no sequence has two sampled tokens, so there is no angle to compare")
    return Norms(table(lambda states: float(states.length[kept].std() / states.length[kept].mean())), cosine)


def _mean(values: Float64Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _difference(table: Float64Array) -> Float64Array:
    """First arm minus last, (K, 2, L) to (K, L)."""
    return np.asarray(table[:, 0] - table[:, 1])


def _figure(read: ArmLayers[TokenStates], arms: tuple[str, str], where: str) -> Figure:
    """Distributions of the norms, and of cosines and RMS distances of token pairs, of every training: Fig. 11."""
    middle = len(read.numbers) // 2
    share = np.linspace(0.0, 1.0, POINTS)

    def panel(name: str, x_label: str, of: Callable[[TokenStates], npt.NDArray[np.floating]]) -> Figure:
        series = []
        for place, arm in ((0, arms[0]), (-1, arms[1])):
            found = [of(seed[place][middle]) for seed in read.layers]
            curves = [np.quantile(values[np.isfinite(values)], share) for values in found]
            series += [Series("each training", rounded(curve), rounded(share)) for curve in curves]
            series.append(Series(f"{arm}, mean of trainings", rounded(np.mean(curves, axis=0)), rounded(share)))
        return Figure("ecdf", name, "", x_label, "cumulative share", series)

    return Figure(
        kind="panels",
        title=f"token states, {where}, layer {read.numbers[middle]}",
        redraws="GEO Fig. 11",
        x_label="",
        y_label="",
        series=[],
        panels=[
            panel("norms", "norm over the mean norm", lambda states: states.length / states.length.mean()),
            panel("pairs of tokens: angles", "cosine", lambda states: states.pair_cosine),
            panel("pairs of tokens: distances", "RMS distance over the mean norm", lambda states: states.pair_distance),
        ],
        units=f"{len(read.layers)} trainings an arm",
    )
