"""Does the balancing loss make a router's rows more alike?  arXiv 2605.12476, by intervention."""

from collections.abc import Callable

import numpy as np

from claims.balance.falling_loss import require_falling_loss
from claims.balance.paired_layers import in_all
from claims.balance.score_activation import PERMUTATIONS, Activation, activation
from claims.balance.seed_differences import between_seeds
from claims.core.claim import Threshold, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.shared.arm_layers import ArmLayers
from claims.shared.paired_differences import arm_curves, difference, figure_by_layer, quoted
from claims.shared.premises import all_model_text
from claims.shared.trainings import over_trainings, ratio_over_trainings
from fixtures.evidence.experiments import ArmExperts, Experiment
from fixtures.evidence.trace import LayerTrace
from metrics.arrays import Float64Array, FloatArray
from metrics.routing.row_cosines import mean_absolute_row_cosine, mean_row_cosine, random_rows
from metrics.stats.sampling import Sampling

#: Pairs of random routers whose largest difference is the null: one in twenty, with what is measured.
PAIRS = 19
#: What the paper calls nearly three times as similar.
NEARLY_THREE = 2.5


@claim(
    id="rows-alike",
    group="F",
    number=9,
    title="The balancing loss makes router rows more alike",
    source="arXiv 2605.12476",
    figures=(),
    statement="Of checkpoints trained alike but for the coefficient of the balancing loss, the one with more of it has "
    "router rows that point more alike, in training after training; and in either, the more weight a token has at an "
    "expert, the more the expert returns.",
    equation="c(W) = mean over i != j of cos(w_i, w_j);  c(largest coefficient) - c(none) >= 0.05, mean over layers, "
    "over trainings;  Spearman(g, ||f_e(x)||) over the visits of an expert >= 0.1, mean over experts, layers and arms",
    definition="reconstructed: the cosines keep their signs, every layer counts alike, and w are the rows as the model "
    "holds them. What the paper compares the loss with we do not know: no balancing at all, as here, or another way to "
    "balance. The score is the combine weight g, the activation the norm of what the expert returns before g is "
    "applied (the paper: of its neurons), both of a random few visits of each expert",
    means="In these trainings the balancing loss did not make router rows noticeably more alike: do not give it up on "
    "the ground that it merges the directions that experts are chosen by.",
    check="The mean cosine of your router's rows with the loss and with what you would balance by in its place, over "
    "at least five seeds each.",
    null_says="Pairs of routers of the same shapes whose rows are directions drawn at random, what lengths of rows do "
    f"not change: the largest of {PAIRS} differences, each a mean over as many layers, drawn anew for every training. "
    f"For scores, norms permuted among the visits of each expert: the largest of {PERMUTATIONS} such means.",
    paper="router rows nearly three times as similar with the loss; no other number is known to us",
    thresholds={
        "alike": Threshold(
            0.05,
            "cosine: of E unit rows, 1/E + (1 - 1/E) c is the squared length of their mean, so that this is a "
            "twentieth of the rows' energy moved into what all share; 0.016 is the standard deviation by which two "
            "random routers of 16 rows and width 64 differ in one layer",
        ),
        "beyond": Threshold(0.025, "half of the smallest difference that matters, more than random routers give"),
        "active": Threshold(0.1, "a rank correlation that explains less than a hundredth of the order is none"),
        "by_score": Threshold(0.05, "half of that, more than permuted visits give"),
    },
)
def test_rows_alike(loss_experiment: Experiment, loss_experts: ArmExperts, sampling: Sampling) -> Finding:
    """Compare the mean cosines of the outer arms; arms come with the largest coefficient first, trainings are units."""
    require_falling_loss(loss_experiment)
    read, arms = in_all(loss_experiment, linear=True), loss_experiment.arms
    alike = _table(read, mean_row_cosine)
    if not np.isfinite(alike).all():
        raise NotApplicable("a router has a row of zeros, or a single one: between such rows there is no angle")
    drawn = _drawn(read, sampling.rng("rows-alike", "routers"))
    name, more = f"mean cosine of router rows, {quoted(arms)}", difference(alike)
    chance = (drawn[:, :, 0] - drawn[:, :, 1]).mean(axis=2).max(axis=1)
    parts, notes = _by_score(loss_experts, sampling.rng("rows-alike", "norms"))
    return Finding(
        headline=(Measured(name, over_trainings(more), ">=", "alike", within=(-2.0, 2.0)),),
        excess=(
            Measured(
                f"{name}, minus the largest of {PAIRS} pairs of random routers",
                over_trainings(more.mean(axis=1) - chance),
                ">=",
                "beyond",
            ),
        ),
        parts=parts,
        premises=all_model_text(loss_experiment.fits, sampling),
        controls=_controls(alike, chance),
        reported=_reported(read, alike, arms),
        layers=arm_curves("mean cosine of router rows", arms, read.numbers, alike),
        figure=figure_by_layer(
            "how alike router rows are",
            "ours (arXiv 2605.12476)",
            "mean cosine of two rows",
            read.numbers,
            {
                **{arm: alike[:, place] for place, arm in enumerate(arms)},
                "routers drawn at random": drawn.reshape(-1, len(read.numbers)),
            },
        ),
        notes=(*read.notes, *notes),
    )


