"""Rollouts in which nothing was generated: every claim about them says so in a sentence, and none is measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claims.choices.test_2607_00466_prefill import test_prefill_predicts_decode as prefill_predicts_decode
from claims.core.verdict import Verdict
from claims.rollouts.test_geo_fig06_order import test_overlap_below_self as overlap_below_self
from claims.rollouts.test_geo_fig06_order import test_overlap_not_higher as overlap_not_higher
from claims.rollouts.test_geo_fig06_overlap import test_cross_model_overlap as cross_model_overlap
from claims.rollouts.test_geo_fig07_rollouts import test_prompt_to_rollout as prompt_to_rollout
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.support.verdicts import declared, outcome
from fixtures.evidence.sequences import SequenceTrace

CLAIMS = (prefill_predicts_decode, overlap_below_self, overlap_not_higher, cross_model_overlap, prompt_to_rollout)
ASKED = [(claim, variant) for claim in CLAIMS for variant in declared(claim).variants]


@pytest.fixture(scope="module")
def prompts_alone() -> SequenceTrace:
    cast, rng = Cast(), np.random.default_rng(4)
    profile = profiles(rng, cast, len(cast.rows), 1.0)
    found = drawn_rollouts(cast, profile, profile[:, None], rng)
    prompt = np.arange(len(found.parts)) == found.parts.index("prompt")
    layers = [replace(layer, usage=layer.usage * prompt[:, None]) for layer in found.layers]
    return replace(found, part_tokens=found.part_tokens * prompt, layers=tuple(layers))


@pytest.mark.parametrize(("claim", "variant"), ASKED)
def test_they_do_not_apply(claim: Any, variant: Mapping[str, str], prompts_alone: SequenceTrace) -> None:
    found = outcome(claim, rollouts=prompts_alone, variant=variant)
    if variant.get("tokens") == "whole rollout":
        assert found.verdict is not Verdict.ERROR
        return
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert "generat" in found.reason or "completion" in found.reason
