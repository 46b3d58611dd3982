"""Planted states of a sparse and a soft arm: subspaces set apart by routing, by the split, or by the states."""

from dataclasses import replace

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.shared.arm_layers import ArmLayers
from claims.tests.support.planted_arm_states import Soft, routed_arms
from claims.tests.support.planted_arms import TOKENS, changed
from claims.tests.support.verdicts import SAMPLING, verdict
from claims.trained_pairs.arms import ArmLayer, in_all_arms
from claims.trained_pairs.expert_groups import (
    DEALS,
    FEWEST_TOKENS,
    SPLITS,
    Groups,
    gate_spread,
    grouped,
    subspace_distance,
)
from claims.trained_pairs.random_routers import beside_drawn_routers, size_note
from claims.trained_pairs.test_asy_topk_subspaces_transformer import (
    test_topk_sharpening_subspace_transformer as sharpening,
)
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

OWN, BY_SPARSE, BY_SOFT = ({"tokens": tokens} for tokens in ("own", *SPLITS))


def test_the_forks_are_those_of_the_claim() -> None:
    declared = claim_of(sharpening)
    assert declared is not None
    assert list(declared.variants) == [OWN, BY_SPARSE, BY_SOFT]


@pytest.mark.parametrize(
    ("kind", "variant", "expected"),
    [
        ("routed", OWN, Verdict.SUPPORTED),
        ("routed", BY_SPARSE, Verdict.SUPPORTED),
        ("narrow", OWN, Verdict.REFUTED),
        ("narrow", BY_SPARSE, Verdict.REFUTED),
        ("narrow", BY_SOFT, Verdict.REFUTED),
        # States that fill the space are further apart in random groups as well.
        ("wide", OWN, Verdict.VACUOUS),
        ("wide", BY_SPARSE, Verdict.VACUOUS),
        ("wide", BY_SOFT, Verdict.VACUOUS),
        # Conditioning on one's own routing alone: gone as soon as both arms are split alike.
        ("split", OWN, Verdict.SUPPORTED),
        # Cuts that know nothing of the clusters: a router drawn at random does as well.
        ("cut", OWN, Verdict.VACUOUS),
        ("split", BY_SPARSE, Verdict.REFUTED),
        ("split", BY_SOFT, Verdict.REFUTED),
    ],
)
def test_sharpening(kind: Soft, variant: dict[str, str], expected: Verdict) -> None:
    assert verdict(sharpening, routing_experiment=routed_arms(kind), variant=variant, sampling=SAMPLING) == expected


@pytest.mark.parametrize(("kind", "share"), [("routed", 1.0), ("split", 0.0)])
def test_the_share_that_survives_is_told(kind: Soft, share: float) -> None:
    criteria = sharpening(routed_arms(kind), OWN, SAMPLING).criteria
    (left,) = (m for m in criteria if m.name.endswith("left on the top-k arm's split"))
    assert left.estimate.value == pytest.approx(share, abs=0.1)
    assert not left.decides


@pytest.mark.parametrize(("uneven", "says"), [(0.02, "alike by construction"), (20.0, "experts, by their entropy.")])
def test_gates_near_uniform_are_named_as_the_cause(uneven: float, says: str) -> None:
    notes = sharpening(routed_arms("routed", uneven=uneven), OWN, SAMPLING).notes
    assert any(note.startswith("The soft arm's gates are spread over") and says in note for note in notes)


def test_gate_spread_of_known_gates() -> None:
    layers = in_all_arms(routed_arms("alike", uneven=0.0)).layers[0]
    assert gate_spread(layers[1]) == pytest.approx(1.0)
    assert gate_spread(layers[0]) == pytest.approx(1 / 4)  # one expert of four


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
    grouped(in_all_arms(changed(planted, 0, 0, layers=tuple(layers))), "own", "inputs", measure, SAMPLING)
    assert seen[: DEALS + 1] == [(3, FEWEST_TOKENS + 1)] * (DEALS + 1)
    assert seen[DEALS + 1] == (4, FEWEST_TOKENS + 1)
    assert seen[-1] == (4, 40)


