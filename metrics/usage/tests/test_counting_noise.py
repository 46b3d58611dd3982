"""Usage profiles without counting noise: against known profiles whose tokens are drawn."""

from itertools import combinations

import numpy as np
import pytest

from metrics.arrays import Float64Array, IntArray
from metrics.usage.counting_noise import ceiling, noiseless_cosine, squared_norm
from metrics.usage.profiles import cosine_matrix

EXPERTS = 8
DRAWS = 20_000


def choices(top_k: int) -> IntArray:
    """Every set of ``top_k`` different experts, (C, E)."""
    sets = list(combinations(range(EXPERTS), top_k))
    table = np.zeros((len(sets), EXPERTS), dtype=np.int64)
    for row, chosen in zip(table, sets, strict=True):
        row[list(chosen)] = 1
    return table


def world(top_k: int, seed: int) -> tuple[IntArray, Float64Array, Float64Array]:
    """The sets of experts, and the chance of each under two profiles."""
    sets = choices(top_k)
    first, second = np.random.default_rng(seed).dirichlet(np.full(len(sets), 2.0), 2)
    return sets, first, second


def drawn(rng: np.random.Generator, tokens: int, chance: Float64Array, sets: IntArray) -> IntArray:
    return np.asarray(rng.multinomial(tokens, chance, DRAWS) @ sets)


@pytest.mark.parametrize("top_k", [1, 2, 3])
@pytest.mark.parametrize("tokens", [2, 5, 30])
def test_the_squared_norm_is_unbiased(top_k: int, tokens: int) -> None:
    sets, chance, _ = world(top_k, 1)
    found = squared_norm(drawn(np.random.default_rng(2), tokens, chance, sets), np.full(DRAWS, tokens))
    truth = ((chance @ sets) ** 2).sum()
    assert abs(found.mean() - truth) < 4 * found.std() / np.sqrt(DRAWS)


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_the_cosine_without_noise_is_that_of_the_profiles(top_k: int) -> None:
    sets, chance, other = world(top_k, 3)
    rng = np.random.default_rng(4)
    first, second = drawn(rng, 30, chance, sets), drawn(rng, 20, other, sets)
    lengths = np.full(DRAWS, 30), np.full(DRAWS, 20)
    found, error = noiseless_cosine(first, lengths[0], second, lengths[1])
    raw = np.einsum("se,se->s", first, second) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    truth = cosine_matrix(np.stack([chance, other]) @ sets)[0, 1]
    assert -4 * found.std() / np.sqrt(DRAWS) < found.mean() - truth < 1 / 20  # errs upward by an order of 1 / n
    assert raw.mean() < truth - 0.01
    assert found.std() < error.mean()
    assert (found + 2 * error < truth).mean() < 0.05  # 0.023 for normal errors; those of a cosine are skewed
    np.testing.assert_allclose(found, raw / np.sqrt(ceiling(first, lengths[0]) * ceiling(second, lengths[1])))


def test_equal_profiles_reach_the_ceiling_and_no_more() -> None:
    sets, chance, _ = world(2, 5)
    rng = np.random.default_rng(6)
    first, second = (drawn(rng, 30, chance, sets) for _ in range(2))
    lengths = np.full(DRAWS, 30)
    raw = np.einsum("se,se->s", first, second) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    assert 0 < raw.mean() - ceiling(first, lengths).mean() < 0.01  # the ceiling errs downward, by less than 1 / n
    assert raw.mean() < 0.97
    assert noiseless_cosine(first, lengths, second, lengths)[0].mean() == pytest.approx(1, abs=0.01)


def test_hand_counted_tokens() -> None:
    # Every token visits the same experts: there is no noise to take off.
    assert ceiling(np.array([7, 7, 0]), np.array(7)) == 1.0
    cosine, _ = noiseless_cosine(np.array([7, 7, 0, 0]), np.array(7), np.array([0, 5, 5, 0]), np.array(5))
    assert cosine == pytest.approx(0.5)
    # Without an expert in common the cosine is 0, a number.
    cosine, error = noiseless_cosine(np.array([3, 2, 0]), np.array(5), np.array([0, 0, 6]), np.array(6))
    assert (float(cosine), float(error)) == (0.0, 0.0)
    # Nothing is clipped.
    visits, tokens = np.array([3, 2, 1]), np.array(6)
    assert noiseless_cosine(visits, tokens, visits, tokens)[0] > 1


@pytest.mark.parametrize(("visits", "tokens"), [([1, 1, 0], 1), ([1, 1, 1], 3), ([0, 0, 0], 0)])
def test_what_cannot_be_told_from_noise_is_nan(visits: list[int], tokens: int) -> None:
    other = np.array([3, 2, 1])
    assert np.isnan(ceiling(np.array(visits), np.array(tokens)))
    found = noiseless_cosine(np.array(visits), np.array(tokens), other, np.array(6))
    assert np.isnan(found).all()
    assert np.isnan(squared_norm(np.array(visits), np.array(tokens))) == (tokens < 2)
