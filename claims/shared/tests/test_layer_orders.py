"""Orders of the layers, against scipy's correlation of each of them."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from claims.shared.layer_trends import share_of_orders
from claims.tests.support.verdicts import SAMPLING


def test_every_order_of_a_few_layers_counts() -> None:
    table = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.5], [4.0, 4.0]])  # no ties: spearmanr of an order is defined
    orders = list(permutations(range(4)))
    steep = np.array([np.mean([spearmanr(order, column).statistic for column in table.T]) for order in orders])
    found = share_of_orders(table, SAMPLING)
    assert found.value == pytest.approx((steep >= steep[0] - 1e-9).mean())
    assert (found.low, found.high, found.n) == (found.value, found.value, 24)
    assert found.method == "all orders of 4 layers"


def test_of_many_layers_the_orders_are_drawn_and_the_true_one_counts() -> None:
    found = share_of_orders(np.arange(8.0)[:, None], SAMPLING)
    assert (found.value, found.n) == (1 / 1000, 1000)
    assert found.method == "the true and 999 random orders of 8 layers"


def test_layers_that_are_alike_are_in_order_whatever_their_order() -> None:
    assert share_of_orders(np.ones((5, 3)), SAMPLING).value == 1.0


def test_a_random_order_is_as_likely_as_any() -> None:
    found = [share_of_orders(np.random.default_rng(seed).random((6, 1)), SAMPLING).value for seed in range(400)]
    assert sum(share <= 0.05 for share in found) <= 29  # 5 % of 400, and two deviations
