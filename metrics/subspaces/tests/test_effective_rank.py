"""Spectra whose spread is known, and what scale and order must not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy

from metrics.subspaces.effective_rank import effective_rank, normalised_spectrum

SPECTRA = arrays(np.float64, st.integers(1, 8), elements=st.floats(1e-3, 1e3))


@pytest.mark.parametrize("power", [1, 2])
def test_limits(power: int) -> None:
    assert effective_rank(np.ones(5), power) == pytest.approx(5.0)  # type: ignore[arg-type]
    assert effective_rank(np.array([3.0, 0.0, 0.0]), power) == 1.0  # type: ignore[arg-type]


def test_the_two_definitions_differ() -> None:
    # Shares (9, 1)/10 of the energy against (3, 1)/4 of the singular values.
    spectrum = np.array([3.0, 1.0])
    assert effective_rank(spectrum) == pytest.approx(np.exp(entropy([9, 1])))
    assert effective_rank(spectrum, 1) == pytest.approx(np.exp(entropy([3, 1])))
    assert effective_rank(spectrum) < effective_rank(spectrum, 1)


@given(SPECTRA, st.sampled_from([1e-200, 1e-6, 3.0, 1e6, 1e200]), st.integers(0, 3))
def test_scale_order_and_zeros_do_not_matter_and_ranks_are_ordered(
    spectrum: np.ndarray, scale: float, zeros: int
) -> None:
    other = np.concatenate([scale * spectrum[::-1], np.zeros(zeros)])
    assert effective_rank(other) == pytest.approx(effective_rank(spectrum))
    np.testing.assert_allclose(normalised_spectrum(other)[: len(spectrum)], normalised_spectrum(spectrum), rtol=1e-12)
    assert 1 - 1e-9 <= effective_rank(spectrum) <= effective_rank(spectrum, 1) + 1e-9 <= len(spectrum) + 2e-9


def test_stacks_and_what_has_no_value() -> None:
    stack = np.array([[[2.0, 1.0], [0.0, 0.0]], [[np.nan, 1.0], [1.0, 1.0]]])
    found = effective_rank(stack)
    assert np.isnan(found).tolist() == [[False, True], [True, False]]
    assert found[1, 1] == pytest.approx(2.0)
    assert np.isnan(normalised_spectrum(np.zeros(2))).all()
