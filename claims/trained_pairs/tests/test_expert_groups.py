"""Groups of states and what is measured of them: as large in both arms and beside, the same tokens on a split."""

from dataclasses import replace

import numpy as np
import pytest

from claims.shared.arm_layers import ArmLayers
from claims.tests.support.planted_arm_states import routed_arms
from claims.tests.support.planted_arms import TOKENS, changed
from claims.tests.support.verdicts import SAMPLING
from claims.trained_pairs.arms import ArmLayer, in_all_arms
from claims.trained_pairs.drawn_routers import by_drawn_routers, by_own_routing, size_note
from claims.trained_pairs.expert_groups import (
    DEALS,
    FEWEST_TOKENS,
    SPLITS,
    Groups,
    gate_spread,
    grouped,
    mean_rank,
    mean_rank_of_deviations,
    subspace_distance,
    unweighted,
)


def test_gate_spread_of_known_gates() -> None:
    layers = in_all_arms(routed_arms("alike", uneven=0.0)).after.layers[0]
    assert gate_spread(layers[1]) == pytest.approx(1.0)
    assert gate_spread(layers[0]) == pytest.approx(1 / 4)  # one expert of four


def test_the_same_layers_are_read_before_training_where_that_is_known() -> None:
    planted = routed_arms("alike", seeds=2, layers=2)
    stages = in_all_arms(planted)
    assert [len(read.layers) for read in stages] == [2, 2]
    first = planted.untrained[1][0].experts.layers[1]
    assert stages.before.layers[1][0][1].experts is first
    assert not in_all_arms(replace(planted, untrained=())).before.layers
    fewer = replace(planted.untrained[0][0].experts, layers=planted.untrained[0][0].experts.layers[1:])
    untrained = ((replace(planted.untrained[0][0], experts=fewer), planted.untrained[0][1]), planted.untrained[1])
    assert in_all_arms(replace(planted, untrained=untrained)).after.numbers == (1,)


def test_groups_of_both_arms_are_as_large_and_small_ones_are_left_out() -> None:
    seen: list[tuple[int, ...]] = []

    def measure(groups: Groups) -> float:
        seen.append(groups.weights.shape)
        return subspace_distance(groups)

    planted = routed_arms("alike", seeds=1)
    layers = list(planted.trainings[0][0].experts.layers)
    weight = layers[0].kept_weight.copy()
    weight[0, FEWEST_TOKENS - 1 :] = 0.0  # one visit too few
    weight[1, FEWEST_TOKENS + 1 :] = 0.0
    layers[0] = replace(layers[0], kept_weight=weight)
    grouped(in_all_arms(changed(planted, 0, 0, layers=tuple(layers))).after, "own", "inputs", measure, SAMPLING)
    assert seen[: DEALS + 1] == [(3, FEWEST_TOKENS + 1)] * (DEALS + 1)
    assert seen[DEALS + 1] == (4, FEWEST_TOKENS + 1)
    assert seen[-1] == (4, 40)


def test_arms_and_drawn_routers_are_measured_at_one_size_and_one_load() -> None:
    seen: list[tuple[int, ...]] = []

    def measure(groups: Groups) -> float:
        seen.append(groups.weights.shape)
        return subspace_distance(groups)

    read = in_all_arms(routed_arms("cut", seeds=1)).after
    found = by_own_routing(read, measure, SAMPLING)
    assert {count for count, _ in seen} == {4}
    drawn = by_drawn_routers(read, found.sizes, measure, SAMPLING)
    assert {size for _, size in seen if size} == set(found.sizes.ravel().tolist())
    assert (found.sizes > FEWEST_TOKENS).all()
    counts = [count for count, _ in seen]
    assert np.mean(counts) > 3.5  # drawn routers are nearly as even, so that few of their groups fall short
    assert np.isfinite(drawn).all()
    assert f"{found.sizes.min()} to {found.sizes.max()}" in size_note(found.sizes)
    # Where an expert is rare, the groups of all are as small, and drawn routers have a rare one too.
    layer = read.layers[0][0][0]
    rare = np.where(np.arange(TOKENS) < 34, 0, 1 + np.arange(TOKENS) % 3)[:, None]
    uneven = replace(layer, experts=replace(layer.experts, sample_experts=rare))
    one = ArmLayers((0,), (((uneven,), (read.layers[0][1][0],)),), ())
    sizes = by_own_routing(one, measure, SAMPLING).sizes
    assert sizes[0, 0] == 34
    seen.clear()
    by_drawn_routers(one, sizes, measure, SAMPLING)
    assert {size for _, size in seen} == {34}


def test_the_scale_of_one_experts_gates_means_nothing() -> None:
    # Neither to its own subspace nor to a random group, in which its visits would weigh more than others'.
    planted = routed_arms("alike", seeds=1)
    first, *others = planted.trainings[0][1].experts.layers
    louder = first.kept_weight * np.array([[8.0], [1.0], [1.0], [1.0]], dtype=np.float32)
    scaled = changed(planted, 0, 1, layers=(replace(first, kept_weight=louder), *others))
    one, other = (
        grouped(in_all_arms(arms).after, "own", "inputs", subspace_distance, SAMPLING) for arms in (planted, scaled)
    )
    assert np.allclose(one.measured, other.measured)
    assert np.allclose(one.random, other.random)


def test_a_common_split_puts_the_same_tokens_together_in_both_arms() -> None:
    # The soft arm's states are replaced by the token numbers: what is grouped can be read off.
    planted = routed_arms("alike", seeds=1)
    numbered = [
        replace(layer, sample=np.tile(np.arange(TOKENS)[:, None], (1, 12)).astype(np.float32))
        for layer in planted.trainings[0][1].experts.layers
    ]
    read = in_all_arms(changed(planted, 0, 1, layers=tuple(numbered))).after
    seen: list[Groups] = []

    def measure(groups: Groups) -> float:
        seen.append(groups)
        return 0.0

    grouped(read, SPLITS[0], "inputs", measure, SAMPLING, deals=0)
    first: ArmLayer = read.layers[0][0][0]
    tokens = seen[1].states[..., 0].astype(int)
    for number, own in enumerate(tokens):
        assert (first.experts.sample_experts[own, 0] == number).all()
        assert np.array_equal(seen[0].states[number], first.experts.sample[own])
    assert len(np.unique(tokens)) == tokens.size


def test_known_effective_ranks() -> None:
    # Two groups of states along two axes, as many of each: rank 2; one axis counts three times: 4 / 3^(3/4).
    axes = np.repeat(np.eye(2), 2, axis=0) * np.array([1, -1, 1, -1])[:, None]
    groups = Groups(np.stack([axes, axes]), np.array([[1.0, 1, 1, 1], [3, 3, 1, 1]]))
    assert mean_rank(groups) == pytest.approx((2 + 4 / 3**0.75) / 2)
    assert mean_rank(unweighted(groups)) == pytest.approx(2)
    share = 3**0.5 / (1 + 3**0.5)
    by_deviation = share**-share * (1 - share) ** -(1 - share)
    assert mean_rank_of_deviations(groups) == pytest.approx((2 + by_deviation) / 2)
    assert np.isnan(mean_rank(Groups(np.zeros(0), np.zeros(0))))