def test_arms_and_drawn_routers_are_measured_at_one_size_and_one_load() -> None:
    seen: list[tuple[int, ...]] = []

    def measure(groups: Groups) -> float:
        seen.append(groups.weights.shape)
        return subspace_distance(groups)

    read = in_all_arms(routed_arms("cut", seeds=1))
    found = beside_drawn_routers(read, measure, SAMPLING)
    assert {size for _, size in seen} == set(found.sizes.ravel().tolist())
    assert (found.sizes > FEWEST_TOKENS).all()
    assert {count for count, _ in seen} == {4}  # none is left out, since drawn routers are as even
    assert f"{found.sizes.min()} to {found.sizes.max()}" in size_note(found)
    # Where an expert is rare, the groups of all are as small, and drawn routers have a rare one too.
    layer = read.layers[0][0][0]
    rare = np.where(np.arange(TOKENS) < 34, 0, 1 + np.arange(TOKENS) % 3)[:, None]
    uneven = replace(layer, experts=replace(layer.experts, sample_experts=rare))
    one = ArmLayers((0,), (((uneven,), (read.layers[0][1][0],)),), ())
    seen.clear()
    sizes = beside_drawn_routers(one, measure, SAMPLING).sizes
    assert FEWEST_TOKENS <= sizes[0, 0] <= 34
    assert {size for _, size in seen} == {sizes[0, 0]}


def test_groups_are_the_same_without_their_nulls() -> None:
    read = in_all_arms(routed_arms("split"))
    found = beside_drawn_routers(read, subspace_distance, SAMPLING)
    again = beside_drawn_routers(read, subspace_distance, SAMPLING, nulls=False)
    assert np.array_equal(found.measured, again.measured)
    assert np.isnan(again.drawn).all()


def test_the_scale_of_one_experts_gates_means_nothing() -> None:
    # Neither to its own subspace nor to a random group, in which its visits would weigh more than others'.
    planted = routed_arms("alike", seeds=1)
    first, *others = planted.trainings[0][1].experts.layers
    louder = first.kept_weight * np.array([[8.0], [1.0], [1.0], [1.0]], dtype=np.float32)
    scaled = changed(planted, 0, 1, layers=(replace(first, kept_weight=louder), *others))
    one, other = (
        grouped(in_all_arms(arms), "own", "inputs", subspace_distance, SAMPLING) for arms in (planted, scaled)
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
    read = in_all_arms(changed(planted, 0, 1, layers=tuple(numbered)))
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


def test_arms_that_cannot_be_paired_are_refused() -> None:
    planted = routed_arms("routed")
    with pytest.raises(NotApplicable, match="did not read the same text"):
        sharpening(changed(planted, 1, 0, lengths=np.array([1, 2])), OWN, SAMPLING)
    with pytest.raises(NotApplicable, match="sampled other tokens"):
        sharpening(changed(planted, 0, 1, sample=np.arange(TOKENS)[::-1]), OWN, SAMPLING)
    swapped = replace(planted, trainings=tuple(tuple(reversed(training)) for training in planted.trainings))
    with pytest.raises(NotApplicable, match="in layer 0 they use 4 of 4 and 1 of 4"):
        sharpening(swapped, OWN, SAMPLING)


def test_experts_without_visits_leave_nothing_to_pair() -> None:
    planted = routed_arms("routed", seeds=1)
    empty = tuple(
        replace(layer, sample_weights=np.zeros_like(layer.sample_weights))
        for layer in planted.trainings[0][0].experts.layers
    )
    with pytest.raises(NotApplicable, match=r"6 pairs .* 'top-k' minus 'soft' is known of none"):
        sharpening(changed(planted, 0, 0, layers=empty), OWN, SAMPLING)


def test_arms_alike_are_rarely_told_apart() -> None:
    found = [
        verdict(
            sharpening,
            routing_experiment=routed_arms("alike", seed=seed, seeds=1),
            variant=BY_SPARSE,
            sampling=Sampling(seed, 99),
        )
        for seed in range(200)
    ]
    assert found.count(Verdict.SUPPORTED) <= 10
    assert found.count(Verdict.REFUTED) <= 10


def test_a_router_that_is_itself_drawn_at_random_is_rarely_called_support() -> None:
    found = [
        verdict(
            sharpening,
            routing_experiment=routed_arms("cut", seed=seed, seeds=1),
            variant=OWN,
            sampling=Sampling(seed, 99),
        )
        for seed in range(100)
    ]
    assert found.count(Verdict.SUPPORTED) <= 5
