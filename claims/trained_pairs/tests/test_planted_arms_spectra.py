"""Planted spectra of a mixture and its dense twin: flatter or not, by what they learned, by width, or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_arms import (
    AT_MOST,
    EXPERTS,
    TOKENS,
    WIDTH,
    Pair,
    Spectrum,
    changed,
    experiment,
    functions,
    layer_of,
    one_expert,
    without,
)
from claims.tests.support.verdicts import SAMPLING, verdict
from claims.trained_pairs.arm_functions import decay, leading_value, values_of_rank
from claims.trained_pairs.test_prb_transformer import test_moe_flattens_transformer as flattens
from fixtures.evidence.experiments import FunctionExperiment, TrainedArm
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

MEAN, SINGLE = ({"jacobian": j, "gate": "without"} for j in ("mean over own tokens", "at single own tokens"))
GATED_MEAN, GATED_SINGLE = ({**variant, "gate": "times its mean"} for variant in (MEAN, SINGLE))
VARIANTS = (MEAN, SINGLE, GATED_MEAN, GATED_SINGLE)
STATES = np.random.default_rng(0).standard_normal((TOKENS, WIDTH))
MIXTURE = layer_of(np.random.default_rng(1), one_expert(STATES, np.arange(TOKENS) % EXPERTS), EXPERTS)
DENSE = layer_of(np.random.default_rng(1), one_expert(STATES, np.zeros(TOKENS, np.int64)), 1)
LARGE, SMALL = Spectrum(1.0, 0.9), Spectrum(0.5, 0.7)


def twins(experts: Spectrum, dense: Spectrum, seed: int = 0, seeds: int = 2) -> FunctionExperiment:
    def build(rng: np.random.Generator) -> Pair:
        return (
            (MIXTURE, functions(rng, EXPERTS, spectrum=experts)),
            (DENSE, functions(rng, 1, spectrum=dense)),
        )

    return experiment(("MoE", "dense"), build, seed=seed, seeds=seeds)


def test_the_forks_are_those_of_the_claim() -> None:
    declared = claim_of(flattens)
    assert declared is not None
    assert declared.variants == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: ", ".join(variant.values()))
@pytest.mark.parametrize(
    ("mixture", "twin", "expected"),
    [
        (SMALL, LARGE, Verdict.SUPPORTED),
        (LARGE, SMALL, Verdict.REFUTED),
        # Smaller, and slower to decay.
        (replace(SMALL, decay=0.95), LARGE, Verdict.REFUTED),
        # Experts whose weights are reinitialised respond half as much as the twin's: width alone does that.
        (replace(SMALL, redrawn=0.5), LARGE, Verdict.VACUOUS),
        (replace(SMALL, redrawn=0.9), LARGE, Verdict.SUPPORTED),
    ],
    ids=["smaller and faster", "larger and slower", "smaller and slower", "by width", "hardly by width"],
)
def test_flattens(variant: dict[str, str], mixture: Spectrum, twin: Spectrum, expected: Verdict) -> None:
    assert verdict(flattens, twin_experiment=twins(mixture, twin), variant=variant, sampling=SAMPLING) == expected


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: ", ".join(variant.values()))
def test_zeros_beyond_a_narrow_experts_rank_are_no_decay(variant: dict[str, str]) -> None:
    # Experts of rank 3 decay as the twin of rank 8 does, as far as they go: the five zeros that follow do not count.
    planted = twins(Spectrum(0.5, 0.9, rank=3, noise=0.0), Spectrum(1.0, 0.9, rank=8, noise=0.0))
    finding = flattens(planted, variant, SAMPLING)
    assert finding.criteria[1].estimate.value == pytest.approx(0.0, abs=1e-6)
    assert any(note.startswith("The decay is over the first 3 singular values") for note in finding.notes)
    assert finding.figure is not None
    assert [len(series.x) for series in finding.figure.series] == [3] * 4
    # The figure shows s_1, which is judged, and how it falls.
    assert finding.figure.series[1].y == pytest.approx([1.0, 0.9, 0.81], rel=1e-3)
    assert finding.figure.series[0].y[0] == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(("plain", "gated"), [(MEAN, GATED_MEAN), (SINGLE, GATED_SINGLE)])
def test_gates_make_large_experts_small(plain: dict[str, str], gated: dict[str, str]) -> None:
    # Experts that respond twice as much as the twin respond half as much under gates of a quarter.
    planted = twins(Spectrum(2.0, 0.7, redrawn=4.0), LARGE)
    for seed in range(2):
        quiet = [replace(layer, weight=layer.visits / 4) for layer in planted.trainings[seed][0].experts.layers]
        planted = changed(planted, seed, 0, layers=tuple(quiet))
    values = [flattens(planted, variant, SAMPLING).criteria[0].estimate.value for variant in (plain, gated)]
    assert values[0] == pytest.approx(np.log(2), abs=0.1)
    assert values[1] - values[0] == pytest.approx(np.log(0.25), abs=1e-6)
    assert verdict(flattens, twin_experiment=planted, variant=plain, sampling=SAMPLING) == Verdict.REFUTED
    assert verdict(flattens, twin_experiment=planted, variant=gated, sampling=SAMPLING) == Verdict.SUPPORTED


def test_experts_without_visits_are_left_out() -> None:
    rows = np.array([[2.0, 1.0, 0.0], [4.0, 1.0, 0.0], [np.nan] * 3, [0.0] * 3], dtype=np.float32)
    assert leading_value(rows) == pytest.approx(2.0)
    assert leading_value(rows[:3]) == pytest.approx(3.0)
    assert leading_value(rows[:3], np.array([0.5, 0.25, np.nan])) == pytest.approx(1.0)
    assert decay(rows, 2).tolist() == pytest.approx([1.0, 0.375])
    assert values_of_rank(rows) == 2
    assert values_of_rank(rows[2:]) == 0
    assert np.isnan(decay(rows[2:], 2)).all()
    assert np.isnan(leading_value(rows[2:3]))


def test_a_layer_with_dead_experts_costs_a_pair_and_no_more() -> None:
    planted = twins(SMALL, LARGE)

    def dead(arm: TrainedArm) -> TrainedArm:
        first, *others = arm.functions.layers
        blank = replace(first, leading=np.zeros_like(first.leading))
        return replace(arm, functions=replace(arm.functions, layers=(blank, *others)))

    moe, dense = planted.trainings[0]
    planted = replace(planted, trainings=((dead(moe), dense), planted.trainings[1]))
    finding = flattens(planted, MEAN, SAMPLING)
    assert [measured.estimate.n for measured in finding.criteria[:2]] == [11, 11]
    assert any(note.endswith("nothing to measure: 1 of 12 pairs.") for note in finding.notes)


def test_arms_that_cannot_be_paired_are_refused() -> None:
    planted = twins(SMALL, LARGE)
    with pytest.raises(NotApplicable, match="did not read the same text"):
        flattens(changed(planted, 1, 1, lengths=np.array([3])), MEAN, SAMPLING)
    with pytest.raises(NotApplicable, match="in all 4 checkpoints: its experts cannot be read"):
        flattens(without(planted, 1, 6), MEAN, SAMPLING)
    with pytest.raises(NotApplicable, match=r"6 pairs .*ln s_1, 'MoE' minus 'dense' is -0\.\d"):
        flattens(without(planted, 0, 4), MEAN, SAMPLING)
    swapped = replace(planted, trainings=tuple(tuple(reversed(training)) for training in planted.trainings))
    with pytest.raises(NotApplicable, match="in layer 0 they have 1 and 4 experts"):
        flattens(swapped, MEAN, SAMPLING)


def flattens_null(seed: int, noise: float, leading: float) -> Verdict:
    """Twins that decay alike but for chance; the experts' leading values are so many times the twin's."""
    twin = Spectrum(1.0, 0.8, noise=noise)
    planted = twins(replace(twin, leading=leading), twin, seed=seed)
    return verdict(flattens, twin_experiment=planted, variant=MEAN, sampling=Sampling(seed, 99))


@pytest.mark.parametrize("leading", [1.0, 0.2])
def test_arms_that_decay_alike_are_rarely_told_apart(leading: float) -> None:
    found = [flattens_null(seed, 0.3, leading) for seed in range(200)]
    assert found.count(Verdict.SUPPORTED) <= AT_MOST


def test_width_that_does_it_all_is_rarely_called_support() -> None:
    found = [
        verdict(
            flattens,
            twin_experiment=twins(Spectrum(0.5, 0.7, redrawn=0.5, noise=0.1), Spectrum(noise=0.1), seed=seed),
            variant=MEAN,
            sampling=Sampling(seed, 99),
        )
        for seed in range(200)
    ]
    assert found.count(Verdict.SUPPORTED) <= 10


def test_what_a_router_chooses_beyond_the_experts_has_no_gate_here() -> None:
    def build(rng: np.random.Generator) -> Pair:
        return (
            (MIXTURE, functions(rng, EXPERTS - 1, spectrum=SMALL)),
            (DENSE, functions(rng, 1, spectrum=LARGE)),
        )

    assert verdict(flattens, twin_experiment=experiment(("MoE", "dense"), build), variant=GATED_MEAN, sampling=SAMPLING)
