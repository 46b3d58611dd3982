"""The controlled MLP: arms that differ in one thing, the same every time, and planted starts that it must see."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
import torch

from claims.controlled_mlp import ArmMeasures, controlled_mlps
from claims.mlp_jacobians import experts_of
from claims.mlp_measures import SPLITS
from claims.mlp_training import gates, initial_weights, one_thread, predicted, states_and_logits, train
from claims.mlp_world import WORLD, MlpWorld, arms_of, tokens_of
from claims.sampling import Sampling
from claims.tests.small_mlp_world import SMALL

SAMPLING = Sampling(seed=3)
NAMES = ("dense", "top-1", "top-2", "soft", "random-1", "random-2")


@cache
def arms(start: str = "random", trained: bool = True) -> dict[str, ArmMeasures]:
    world = replace(SMALL, start=start)  # type: ignore[arg-type]
    return controlled_mlps(world, SAMPLING, matches=("total",), trained=trained)["total"]


def parameters(arm: tuple[str, str, int, int, int], used: bool) -> int:
    """Hidden units of an arm, in all or for one token."""
    _, _, experts, hidden, top_k = arm
    return hidden * (top_k if used else experts)


@pytest.mark.parametrize("world", [SMALL, WORLD])
def test_arms_are_matched(world: MlpWorld) -> None:
    total, active = arms_of(world, "total"), arms_of(world, "active")
    assert [arm.name for arm in total] == [arm.name for arm in active] == list(NAMES)
    assert {parameters(arm, used=False) for arm in total} == {world.experts * world.hidden}
    assert {parameters(arm, used=True) for arm in active} == {2 * world.hidden}
    assert len({*total, *active}) == 10  # top-2 and random-2 serve both


def test_what_is_measured_is_the_same_to_the_bit_and_in_any_number_of_threads() -> None:
    threads = torch.get_num_threads()
    short = replace(SMALL, steps=5)
    try:
        torch.set_num_threads(1)
        one = controlled_mlps(short, SAMPLING, matches=("total",), names=("top-1", "soft"))["total"]
        torch.set_num_threads(2)
        two = controlled_mlps(short, SAMPLING, matches=("total",), names=("top-1", "soft"))["total"]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    for name in ("top-1", "soft"):
        np.testing.assert_array_equal(one[name].error, two[name].error)
        for split in SPLITS:
            for field in fields(one[name].splits[split]):
                left, right = (getattr(found[name].splits[split], field.name) for found in (one, two))
                np.testing.assert_array_equal(left, right)


def test_a_seed_does_not_depend_on_the_others_and_another_seed_is_another_world() -> None:
    short = replace(SMALL, steps=5)
    few, more = (
        controlled_mlps(replace(short, seeds=seeds), SAMPLING, names=("top-2",), matches=("total",))["total"]["top-2"]
        for seeds in (1, 2)
    )
    np.testing.assert_allclose(few.error, more.error[:1], rtol=1e-5)
    np.testing.assert_allclose(few.splits["same"].alignment, more.splits["same"].alignment[:1], atol=1e-5)
    assert more.error[0] != more.error[1]
    other = controlled_mlps(short, Sampling(seed=4), names=("top-2",), matches=("total",))["total"]["top-2"]
    assert (other.error != more.error).all()


def test_every_arm_learns_and_routing_by_lot_is_the_handicap() -> None:
    before, after = arms(trained=False), arms()
    for name in NAMES:
        assert (after[name].error < 0.8 * before[name].error).all()
    for lots, chosen in (("random-1", "top-1"), ("random-2", "top-2")):
        assert (after[lots].error > after[chosen].error).all()


def test_arms_start_from_the_same_weights_but_for_the_experts() -> None:
    dense, one, two, soft, *_ = (initial_weights(SMALL, arm, SAMPLING) for arm in arms_of(SMALL, "active"))
    for other in (one, two, soft):
        assert torch.equal(dense.enter, other.enter)
        assert torch.equal(dense.leave, other.leave)
        assert torch.equal(one.router, other.router)
    assert [tuple(each.up.shape[1:]) for each in (dense, one, two, soft)] == [
        (1, 12, 16),
        (4, 12, 16),
        (4, 12, 8),
        (4, 12, 4),
    ]
    same = initial_weights(replace(SMALL, start="equal"), arms_of(SMALL, "total")[3], SAMPLING)
    assert (same.up == same.up[:, :1]).all()
    assert not (soft.up == soft.up[:, :1]).all()


def test_gates_use_as_many_experts_as_they_should() -> None:
    rng = np.random.default_rng(0)
    logits, lots = (torch.from_numpy(rng.standard_normal((2, 9, 4))) for _ in range(2))
    found = {arm.name: gates(arm, logits[..., : arm.experts], lots) for arm in arms_of(SMALL, "total")}
    probabilities = logits.softmax(dim=-1)
    used = {name: sorted(set((gate > 0).sum(dim=-1).reshape(-1).tolist())) for name, gate in found.items()}
    assert used == {"dense": [1], "top-1": [1], "top-2": [2], "soft": [4], "random-1": [1], "random-2": [2]}
    torch.testing.assert_close(found["top-1"].amax(dim=-1), probabilities.amax(dim=-1))
    torch.testing.assert_close(found["top-2"].sum(dim=-1), probabilities.topk(2).values.sum(dim=-1))
    for name in ("dense", "soft", "random-1", "random-2"):
        torch.testing.assert_close(found[name].sum(dim=-1), torch.ones(2, 9, dtype=torch.float64))
    chosen = {tuple(row) for row in found["random-2"].reshape(-1, 4).gt(0).int().tolist()}
    assert torch.equal(found["random-2"] > 0, gates(arms_of(SMALL, "total")[5], -logits, lots) > 0)
    assert len(chosen) > 2
    ratio = found["random-2"] / probabilities  # the router weighs the two that were drawn
    assert torch.allclose(ratio[ratio > 0].reshape(-1, 2)[:, 0], ratio[ratio > 0].reshape(-1, 2)[:, 1])


def test_jacobians_are_those_of_the_closed_form() -> None:
    _, held_out = tokens_of(SMALL, SAMPLING)
    arm = arms_of(SMALL, "total")[3]
    weights = initial_weights(SMALL, arm, SAMPLING)
    found = experts_of(SMALL, arm, weights, held_out, 1)
    up, down, router = (each[1].double().numpy() for each in (weights.up, weights.down, weights.router))
    h = torch.from_numpy(found.states[:96])
    pre = torch.einsum("nd,edm->nem", h, torch.from_numpy(up)).requires_grad_()
    (slope,) = torch.autograd.grad(torch.nn.functional.gelu(pre).sum(), pre)
    plain = np.einsum("emo,nem,edm->neod", down, slope.numpy(), up)
    np.testing.assert_allclose(found.plain.jacobians, plain, atol=1e-12)
    # d g_e / d h of a softmax is g_e (r_e - sum_j g_j r_j); the gate adds f_e (grad g_e)^T.
    gate = found.gates[:96]
    slopes = gate[..., None] * (router.T - (gate @ router.T)[:, None])
    gated = gate[..., None, None] * plain + found.outputs[:96, :, :, None] * slopes[:, :, None, :]
    np.testing.assert_allclose(found.gated.jacobians, gated, atol=1e-12)
    flat = plain.reshape(96, 4, -1)
    cosine = np.einsum("nq,nq->n", flat[:, 0], flat[:, 1]) / np.prod(np.linalg.norm(flat[:, :2], axis=-1), axis=1)
    np.testing.assert_allclose(found.plain.cosines[:, 0, 1], cosine, atol=1e-12)
    np.testing.assert_allclose(found.plain.spectra, np.linalg.svd(plain[:24], compute_uv=False), atol=1e-12)


@pytest.mark.parametrize("index", [1, 4, 5])
def test_the_gate_of_a_sparse_arm_is_differentiated_where_it_is_smooth(index: int) -> None:
    _, held_out = tokens_of(SMALL, SAMPLING)
    arm = arms_of(SMALL, "total")[index]
    weights = initial_weights(SMALL, arm, SAMPLING)
    found = experts_of(SMALL, arm, weights, held_out, 0)
    assert ((found.gates[:96] > 0) == (np.linalg.norm(found.gated.jacobians, axis=(2, 3)) > 0)).all()
    if arm.name == "random-1":  # its gate is 1 whatever the token
        used = found.gates[:96] > 0
        np.testing.assert_allclose(found.gated.jacobians[used], found.plain.jacobians[used], atol=1e-13)


def test_the_experts_evaluated_are_the_ones_trained() -> None:
    train_tokens, held_out = tokens_of(SMALL, SAMPLING)
    arm = arms_of(SMALL, "total")[2]
    weights = train(SMALL, arm, SAMPLING, train_tokens)
    x, lots = torch.from_numpy(held_out.x).float(), torch.from_numpy(held_out.lots).float()
    h, logits = states_and_logits(weights, x)
    answer = predicted(weights, h, gates(arm, logits, lots))
    direct = (answer.double() - torch.from_numpy(held_out.y)).square().mean(dim=(1, 2))
    np.testing.assert_allclose(arms()["top-2"].error, direct, rtol=1e-4)


def test_equal_experts_are_seen_as_equal() -> None:
    for name in ("top-1", "top-2", "soft"):
        found = arms("equal", trained=False)[name]
        same, own = found.splits["same"], found.splits["own"]
        np.testing.assert_allclose(same.alignment, 1.0, atol=1e-6)
        np.testing.assert_allclose(same.absolute, 1.0, atol=1e-6)
        np.testing.assert_allclose(same.token_alignment, 1.0, atol=1e-6)
        np.testing.assert_allclose(same.geodesic_outputs, 0.0, atol=1e-6)
        np.testing.assert_allclose(same.overlap_outputs, 1.0, atol=1e-6)
        assert (own.alignment < 1.0).all()  # the same function at other tokens
    before = arms(trained=False)["soft"].splits["same"]
    assert (np.abs(before.alignment) < 0.2).all()
    assert (before.geodesic_outputs > 0.5).all()


def test_experts_that_start_equal_stay_alike_under_soft_routing_and_not_under_top_1() -> None:
    equal, random = arms("equal"), arms()
    soft, sparse = equal["soft"].splits["same"], equal["top-1"].splits["same"]
    assert (soft.alignment > 0.5).all()
    assert (soft.alignment > random["soft"].splits["same"].alignment + 0.2).all()
    assert (soft.alignment > sparse.alignment).all()
    assert (soft.geodesic_outputs < random["soft"].splits["same"].geodesic_outputs).all()


def test_splits_say_what_they_are() -> None:
    found = arms()
    for name in ("top-1", "top-2", "soft", "random-1", "random-2"):
        splits = found[name].splits
        np.testing.assert_allclose(splits["same"].geodesic_inputs, 0.0, atol=1e-12)  # by construction
        # Clusters lie apart, random groups do not: in every arm, whatever its routing.
        assert (splits["clusters"].geodesic_inputs > splits["random"].geodesic_inputs).all()
        assert np.isnan(splits["clusters"].token_alignment).all()
        for split in SPLITS:
            assert (splits[split].left_out >= 0).all()
            assert (splits[split].rank_inputs <= SMALL.width).all()
    # Random masks of one expert are the random partition.
    own, lots = found["random-1"].splits["own"], found["random-1"].splits["random"]
    for field in fields(own):
        np.testing.assert_array_equal(getattr(own, field.name), getattr(lots, field.name))
    dense = found["dense"].splits
    assert np.isnan(dense["own"].alignment).all()
    assert (dense["random"].alignment > dense["clusters"].alignment).all()  # one function, at other tokens


def test_spectra_end_at_the_hidden_width() -> None:
    found = controlled_mlps(SMALL, SAMPLING, matches=("active",), names=("dense", "soft"), trained=False)["active"]
    narrow = found["soft"].splits["same"].token_decay
    assert narrow.shape == (2, SMALL.width)
    np.testing.assert_allclose(narrow[:, 0], 1.0)
    np.testing.assert_allclose(narrow[:, 4:], 0.0, atol=1e-12)
    assert (found["dense"].splits["same"].token_decay[:, 4:6] > 0.01).all()
    assert found["soft"].usage.sum(axis=1) == pytest.approx(1.0)
    assert (found["soft"].gate < 1).all()


def test_the_number_of_threads_is_put_back_after_an_error() -> None:
    threads = torch.get_num_threads()
    with pytest.raises(RuntimeError), one_thread():
        raise RuntimeError
    assert torch.get_num_threads() == threads


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no arm 'top-3'; the arms are dense, top-1"):
        controlled_mlps(SMALL, SAMPLING, names=("top-3",))
    for wrong, sentence in (
        ({"group": 11}, "a group of 11 tokens is fewer than 4 x 3"),
        ({"spectra": 97}, "spectra must be among the Jacobians"),
        ({"hidden": 9}, "twice the hidden width, 18, must split among 4 experts"),
    ):
        with pytest.raises(ValueError, match=sentence):
            replace(SMALL, **wrong)  # type: ignore[arg-type]
