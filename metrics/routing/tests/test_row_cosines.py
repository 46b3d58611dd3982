"""Cosines of router rows, against pairs taken one by one, and directions drawn at random."""

import numpy as np
import pytest

from metrics.routing.row_cosines import mean_absolute_row_cosine, mean_row_cosine, random_rows


def cosines(rows: np.ndarray) -> list[float]:
    """The cosine of every pair, one by one."""
    return [
        float(rows[i] @ rows[j] / np.linalg.norm(rows[i]) / np.linalg.norm(rows[j]))
        for i in range(len(rows))
        for j in range(i)
    ]


@pytest.mark.parametrize("shape", [(2, 1), (5, 3), (7, 30)])
def test_means_are_those_of_all_pairs(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(1).standard_normal(shape) + 0.3
    pairs = cosines(rows)
    assert mean_row_cosine(rows) == pytest.approx(np.mean(pairs))
    assert mean_absolute_row_cosine(rows) == pytest.approx(np.mean(np.abs(pairs)))


def test_lengths_of_rows_change_nothing() -> None:
    rng = np.random.default_rng(2)
    rows, length = rng.standard_normal((6, 9)), rng.uniform(0.1, 9.0, (6, 1))
    assert mean_row_cosine(length * rows) == pytest.approx(mean_row_cosine(rows))


def test_the_ends_are_one_row_for_all_and_rows_that_sum_to_nothing() -> None:
    assert mean_row_cosine(np.ones((4, 3))) == pytest.approx(1.0)
    assert mean_row_cosine(np.eye(4) - 0.25) == pytest.approx(-1 / 3)


def test_a_single_row_and_one_of_zeros_have_no_cosine() -> None:
    for rows in (np.ones((1, 3)), np.array([[1.0, 0.0], [0.0, 0.0]])):
        assert np.isnan(mean_row_cosine(rows))
        assert np.isnan(mean_absolute_row_cosine(rows))


@pytest.mark.parametrize(("experts", "width"), [(4, 12), (6, 3), (3, 2)])
def test_random_rows_have_the_cosines_of_gaussian_ones(experts: int, width: int) -> None:
    rng = np.random.default_rng(3)
    drawn = np.array([cosines(random_rows(rng, experts, width)) for _ in range(4000)])
    gaussian = np.array([cosines(rng.standard_normal((experts, width))) for _ in range(4000)])
    # A cosine of two directions has variance 1 / D; the products of two of them over a common row have mean 0.
    assert drawn.var(axis=0) == pytest.approx(np.full(drawn.shape[1], 1 / width), rel=0.15)
    for one, other in ((drawn, gaussian), (np.abs(drawn), np.abs(gaussian))):
        assert np.quantile(one, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(other, [0.1, 0.5, 0.9]), abs=0.05)
    assert np.mean(drawn, axis=1).std() == pytest.approx(np.mean(gaussian, axis=1).std(), rel=0.1)
