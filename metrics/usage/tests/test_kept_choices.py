"""Experts that tokens keep from one reading to another, against what loads alone give."""

from itertools import permutations

import numpy as np
import pytest

from metrics.usage.kept_choices import kept_choices


def drawn(rng: np.random.Generator, tokens: int) -> np.ndarray:
    return np.stack([rng.permutation(6)[:3] for _ in range(tokens)])


def test_what_loads_give_is_the_mean_over_all_orders_of_the_tokens() -> None:
    rng = np.random.default_rng(1)
    one, other = drawn(rng, 5), drawn(rng, 5)
    sequence = np.zeros(5, dtype=np.int64)
    found = kept_choices(one, other, sequence, 1, 6)
    orders = [kept_choices(one, other[list(order)], sequence, 1, 6).kept[0] for order in permutations(range(5))]
    assert found.by_loads[0] == pytest.approx(np.mean(orders))


def test_a_sequence_has_its_own_tokens_alone_in_whatever_order_experts_stand() -> None:
    rng = np.random.default_rng(2)
    one, other = drawn(rng, 9), drawn(rng, 9)
    sequence = np.array([0, 1, 1, 0, 2, 2, 2, 1, 0])
    found = kept_choices(one, other[:, ::-1], sequence, 3, 6)
    for number in range(3):
        own = sequence == number
        shared = [len(set(a) & set(b)) / 3 for a, b in zip(one[own], other[own], strict=True)]
        assert found.kept[number] == pytest.approx(np.mean(shared))
        alone = kept_choices(one[own], other[own], np.zeros(own.sum(), dtype=np.int64), 1, 6)
        assert found.by_loads[number] == pytest.approx(alone.by_loads[0])


def test_readings_of_other_shapes_do_not_compare() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\), the other of \(2, 1\)"):
        kept_choices(np.array([[0, 1], [0, 2]]), np.array([[0], [1]]), np.array([0, 0]), 1, 4)
