"""The identities about the balancing loss need their conditions, and can be refuted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from claims.identities.tests.test_identities_can_fail import HUNT, copy_of
from metrics.arrays import Float64Array
from metrics.routing.balancing_loss import balancing_logit_gradient
from metrics.routing.shared_direction import contrasts


def top_one(logits: Float64Array) -> Float64Array:
    """Loads of top-1 routing."""
    return np.bincount(logits.argmax(axis=1), minlength=logits.shape[1]) / len(logits)


def change(weight: Float64Array, hidden: Float64Array) -> float:
    """d ||Pi_e W mu||^2 / 2 along the gradient: positive when a small step on the loss RAISES the response."""
    mean = hidden.mean(axis=0)
    logits = hidden @ weight.T
    gradient = balancing_logit_gradient(logits, top_one(logits)).T @ hidden
    return -float(contrasts(weight @ mean) @ (gradient @ mean))


def test_the_step_lowers_the_response_where_the_conditions_hold() -> None:
    # Both tokens choose the first expert, which has the larger mean logit, and both point along the mean.
    assert change(np.array([[1.0], [-1.0]]), np.array([[1.0], [2.0]])) < 0


def test_a_token_against_the_mean_can_turn_the_step() -> None:
    # Three far tokens make the first expert the busier one and are sure of it, so that they have no gradient left;
    # the two that decide lie on the other side of the origin, where a smaller first logit needs a LARGER weight.
    hidden = np.array([[20.0], [20.0], [20.0], [-1.0], [-1.0]])
    weight = np.array([[1.0], [-1.0]])
    assert top_one(hidden @ weight.T).tolist() == [0.6, 0.4]
    assert (weight @ hidden.mean(axis=0))[0] > 0
    assert change(weight, hidden) > 0


def test_loads_in_another_order_can_turn_the_step() -> None:
    # The first expert has the largest mean logit and no load: the other two share all tokens by their spread.
    # The loss then pushes the unused expert up, and with it the response to the shared direction.
    hidden = np.array([[1.0, 5.0], [1.0, -5.0]])
    weight = np.array([[0.1, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert top_one(hidden @ weight.T).tolist() == [0.0, 0.5, 0.5]
    assert (hidden @ hidden.mean(axis=0) > 0).all()
    assert change(weight, hidden) > 0


def raised(logits: Float64Array, loads: Float64Array) -> Float64Array:
    return -balancing_logit_gradient(logits, loads)


def without_the_mean(logits: Float64Array, loads: Float64Array) -> Float64Array:
    """A gradient that forgets that the probabilities of a token sum to one."""
    share = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True) * (0.3 - loads))


def last_chosen(rule: Any, logits: Float64Array) -> npt.NDArray[np.int64]:
    """Choose the experts with the smallest logits."""
    return np.argsort(logits, axis=1)[:, : rule.top_k]


MISTAKES: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "a step up": ("test_balance_step", "balancing_logit_gradient", raised),
    "a gradient of unnormalised probabilities": ("test_balance_step", "balancing_logit_gradient", without_the_mean),
    "the least likely experts chosen": ("test_balance_small_spread", "select", last_chosen),
    "a step up, small spread": ("test_balance_small_spread", "balancing_logit_gradient", raised),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_identity_catches(mistake: str) -> None:
    test, name, wrong = MISTAKES[mistake]
    module = copy_of("test_identities_balance")
    assert hasattr(module, name)
    setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        HUNT(getattr(module, test))()
