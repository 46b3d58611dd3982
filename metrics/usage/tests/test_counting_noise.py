"""Usage profiles without counting noise: against known profiles whose tokens are drawn."""

from itertools import combinations

import numpy as np
import pytest

from metrics.arrays import Float64Array, IntArray
from metrics.usage.counting_noise import ceiling, drawn_alike, squared_norm
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


def cosine(first: IntArray, second: IntArray) -> Float64Array:
    """The counted cosine of each pair of texts."""
    norms = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return np.asarray((first * second).sum(axis=-1) / norms)


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_over_its_ceiling_the_cosine_is_that_of_the_profiles(top_k: int) -> None:
    sets, chance, other = world(top_k, 3)
    rng = np.random.default_rng(4)
    first, second = drawn(rng, 30, chance, sets), drawn(rng, 20, other, sets)
    raw = cosine(first, second)
    found = raw / np.sqrt(ceiling(first, np.full(DRAWS, 30)) * ceiling(second, np.full(DRAWS, 20)))
    truth = cosine_matrix(np.stack([chance, other]) @ sets)[0, 1]
    assert -4 * found.std() / np.sqrt(DRAWS) < found.mean() - truth < 1 / 20  # errs upward by an order of 1 / n
    assert raw.mean() < truth - 0.01


def test_equal_profiles_reach_the_ceiling_and_no_more() -> None:
    sets, chance, _ = world(2, 5)
    rng = np.random.default_rng(6)
    first, second = (drawn(rng, 30, chance, sets) for _ in range(2))
    raw = cosine(first, second)
    assert 0 < raw.mean() - ceiling(first, np.full(DRAWS, 30)).mean() < 0.01  # errs downward, by less than 1 / n
    assert raw.mean() < 0.97


def test_hand_counted_tokens() -> None:
    # Every token visits the same experts: there is no noise.
    assert ceiling(np.array([7, 7, 0]), np.array(7)) == 1.0


@pytest.mark.parametrize(("visits", "tokens"), [([1, 1, 0], 1), ([1, 1, 1], 3), ([0, 0, 0], 0)])
def test_what_cannot_be_told_from_noise_is_nan(visits: list[int], tokens: int) -> None:
    assert np.isnan(ceiling(np.array(visits), np.array(tokens)))
    assert np.isnan(squared_norm(np.array(visits), np.array(tokens))) == (tokens < 2)


def test_texts_drawn_alike_are_as_alike_as_texts_of_one_profile() -> None:
    sets, chance, _ = world(2, 7)
    rng = np.random.default_rng(8)
    pairs = 4_000
    texts = rng.multinomial(40, chance, 2 * pairs) @ sets
    tokens = np.full(2 * pairs, 40)
    alike = drawn_alike(texts, tokens, np.zeros(2 * pairs, dtype=int), rng)
    found, expected = (cosine(rows[:pairs], rows[pairs:]) for rows in (alike, texts))
    assert abs(found.mean() - expected.mean()) < 0.01  # each expert of a token is drawn by itself
    assert abs(found.mean() - ceiling(texts, tokens).mean()) < 0.01


def test_groups_are_drawn_each_from_its_own_usage() -> None:
    rng = np.random.default_rng(9)
    visits = np.array([[90, 10, 0], [70, 30, 0], [0, 0, 50]])
    tokens, group = np.array([100, 100, 50]), np.array([4, 4, 9])
    drawings = np.stack([drawn_alike(visits, tokens, group, rng) for _ in range(500)])
    np.testing.assert_allclose(drawings.mean(axis=0)[:2], [[80, 20, 0]] * 2, atol=1)
    assert (drawings[:, 2] == [0, 0, 50]).all()


def test_a_text_that_would_be_left_without_visits_keeps_its_own() -> None:
    visits = np.vstack([np.eye(50, dtype=int)[:2], np.ones((1, 50), dtype=int)])
    drawings = drawn_alike(visits, np.array([1, 1, 50]), np.zeros(3, dtype=int), np.random.default_rng(0))
    assert drawings.any(axis=1).all()