def _table(read: ArmLayers[LayerTrace], of: Callable[[FloatArray], float]) -> Float64Array:
    """A number of each router's weight, (K, A, L)."""
    return np.array([[[of(layer.router.weight) for layer in arm] for arm in seed] for seed in read.layers])


def _drawn(read: ArmLayers[LayerTrace], rng: np.random.Generator) -> Float64Array:
    """Mean cosine of random rows, of as many and as wide as both outer arms have, (K, PAIRS, 2, L)."""

    def of(layer: LayerTrace) -> list[float]:
        return [mean_row_cosine(random_rows(rng, *layer.router.weight.shape)) for _ in range(PAIRS)]

    table = [[[of(layer) for layer in arm] for arm in (seed[0], seed[-1])] for seed in read.layers]
    return np.moveaxis(np.array(table), 3, 1)


def _by_score(experts: ArmExperts, rng: np.random.Generator) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """The parts on scores and activations, with notes; no part where what experts return is not known."""
    try:
        found = activation(experts, rng)
    except NotApplicable as reason:
        return (), (f"Whether a high score goes with strong activation was not asked: {reason}.",)
    return _parts(found), tuple(f"Of scores and activations: {note}" for note in found.notes)


def _parts(found: Activation) -> tuple[Measured, ...]:
    name = "Spearman(combine weight, norm of what the expert returns), mean over experts"
    return (
        Measured(name, over_trainings(found.rho), ">=", "active", within=(-1.0, 1.0)),
        Measured(
            f"{name}, minus the largest of {PERMUTATIONS} with permuted norms",
            over_trainings(found.rho - found.permuted),
            ">=",
            "by_score",
            within=(-2.0, 2.0),
        ),
    )


def _controls(alike: Float64Array, chance: Float64Array) -> tuple[Measured, ...]:
    """What random routers give, and what two seeds of one arm differ by where there are two."""
    random = Measured(
        f"the largest difference of {PAIRS} pairs of random routers", over_trainings(chance), ">=", "alike"
    )
    if len(alike) < 2:
        return (random,)
    seeds = over_trainings(between_seeds(alike[:, [0, -1]]))
    return random, Measured("what two seeds of one arm differ by in mean cosine", seeds, ">=", "alike")


def _reported(read: ArmLayers[LayerTrace], alike: Float64Array, arms: tuple[str, ...]) -> tuple[Measured, ...]:
    """The ratio of both mean cosines, and differences of cosines without sign and without what all rows share."""
    size, rest = _table(read, mean_absolute_row_cosine), _table(read, _without_shared)
    return (
        *_ratio(alike, arms),
        Measured(
            f"mean absolute cosine of router rows, {quoted(arms)}",
            over_trainings(difference(size)),
            ">=",
            "alike",
            within=(-1.0, 1.0),
        ),
        Measured(
            f"the same of rows less their mean, which changes no order of logits, {quoted(arms)}",
            over_trainings(difference(rest)),
            ">=",
            "alike",
            within=(-1.0, 1.0),
        ),
    )


def _without_shared(weight: FloatArray) -> float:
    return mean_absolute_row_cosine(weight - weight.mean(axis=0))


def _ratio(alike: Float64Array, arms: tuple[str, ...]) -> tuple[Measured, ...]:
    """First arm over last, of means over layers and trainings; none where the last arm's is not above 0 every time."""
    first, last = alike[:, 0], alike[:, -1]
    if (last.mean(axis=1) <= 0).any():
        return ()
    found = ratio_over_trainings(first, last)
    return (Measured(f"mean cosine of router rows, {arms[0]!r} over {arms[-1]!r}", found, ">=", NEARLY_THREE),)
