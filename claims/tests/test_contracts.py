"""Every claim has a contract, and in it a case for each verdict that it can give; a contract can fail."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from claims.core.claim import Threshold, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.verdict import Verdict
from claims.runner.catalogue import claims_in
from claims.tests.support.contract import DRAWS, NIGHTLY, Case, Contract, Null
from metrics.stats.sampling import Sampling

CLAIMS = Path(__file__).resolve().parents[1]
#: Folders of claims whose planted test files hold contracts.
TOPICS = ("balance", "choices", "experts", "inputs", "rollouts", "router", "trained_pairs")


def modules(topic: str, pattern: str) -> list[ModuleType]:
    """Import the files of a topic."""
    files = sorted((CLAIMS / topic).glob(pattern))
    assert files, f"no {pattern} in claims/{topic}"
    names = (".".join(file.relative_to(CLAIMS.parent).with_suffix("").parts) for file in files)
    return [importlib.import_module(name) for name in names]


def contracts_of(topic: str) -> list[Contract]:
    """Return the contracts of a topic's planted test files."""
    return [one for module in modules(topic, "tests/test_planted_*.py") for one in getattr(module, "CONTRACTS", ())]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_claim_has_one_contract(topic: str) -> None:
    wanted = sorted(one.id for module in modules(topic, "test_*.py") for one in claims_in(module))
    assert sorted(contract.id for contract in contracts_of(topic)) == wanted


@pytest.mark.parametrize("topic", TOPICS)
def test_a_contract_has_a_case_for_each_verdict_that_the_claim_can_give(topic: str) -> None:
    gaps = {contract.id: contract.gaps() for contract in contracts_of(topic) if contract.gaps()}
    assert not gaps, f"neither a case nor a reason why the claim cannot give the verdict, or both: {gaps}"
    for contract in contracts_of(topic):
        names = [(case.expected, case.name) for case in contract.cases]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_contract_draws_worlds_in_which_the_claim_is_true_or_says_why_not(topic: str) -> None:
    found = [contract.id for contract in contracts_of(topic) if not contract.refutes_rarely()]
    assert not found, f"no worlds in which the claim is true, with a limit for refuted, and no reason, or both: {found}"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_planted_verdict_is_at_the_claims_own_thresholds(topic: str) -> None:
    # A verdict that only another threshold gives is one that nobody will ever read.
    found = {contract.id: names for contract in contracts_of(topic) if (names := contract.at_other_thresholds())}
    assert not found, f"held against other thresholds than the claim's own: {found}"


@claim(
    id="example", group="A", title="t", source="s", figures=(), statement="s", equation="e", definition="d",
    null_says="n", paper="p", thresholds={"bound": Threshold(0.5, "because")},
)  # fmt: skip
def example(mean: float, sampling: Sampling) -> Finding:
    if mean < 0:
        raise NotApplicable("a mean below 0")
    values = mean + sampling.rng("noise").uniform(-0.1, 0.1, 20)
    return Finding(headline=(Measured("x", sampling.mean(values), ">", "bound"),))


def test_a_case_fails_where_the_verdict_or_its_reason_is_another() -> None:
    Case("above", Verdict.SUPPORTED, mean=1.0).check(example)
    Case("built when it is run", Verdict.SUPPORTED, mean=lambda: 1.0).check(example)
    Case("below", Verdict.NOT_APPLICABLE, says="below 0$", mean=-1.0).check(example)
    Case("at the bound", Verdict.INCONCLUSIVE, mean=0.5).check(example)
    Case("below", Verdict.REFUTED, proves=False, mean=0.2).check(example)
    for wrong in (
        Case("another verdict", Verdict.REFUTED, mean=1.0),
        Case("another reason", Verdict.NOT_APPLICABLE, says="above", mean=-1.0),
        Case("no proof", Verdict.REFUTED, proves=True, mean=0.0),
    ):
        with pytest.raises(AssertionError):
            wrong.check(example)


@pytest.mark.parametrize("evidence", [{"at": {"bound": 2.0}}, {"thresholds": {"bound": 2.0}}, {"overrides": {}}])
def test_a_case_at_other_thresholds_is_found(evidence: dict[str, Any]) -> None:
    own, moved = Case("own", Verdict.SUPPORTED, mean=1.0), Case("moved", Verdict.REFUTED, mean=1.0, **evidence)
    assert Contract(example, (own, moved)).at_other_thresholds() == ["moved"]


@pytest.mark.parametrize(("worlds", "rare"), [(DRAWS, 4), (NIGHTLY, 10)])
def test_a_null_fails_where_chance_is_supported_too_often(worlds: int, rare: int) -> None:
    def supported(times: int) -> Null:
        return Null("so many of them", {"mean": lambda seed: 1.0 if seed < times else 0.0}, resamples=49)

    supported(rare).check(example, worlds)
    with pytest.raises(AssertionError, match=f"{rare + 1} of {worlds} worlds of chance are called supported"):
        supported(rare + 1).check(example, worlds)
