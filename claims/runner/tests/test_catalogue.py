"""Every claim is declared in full, once, and selectable."""

import ast
import re
from pathlib import Path

import pytest

from claims.core.claim import Claim
from claims.runner.catalogue import catalogue
from fixtures.routing.serves import NEEDS

ROOT = Path(__file__).resolve().parents[3]
#: The ids of the claims that were promised.
ISSUED = """
    router-linearity sufficiency-bound sufficiency-topk bound-tightness necessity-full-space necessity-in-practice
    necessity-row-space kernel-counterexample kernel-energy low-rank-routing low-rank-directions shared-energy-depth
    balance-theorem
    balance-suppression balance-suppression-controlled alignment-spectrum balance-small-batch optimizer-norms
    dense-similarity ood-confidence context-dependence sequence-similarity duplication-collapse teacher-forcing
    cross-model-overlap overlap-not-higher overlap-below-self prompt-similarity prompt-to-rollout prefill-collapse
    pruning-prefill functional-decorrelation subspace-overlap asymmetry topk-sharpening-function
    topk-sharpening-function-transformer topk-sharpening-subspace topk-sharpening-subspace-transformer
    topk-concentration topk-concentration-transformer moe-flattens moe-flattens-transformer moe-spreads
    moe-spreads-transformer
    consecutive-experts standing-committee routing-signatures domain-experts co-activation prefill-predicts-decode
    token-routing rows-alike router-saturation domain-subset
"""


def test_claims_name_no_architecture() -> None:
    names = re.compile(r"olmoe|deepseek|mixtral|qwen|gpt.?oss|zaya|gemma|llama", re.IGNORECASE)
    files = [path for path in (ROOT / "claims").rglob("*.py") if "tests" not in path.parts]
    assert files
    for path in files:
        strings = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Compare)]
        assert not any(names.search(ast.unparse(node)) for node in strings), path.name


def test_every_claim_of_the_catalogue_is_there() -> None:
    assert {claim.id for claim in catalogue() if claim.kind != "identity"} == set(ISSUED.split())


def test_theorems_stand_apart() -> None:
    assert {claim.id for claim in catalogue() if claim.kind == "theorem"} == {
        "router-linearity", "sufficiency-bound", "necessity-full-space", "kernel-counterexample", "teacher-forcing",
    }  # fmt: skip


@pytest.mark.parametrize("claim", catalogue(), ids=lambda claim: claim.id)
def test_claims_are_declared_in_full(claim: Claim) -> None:
    for field in ("title", "source", "statement", "equation", "definition", "null_says", "paper"):
        assert getattr(claim, field).strip(), f"{claim.id} has no {field}"
    assert claim.variants
    assert claim.group in "ABCDEF"
    for name, threshold in claim.thresholds.items():
        assert threshold.why.strip(), f"{claim.id}.{name} has no reason"
    advice = (claim.means, claim.check)
    assert all(each.strip().endswith(".") for each in advice) if claim.kind == "finding" else not any(advice)
    if claim.kind != "identity":
        assert claim.thresholds
        zeros = {name for name, threshold in claim.thresholds.items() if threshold.value == 0}
        assert not zeros - {"violations", "bound"} or claim.kind == "theorem"  # a bound that is broken once is broken


def test_what_each_claim_needs_of_routing_is_known() -> None:
    asked = {claim.id for claim in catalogue() if claim.group in ("C", "D", "F") and claim.kind != "identity"}
    assert asked
    assert asked <= set(NEEDS), "fixtures/routing/serves.py does not say what these need"
