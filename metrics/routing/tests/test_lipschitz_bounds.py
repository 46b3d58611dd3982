"""Bounds that bound, and how tight they are where that is known."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.lipschitz_bounds import (
    Spectrum,
    naive_bound,
    operator_norm,
    span_bound,
    spectrum,
    truncated_bound,
    whitened_bound,
)

SEEDS = st.integers(0, 2**16)
#: Rounding of a handful of products of matrices no larger than 8 x 8.
SLACK = 1 + 1e-12


def test_the_share_of_the_energy_decides_what_leads() -> None:
    weight, dh, moment = np.diag([3.0, 1.0]), np.array([[3.0, 4.0]]), np.diag([1.0, 4.0])
    # The second axis holds 4/5 of the energy: with a share of 0.8 it leads, 1 x 4 + 3 x 3.
    assert truncated_bound(weight, moment, dh, energy=0.8) == pytest.approx([13.0])
    # With 0.9 both axes are needed, and the remainder is empty: ||W|| ||dh|| = 3 x 5.
    assert truncated_bound(weight, moment, dh) == pytest.approx([15.0])


def test_the_norm_of_nothing_is_zero() -> None:
    assert operator_norm(np.zeros((3, 0))) == 0.0
    assert operator_norm(np.zeros((3, 2))) == 0.0


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8), SEEDS)
def test_every_reading_bounds_any_move(experts: int, width: int, rank: int, seed: int) -> None:
    """Within the data's span and outside it, whatever the energy share."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((experts, width))
    data = rng.standard_normal((20, min(rank, width))) @ rng.standard_normal((min(rank, width), width))
    moment = data.T @ data / len(data)
    dh = np.vstack([data[:5] - data[5:10], rng.standard_normal((5, width))])
    actual = np.linalg.norm(dh @ weight.T, axis=1)
    bounds = [naive_bound(weight, dh), span_bound(weight, moment, dh), whitened_bound(weight, moment, dh)]
    for energy in (0.1, 0.9, 1.0):
        measured = truncated_bound(weight, moment, dh, energy, measured_remainder=True)
        bounds += [whole := truncated_bound(weight, moment, dh, energy), measured]
        assert (measured <= whole * SLACK).all()
    assert all((actual <= bound * SLACK).all() for bound in bounds)


@given(st.integers(1, 8), st.integers(2, 8), SEEDS)
def test_the_span_bound_is_the_restricted_norm(experts: int, width: int, seed: int) -> None:
    """On data of one direction v, the bound of a move along v is ||W v||, attained."""
    rng = np.random.default_rng(seed)
    weight, direction = rng.standard_normal((experts, width)), rng.standard_normal(width)
    moment = np.outer(direction, direction)
    actual = np.linalg.norm(weight @ direction)
    for bound in (span_bound, truncated_bound, whitened_bound):
        np.testing.assert_allclose(bound(weight, moment, direction[None]), actual, rtol=1e-6)
    assert actual <= naive_bound(weight, direction[None])[0] * SLACK


def test_a_spectrum_serves_in_place_of_the_moment() -> None:
    rng = np.random.default_rng(0)
    weight, data = rng.standard_normal((3, 5)), rng.standard_normal((9, 5))
    moment = data.T @ data
    parts = spectrum(moment)
    assert parts.vectors is not None
    np.testing.assert_allclose(parts.vectors * parts.energy @ parts.vectors.T, moment, atol=1e-12)
    assert (np.diff(parts.energy) <= 0).all()
    assert parts.span == 5
    for bound in (span_bound, truncated_bound, whitened_bound):
        np.testing.assert_array_equal(bound(weight, moment, data), bound(weight, parts, data))


def test_isotropic_data_gain_nothing() -> None:
    # With M = I the whitened bound is the naive one, and so is the span's.
    rng = np.random.default_rng(1)
    weight, dh = rng.standard_normal((4, 6)), rng.standard_normal((7, 6))
    np.testing.assert_allclose(whitened_bound(weight, np.eye(6), dh), naive_bound(weight, dh), rtol=1e-12)
    np.testing.assert_allclose(span_bound(weight, np.eye(6), dh), naive_bound(weight, dh), rtol=1e-12)


def test_bounds_in_the_coordinates_of_the_eigenvectors_are_the_same() -> None:
    rng = np.random.default_rng(2)
    weight, states, dh = (rng.standard_normal((rows, 6)) for rows in (3, 4, 9))  # the data span 4 of 6 dimensions
    whole = spectrum(states.T @ states / 4)
    turned = Spectrum(whole.energy, None)
    for bound in (span_bound, truncated_bound, partial(truncated_bound, measured_remainder=True), whitened_bound):
        expected = bound(weight, whole, dh)
        found = bound(whole.coordinates(weight), turned, whole.coordinates(dh))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
