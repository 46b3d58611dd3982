"""Lifts and profiles of drawn documents as matrix products, against documents repeated one by one."""

import numpy as np
import pytest

from claims.choices.domain_lifts import largest_lifts
from claims.choices.domains import EXACT, exact_product, profiles
from metrics.arrays import Float64Array

RNG = np.random.default_rng(3)
DOMAIN = np.array([0, 2, 1, 0, 1, 2, 2])
USAGE = [RNG.integers(0, 9, (7, experts)) for experts in (5, 4)]


def drawn() -> Float64Array:
    """Draws (6, 7), in the last of which a domain has no document."""
    times = RNG.integers(0, 4, (6, 7)).astype(np.float64) + (RNG.random((6, 7)) < 0.5)
    times[-1, DOMAIN == 1] = 0
    return np.asarray(times)


def largest_lift(profiles: Float64Array) -> Float64Array:
    """max_d f_de / mean_d f_de of frequencies (..., C, E); NaN for an expert that nobody uses."""
    mean = profiles.mean(axis=-2)
    return np.asarray(np.divide(profiles.max(axis=-2), mean, out=np.full_like(mean, np.nan), where=mean > 0))


def test_lifts_of_domains_that_share_nothing_are_their_number_and_of_alike_ones_one() -> None:
    apart, alike = largest_lifts(np.ones(4), [np.eye(4, dtype=np.int64), np.ones((4, 8), np.int64)], np.arange(4))
    assert (apart.tolist(), alike.tolist()) == ([4.0] * 4, [1.0] * 8)


def test_an_expert_that_nobody_uses_has_no_lift() -> None:
    (found,) = largest_lifts(np.ones(2), [np.array([[1, 0], [1, 0]])], np.arange(2))
    assert np.isnan(found).tolist() == [False, True]


def test_lifts_are_those_of_documents_repeated_as_often_as_drawn() -> None:
    times = drawn()
    for found, usage in zip(largest_lifts(times, USAGE, DOMAIN), USAGE, strict=True):
        assert found.shape == (6, usage.shape[1])
        for row, lifts in zip(times[:-1].astype(int), found, strict=False):
            copies = np.repeat(np.arange(7), row)
            visits = np.stack([usage[copies[DOMAIN[copies] == domain]].sum(axis=0) for domain in range(3)])
            assert lifts == pytest.approx(largest_lift(visits / visits.sum(axis=1, keepdims=True)), nan_ok=True)
        assert np.isnan(found[-1]).all()


def test_lifts_are_those_of_profiles_bit_for_bit() -> None:
    times = drawn()
    for found, usage in zip(largest_lifts(times, USAGE, DOMAIN), USAGE, strict=True):
        np.testing.assert_array_equal(found, largest_lift(profiles(times, usage, DOMAIN, 3)))


def test_one_draw_needs_no_axis() -> None:
    assert [one.shape for one in largest_lifts(np.ones(7), USAGE, DOMAIN)] == [(5,), (4,)]


@pytest.mark.parametrize("largest", [100, EXACT])
def test_products_of_whole_numbers_are_exact(largest: int) -> None:
    counts = RNG.integers(largest - 50, largest, (7, 3))
    times = np.array([[1.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.0]])
    assert exact_product(times, counts).astype(np.int64).tolist() == (times.astype(np.int64) @ counts).tolist()
