"""Held-out errors against fits made one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.stats.held_out import held_out_errors


@given(st.integers(0, 2**16), st.booleans())
def test_against_fits_without_the_pair_and_its_units(seed: int, only_own: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, 6, 6)) + 100.0
    pairs = np.eye(6, dtype=bool) if only_own else np.triu(rng.random((6, 6)) < 0.9)
    errors = held_out_errors(x, y, pairs)
    for i, j in np.argwhere(pairs):
        others = pairs.copy()
        others[[i, j]] = others[:, [i, j]] = False
        if others.sum() < 2:
            assert np.isnan(errors.line[i, j])
            continue
        slope, start = np.polyfit(x[others], y[others], 1)
        assert errors.line[i, j] == pytest.approx((y[i, j] - start - slope * x[i, j]) ** 2, rel=1e-5, abs=1e-9)
        assert errors.mean[i, j] == pytest.approx((y[i, j] - y[others].mean()) ** 2)
    assert not errors.line[~pairs].any()


def test_equal_x_predicts_the_mean() -> None:
    y = np.diag([1.0, 2.0, 4.0, 8.0])
    errors = held_out_errors(np.full((4, 4), 0.3), y, np.eye(4, dtype=bool))
    np.testing.assert_allclose(errors.line, errors.mean)


def test_too_few_others_leave_nothing() -> None:
    errors = held_out_errors(np.eye(2), np.eye(2), np.eye(2, dtype=bool))
    assert np.isnan(np.diag(errors.line)).all()
