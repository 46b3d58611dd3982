"""Planted routers whose rows are as alike as is wanted, and experts that return more where they are weighed more."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.balance import test_2605_12476_rows
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of, outcome
from fixtures.evidence.experiments import ArmExperts, Experiment
from fixtures.evidence.experts import ExpertStates, ExpertTrace, LayerExperts
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import Float64Array

rows_alike = test_2605_12476_rows.test_rows_alike
ARMS = ("with loss", "without")
#: Wide enough for two random routers to differ by 0.006, mean over the layers.
WORLD = World(sequences=4, length=8, width=128, experts=16)
#: So few directions that two random routers differ by tenths.
NARROW = World(sequences=4, length=8, width=4, experts=4)
LAYERS, SEEDS = 4, 6
#: Experts, kept visits of each and width of what they return.
EXPERTS, KEPT, RETURNED = 4, 64, 3


def rows(rng: np.random.Generator, world: World, alike: float | None) -> Float64Array:
    """Rows of unlike lengths, every two of which have this cosine; None: directions drawn at random."""
    if alike is None:
        return world.router(rng)
    turned = np.linalg.qr(rng.standard_normal((world.width, world.width)))[0][: world.experts]
    together = np.full((world.experts, world.experts), alike) + (1 - alike) * np.eye(world.experts)
    return np.asarray(rng.uniform(0.5, 2.0, (world.experts, 1)) * (np.linalg.cholesky(together) @ turned))


def routed(
    seed: int, alike: float | None, world: World = WORLD, layers: int = LAYERS, loss: float | None = None, **told: bool
) -> Trace:
    rng = np.random.default_rng(seed)
    weight = [rows(rng, world, alike) for _ in range(layers)]
    trace = planted_trace(world, [world.normal(rng) for _ in weight], weight, spectra=False, **told)  # type: ignore[arg-type]
    return replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": loss})


def trained(
    seed: int,
    alike: Sequence[float],
    luck: float = 0.01,
    seeds: int = SEEDS,
    world: World = WORLD,
    layers: int = LAYERS,
) -> Experiment:
    """Arms whose rows are so alike, apart by so much luck of each training."""
    found = np.asarray(alike) + luck * np.random.default_rng([7, seed]).standard_normal((seeds, len(alike)))
    arms = ARMS if len(alike) == 2 else tuple(f"coefficient {place}" for place in range(len(alike)))
    return experiment(arms, seeds, lambda k, arm: routed(1000 * seed + 10 * k + arm, found[k, arm], world, layers))


def by_chance(seed: int) -> Experiment:
    """Routers of both arms are drawn at random."""
    return experiment(ARMS, 5, lambda k, arm: routed(1000 * seed + 10 * k + arm, None))


def returned(
    by_weight: float, seed: int = 0, arms: int = 2, seeds: int = SEEDS, luck: float = 0.05, kept: int = KEPT
) -> ArmExperts:
    """Experts of unlike scales, who return exp(so much times the weight, and noise) times as much."""
    drawn = by_weight + luck * np.random.default_rng([8, seed]).standard_normal(seeds)

    def of(k: int, arm: int) -> ExpertTrace:
        rng = np.random.default_rng([9, seed, k, arm])
        return experts_of([layer_of(rng, number, drawn[k], kept) for number in range(2)])

    return tuple(tuple(of(k, arm) for arm in range(arms)) for k in range(seeds))


def layer_of(rng: np.random.Generator, number: int, by_weight: float, kept: int) -> LayerExperts:
    """Weights are uniform; an expert of a larger scale has larger weights, so that pooled experts would correlate."""
    scale = np.arange(1, EXPERTS + 1)[:, None]
    weight = rng.uniform(0.0, 1.0, (EXPERTS, kept))
    size = scale * np.exp(by_weight * np.sqrt(12) * (weight - 0.5) + rng.standard_normal(weight.shape))
    direction = rng.standard_normal((EXPERTS, kept, RETURNED))
    states = size[..., None] * direction / np.linalg.norm(direction, axis=2, keepdims=True)
    token = np.tile(np.arange(kept), (EXPERTS, 1))
    nothing = ExpertStates(np.zeros(RETURNED), np.zeros((EXPERTS, kept, RETURNED), np.float32))
    return LayerExperts(
        layer=number,
        path="planted",
        source="experts",
        note="",
        visits=np.full(EXPERTS, kept),
        weight=weight.sum(axis=1),
        inputs=nothing,
        outputs=ExpertStates(np.zeros(RETURNED), states.astype(np.float32)),
        kept_token=token,
        kept_sequence=np.zeros_like(token),
        kept_weight=(scale + weight).astype(np.float32),
        sample=np.zeros((0, RETURNED), np.float32),
        sample_experts=np.zeros((0, 1), np.int64),
        sample_weights=np.zeros((0, 1), np.float32),
    )


def experts_of(layers: Sequence[LayerExperts]) -> ExpertTrace:
    return ExpertTrace(
        checkpoint={"name": "planted"},
        population={"name": "planted", "digest": "0"},
        lengths=np.array([KEPT]),
        corpus=np.zeros(1, np.int16),
        corpora=("planted",),
        documents=("0",),
        sample=np.zeros(0, np.int64),
        layers=tuple(layers),
    )


def badly_predicted() -> Experiment:
    """One checkpoint of twelve predicts its text hardly better than token frequencies do."""
    planted = trained(1, MORE)
    traces = tuple(tuple(predicted(trace, 2.0) for trace in seed) for seed in planted.traces)
    return replace(planted, traces=(*traces[:-1], (traces[-1][0], predicted(traces[-1][1], 0.2))))


def doctored(zero_row: bool = False, another_text: bool = False) -> Experiment:
    """One training whose first arm has a row of zeros, or whose last arm read other tokens."""
    planted = trained(3, MORE, seeds=1)
    first, last = planted.traces[0]
    if zero_row:
        weight = first.layers[0].router.weight * (np.arange(WORLD.experts) > 0)[:, None]
        broken = replace(first.layers[0], router=replace(first.layers[0].router, weight=weight))
        first = replace(first, layers=(broken, *first.layers[1:]))
    if another_text:
        last = replace(last, token=last.token + 1)
    return replace(planted, traces=((first, last),))


def rising() -> Experiment:
    """Arms that state coefficients in the wrong order."""
    return experiment(ARMS, 1, lambda _, arm: routed(arm, MORE[arm], loss=(0.0, 0.01)[arm]))


def unlinear() -> Experiment:
    return experiment(ARMS, 1, lambda _, arm: routed(arm, MORE[arm], linear=False))


MORE, ALIKE = (0.3, 0.1), (0.1, 0.1)
SURE = partial(returned, 1.0)


def worlds(alike: tuple[float, float]) -> dict[str, object]:
    """Five trainings of such arms, by the number of the world."""
    return {
        "loss_experiment": lambda seed: trained(seed, alike, luck=0.02, seeds=5),
        "loss_experts": lambda seed: returned(1.0, seed, seeds=5),
    }


CONTRACTS = (
    Contract(
        rows_alike,
        (
            Case(
                "three times as alike", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, MORE),
                loss_experts=SURE,
            ),
            Case(
                "five trainings", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, MORE, seeds=5),
                loss_experts=partial(returned, 1.0, seeds=5),
            ),
            Case(
                "a sweep", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.3, 0.2, 0.1)),
                loss_experts=partial(returned, 1.0, arms=3),
            ),
            Case(
                "rows that part less", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.0, -0.066), luck=1e-4),
                loss_experts=SURE,
            ),
            Case(
                "experts that cannot be read", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, MORE),
                loss_experts=((None, None),) * SEEDS,
            ),
            Case(
                "a little less than matters", Verdict.PARTLY, says="falls short", loss_experts=SURE,
                loss_experiment=partial(trained, 1, (0.145, 0.1), luck=0.001),
            ),
            Case(
                "scores that tell nothing", Verdict.PARTLY, says=r"refuted: Spearman\(combine weight",
                loss_experiment=partial(trained, 1, MORE), loss_experts=partial(returned, 0.0),
            ),
            Case(
                "scores that tell a little", Verdict.PARTLY, says=r"refuted: Spearman\(combine weight",
                loss_experiment=partial(trained, 1, MORE), loss_experts=partial(returned, 0.05, luck=0.01),
            ),
            Case(
                "high scores with weak activation", Verdict.PARTLY, says=r"permuted norms = -0\.",
                loss_experiment=partial(trained, 1, MORE), loss_experts=partial(returned, -1.0),
            ),
            Case(
                "scores that differ by training", Verdict.SUPPORTED, says=r"open is a part .* Spearman",
                loss_experiment=partial(trained, 1, MORE), loss_experts=partial(returned, 0.8, luck=0.6),
            ),
            Case("rows as alike", Verdict.REFUTED, loss_experiment=partial(trained, 1, ALIKE), loss_experts=SURE),
            Case(
                "arms turned round", Verdict.REFUTED, loss_experiment=partial(trained, 1, MORE[::-1]),
                loss_experts=SURE,
            ),
            Case(
                "so few directions that chance gives as much", Verdict.VACUOUS, says="random routers",
                loss_experiment=partial(trained, 1, MORE, world=NARROW, layers=1), loss_experts=SURE,
            ),
            Case(
                "two trainings", Verdict.INCONCLUSIVE, says="^2 trainings an arm",
                loss_experiment=partial(trained, 1, MORE, seeds=2), loss_experts=partial(returned, 1.0, seeds=2),
            ),
            Case(
                "one training", Verdict.INCONCLUSIVE, says="^1 training an arm",
                loss_experiment=partial(trained, 1, MORE, seeds=1), loss_experts=partial(returned, 1.0, seeds=1),
            ),
            Case(
                "trainings that disagree", Verdict.INCONCLUSIVE, loss_experts=SURE,
                loss_experiment=partial(trained, 2, (0.35, 0.3), luck=0.08),
            ),
            *refused(
                "loss_experiment",
                ("coefficients that rise", r"should fall from arm to arm, and are 0, 0\.01", rising),
                ("routers that are not linear", "its router is not linear", unlinear),
                ("another text", "same text", partial(doctored, another_text=True)),
                ("a row of zeros", "there is no angle", partial(doctored, zero_row=True)),
                loss_experts=partial(returned, 1.0, seeds=1),
            ),
            Case(
                "a checkpoint that does not model its text", Verdict.NOT_APPLICABLE, says="where it is least = 0.2",
                loss_experiment=badly_predicted, loss_experts=SURE,
            ),
        ),
        (
            Null("arms alike", worlds(ALIKE)),
            Null(
                "routers drawn at random",
                {"loss_experiment": by_chance, "loss_experts": lambda seed: returned(1.0, seed, seeds=5)},
            ),
            Null(
                "true at its threshold plus a margin", worlds((0.165, 0.1)),
                limits={Verdict.REFUTED: 0.5, Verdict.VACUOUS: 0.5},
            ),
            true_by_far(worlds(MORE)),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_cosines_are_those_planted_whatever_the_lengths() -> None:
    finding = finding_of(rows_alike, loss_experiment=trained(1, MORE, luck=0.0), loss_experts=SURE())
    headline, excess, chance = finding.headline[0].estimate, finding.excess[0].estimate, finding.controls[0].estimate
    assert headline.value == pytest.approx(0.2)
    assert (headline.unit, headline.n) == ("training", SEEDS)
    assert excess.value == pytest.approx(0.2 - chance.value)
    # Two means over 120 pairs and four layers differ by sqrt(2 / (4 x 120 x 128)) = 0.0057, the largest of 19 by 1.84
    # times as much.
    assert chance.value == pytest.approx(1.84 * 0.0057, rel=0.3)
    ratio, size, rest = (one.estimate.value for one in finding.reported)
    assert [ratio, size, rest] == pytest.approx([3.0, 0.2, 0.0], abs=0.05)


def test_there_is_no_ratio_to_rows_that_are_not_alike() -> None:
    finding = finding_of(rows_alike, loss_experiment=trained(1, (0.1, -0.05), luck=0.001), loss_experts=SURE())
    assert len(finding.reported) == 2


def test_lucky_scores_of_unlike_experts_are_no_activation() -> None:
    # Pooled over experts, weights and norms go together: experts of larger weights return more, whatever the token.
    finding = finding_of(rows_alike, loss_experiment=trained(1, MORE), loss_experts=returned(0.0))
    assert abs(finding.parts[0].estimate.value) < 0.1


def test_scores_need_visits_of_unequal_weights_and_outputs() -> None:
    planted, told = trained(1, MORE), r"Whether a high score goes with strong activation was not asked: .*"
    equal = [replace(layer, kept_weight=np.ones_like(layer.kept_weight)) for layer in first_layers()]
    silent = [replace(layer, outputs=None, note="no module holds its experts") for layer in first_layers()]
    few = [layer_of(np.random.default_rng(0), number, 1.0, 7) for number in range(2)]
    for layers, why in ((equal, "unequal weights"), (silent, "no module holds"), (few, "8 visits")):
        finding = finding_of(rows_alike, loss_experiment=planted, loss_experts=((experts_of(layers),) * 2,) * SEEDS)
        assert not finding.parts
        assert [note for note in finding.notes if why in note and note.startswith(told[:40])]


def test_a_layer_whose_experts_cannot_be_read_is_left_out_and_named() -> None:
    first, last = first_layers()
    part = ((experts_of([replace(first, outputs=None, note="no module holds its experts"), last]),) * 2,) * SEEDS
    found = outcome(rows_alike, loss_experiment=trained(1, MORE), loss_experts=part).finding
    assert found is not None
    assert found.parts
    assert "Of scores and activations: Layers left out: 0 (no module holds its experts)." in found.notes


def first_layers() -> tuple[LayerExperts, ...]:
    """The layers of one checkpoint whose experts return more where they are weighed more."""
    trace = SURE()[0][0]
    assert trace is not None
    return trace.layers
