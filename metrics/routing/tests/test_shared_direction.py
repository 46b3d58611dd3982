"""The response to the shared direction: hand-derived values, chance level, invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.shared_direction import retained_energy, shared_response

SEEDS = st.integers(0, 2**16)


def test_a_random_router_responds_by_chance() -> None:
    # rho^2 is D cos^2 averaged over E - 1 contrasts: mean 1, standard deviation below sqrt(2 / 7), over 2,000 routers.
    rng = np.random.default_rng(0)
    mean = rng.standard_normal(16)
    squares = [shared_response(rng.standard_normal((8, 16)), mean) ** 2 for _ in range(2000)]
    assert np.mean(squares) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 7 / 2000))


@given(st.integers(2, 6), st.integers(1, 6), SEEDS)
def test_scale_shift_and_rotation_change_nothing(experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, mean = rng.standard_normal((experts, width)), rng.standard_normal(width)
    expected = shared_response(weight, mean)
    rotation = np.linalg.qr(rng.standard_normal((width, width)))[0]
    assert shared_response(3 * weight, -2 * mean) == pytest.approx(expected)
    assert shared_response(weight + rng.standard_normal(width), mean) == pytest.approx(expected)
    assert shared_response(weight @ rotation, rotation.T @ mean) == pytest.approx(expected)
    assert shared_response(weight[rng.permutation(experts)], mean) == pytest.approx(expected)
    assert 0 <= expected <= np.sqrt(width) + 1e-12


def test_only_what_the_router_hears_of_the_mean_counts() -> None:
    rng = np.random.default_rng(1)
    weight, mean = rng.standard_normal((4, 6)), rng.standard_normal(6)
    blind = weight - np.outer(weight @ mean, mean) / (mean @ mean)
    assert shared_response(blind, mean) == pytest.approx(0.0, abs=1e-12)
    assert shared_response(weight, mean, -weight @ mean) == pytest.approx(0.0, abs=1e-12)  # a bias undoes W mu
    assert np.isnan(shared_response(np.eye(2), np.zeros(2)))


@given(st.integers(1, 5), st.integers(2, 5), SEEDS)
def test_retained_energies_of_all_directions_sum_to_one(experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, states = rng.standard_normal((experts, width)), rng.standard_normal((7, width))
    _, singular, right = np.linalg.svd(states, full_matrices=False)
    heard = ((right @ weight.T) ** 2).sum(axis=1)
    logit = np.full(width, ((states @ weight.T) ** 2).sum() / (states**2).sum())
    shares = retained_energy(singular**2 / (singular**2).sum(), heard, logit)
    assert shares.sum() == pytest.approx(1.0)
    assert np.isnan(retained_energy(np.array([0.5]), np.array([0.0]), np.array([0.0]))).all()
