"""Rules are told apart as far as rounding lets them, and what it does not tell apart is said."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from metrics.routing.near_ties import audit
from metrics.routing.rule import Groups, RoutingRule
from metrics.routing.rule_search import COMBINES, combine_rivals, fit_rule
from metrics.routing.selection import combine_weights, select

BFLOAT16 = 2.0**-7


def rounded(values: np.ndarray) -> np.ndarray:
    return torch.from_numpy(values).bfloat16().double().numpy()


@pytest.mark.parametrize("combine", COMBINES[:-1])
def test_weights_that_are_rounded_to_bfloat16_show_their_rule(combine: str) -> None:
    logits = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32).astype(np.float64)
    rule = RoutingRule("identity", None, None, 3, combine, 1.0)
    experts = select(rule, logits)
    weights = rounded(combine_weights(rule, logits, experts))
    found = fit_rule(logits, experts, weights, {}, weight_eps=BFLOAT16)
    assert found is not None
    assert (found.combine, found.scale) == (combine, 1.0)
    assert combine_rivals(found, logits, experts, weights, BFLOAT16) == []
    coarse = fit_rule(logits, experts, weights, {})  # as if they were float32: nothing of the menu fits
    assert coarse is not None
    assert coarse.combine == ""


@pytest.mark.parametrize("score", ["softmax", "sigmoid"])
def test_a_bias_larger_than_the_scores_does_not_hide_which_score_it_is_added_to(score: str) -> None:
    random = np.random.default_rng(1)
    logits = rounded(random.normal(size=(300, 16)))
    bias = rounded(6.8 + 0.25 * random.random(16))
    rule = RoutingRule(score, bias, None, 3, "sigmoid, normalised", 1.0)  # type: ignore[arg-type]
    experts = select(rule, logits)
    found = fit_rule(logits, experts, combine_weights(rule, logits, experts), {"bias": bias}, eps=BFLOAT16)
    assert found is not None
    assert found.score == score


def test_small_logits_do_not_tell_a_softmax_from_a_sigmoid() -> None:
    logits = 1e-3 * np.random.default_rng(2).normal(size=(200, 8))
    rule = RoutingRule("identity", None, None, 2, "softmax over top-k", 1.0)
    experts = select(rule, logits)
    weights = rounded(combine_weights(rule, logits, experts))
    assert "sigmoid, normalised" in combine_rivals(rule, logits, experts, weights, BFLOAT16)


def test_of_scores_that_choose_alike_a_router_ranks_the_one_that_it_weighs_by() -> None:
    random, eps = np.random.default_rng(4), 2.0**-23
    few, more = (0.2 * random.normal(size=(count, 16)) for count in (64, 20_000))
    rule = RoutingRule("sigmoid", None, Groups(4, 2, "top2", float("-inf")), 4, "sigmoid, normalised", 1.0)
    linear = replace(rule, score="identity")
    experts = select(rule, few)
    assert not audit(linear, few, experts, eps).wrong.any()  # few tokens do not tell the two apart
    found = fit_rule(few, experts, combine_weights(rule, few, experts), {})
    assert found is not None
    assert found.score == "sigmoid"
    assert not audit(found, more, select(rule, more), eps).wrong.any()
    assert audit(linear, more, select(rule, more), eps).wrong.any()
