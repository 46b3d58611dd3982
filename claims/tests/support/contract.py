"""One table a claim: planted worlds with the verdict each must get, and worlds of chance it must rarely support.

A planted test file holds how its evidence is doctored, the table ``CONTRACTS``, and one line that makes tests of it::

    test_verdict, test_false_support = contract_tests(CONTRACTS)

`claims/tests/test_contracts.py` asks that every claim has a contract, with a case for each verdict that it can give.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from scipy.stats import binom

from claims.core.untrained_twin import BEYOND
from claims.core.verdict import Verdict
from claims.runner.twin import SAME
from claims.tests.support.verdicts import ClaimTest, Outcome, beside_twin, declared, outcome
from fixtures.session.evidence_fixtures import READS
from metrics.stats.sampling import Sampling

#: For each of these a contract has a case, or a reason why the claim cannot give it.
VERDICTS = (
    Verdict.SUPPORTED,
    Verdict.PARTLY,
    Verdict.REFUTED,
    Verdict.VACUOUS,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_APPLICABLE,
)
#: Share of the worlds of chance that may be called supported, as 95 % intervals promise.
RATE = 0.05
#: Worlds of chance: in every run of the tests, and by ``pytest -m nightly``.
DRAWS, NIGHTLY = 40, 200
#: Arguments that would hold a planted world against other thresholds than the claim's own: no case may have them.
OTHER_THRESHOLDS = frozenset({"at", "overrides", "thresholds"})
#: The quantile that few worlds may always reach.
FEW = 0.95


class Case:
    """A planted world, and the verdict that the claim must give it at its own thresholds.

    Parameters
    ----------
    name : the world in a few words, for the test's id
    expected : the verdict
    says : regular expression that the reason of the verdict must match
    proves : whether the finding must come with a counterexample, or must not; None where that is not asked
    twin : the evidence of the untrained twin, by argument; None where the world has no twin
    evidence : arguments of the claim's test; what is callable is called for its value when the case is run
    """

    def __init__(
        self,
        name: str,
        expected: Verdict,
        *,
        says: str = "",
        proves: bool | None = None,
        twin: Mapping[str, Any] | None = None,
        **evidence: Any,
    ) -> None:
        self.name, self.expected, self.says, self.proves = name, expected, says, proves
        self.twin, self.evidence = twin, evidence

    def check(self, test: ClaimTest) -> None:
        """Assert that the verdict is the expected one, for the expected reason."""
        found = self._outcome(test)
        assert found.verdict == self.expected, f"{found.verdict}: {found.reason}"
        if found.finding is not None and set(self.evidence) - {*SAME} <= set(READS):
            known = bool(found.finding.excess) or BEYOND in declared(test).thresholds
            assert known or declared(test).kind == "theorem", "it does not say how much more than a twin's matters"
        assert re.search(self.says, found.reason), found.reason
        if self.proves is not None:
            assert found.finding is not None
            assert (found.finding.counterexample is not None) == self.proves

    def _outcome(self, test: ClaimTest) -> Outcome:
        evidence = _built(self.evidence)
        if self.twin is None:
            return outcome(test, **evidence)
        return beside_twin(test, evidence, _built(self.twin))


def _built(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value() if callable(value) else value for name, value in evidence.items()}


def refused(evidence: str, *worlds: tuple[str, str, Any], **same: Any) -> tuple[Case, ...]:
    """Return cases to which the claim does not apply: the name, what the reason says, and the argument ``evidence``."""
    return tuple(
        Case(name, Verdict.NOT_APPLICABLE, says=says, **{evidence: world}, **same) for name, says, world in worlds
    )


@dataclass(frozen=True)
class Null:
    """Worlds in which what the claim says is not so, or is so by chance alone.

    Attributes
    ----------
    name : the worlds in a few words
    evidence : arguments of the claim's test; what is callable is called with the seed of the world
    resamples : resamples of each interval
    limits : for each verdict that must be rare, the quantile of Binomial(200, 5 %) that its count may reach at night:
        10 of 200 worlds at 0.5, 15 at 0.95, 16 at 0.975 and 21 at 0.999. Of fewer worlds it may always reach the
        quantile 0.95, 4 of 40: a claim that errs as often as it may exceeds that one time in twenty, and one that
        errs four times as often does 12 times in 13
    mostly : a verdict that at least nine worlds in ten must get
    """

    name: str
    evidence: Mapping[str, Any]
    resamples: int = 199
    limits: Mapping[Verdict, float] = field(default_factory=lambda: {Verdict.SUPPORTED: 0.5})
    mostly: Verdict | None = None

    def check(self, test: ClaimTest, worlds: int) -> None:
        """Assert that few of so many worlds get a wrong verdict."""
        found = [self._verdict(test, seed) for seed in range(worlds)]
        for wrong, quantile in self.limits.items():
            allowed = int(binom.ppf(quantile if worlds >= NIGHTLY else max(quantile, FEW), worlds, RATE))
            count = found.count(wrong)
            assert count <= allowed, f"{count} of {worlds} worlds of chance are called {wrong}, more than {allowed}"
        if self.mostly is not None:
            assert found.count(self.mostly) >= 0.9 * worlds, f"{found.count(self.mostly)} of {worlds}: {self.mostly}"

    def _verdict(self, test: ClaimTest, seed: int) -> Verdict:
        evidence = {name: value(seed) if callable(value) else value for name, value in self.evidence.items()}
        return outcome(test, sampling=Sampling(seed, self.resamples), **evidence).verdict


def true_by_far(evidence: Mapping[str, Any], *, which: str = "", resamples: int = 199) -> Null:
    """Return worlds in which the claim is so true that nine in ten must be supported: else it is mute.

    Parameters
    ----------
    evidence, resamples : as of `Null`
    which : of several such worlds of one claim, which ones
    """
    name = f"true by far{which and ', '}{which}"
    return Null(name, evidence, resamples, limits={}, mostly=Verdict.SUPPORTED)


@dataclass(frozen=True)
class Contract:
    """What a claim must say of planted evidence.

    Attributes
    ----------
    claim : the claim's test
    cases : planted worlds
    nulls : worlds of chance
    cannot : the verdicts that the claim cannot give, each with the reason
    no_truths : why no worlds are drawn in which the claim is true at its threshold plus a margin; "" where they are
    """

    claim: ClaimTest
    cases: tuple[Case, ...]
    nulls: tuple[Null, ...] = ()
    cannot: Mapping[Verdict, str] = field(default_factory=dict)
    no_truths: str = ""

    @property
    def id(self) -> str:
        """The claim's id."""
        return declared(self.claim).id

    def refutes_rarely(self) -> bool:
        """Tell whether worlds are drawn in which the claim is true, which it must rarely refute, or why they are not.

        A theorem has no threshold to be true at.
        """
        if declared(self.claim).kind == "theorem":
            return True
        truths = any(Verdict.REFUTED in null.limits for null in self.nulls)
        return truths != bool(self.no_truths or Verdict.REFUTED in self.cannot)

    def at_other_thresholds(self) -> list[str]:
        """Return the names of the cases and worlds that are held against other thresholds than the claim's own."""
        held = [(one.name, {**one.evidence, **(one.twin or {})}) for one in self.cases]
        held += [(one.name, dict(one.evidence)) for one in self.nulls]
        return [name for name, evidence in held if OTHER_THRESHOLDS & evidence.keys()]

    def gaps(self) -> list[Verdict]:
        """Return the verdicts that have neither a case nor a reason, or both."""
        with_case = {case.expected for case in self.cases}
        return [verdict for verdict in VERDICTS if (verdict in with_case) == (verdict in self.cannot)]


def contract_tests(contracts: Iterable[Contract]) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return two pytest tests: of each case of the contracts, and of the worlds of chance of each."""
    contracts = tuple(contracts)
    cases = [
        pytest.param(one.claim, case, id=f"{one.id}: {case.expected}: {case.name}")
        for one in contracts
        for case in one.cases
    ]
    nulls = [pytest.param(one.claim, null, id=f"{one.id}: {null.name}") for one in contracts for null in one.nulls]

    @pytest.mark.parametrize(("claim", "case"), cases)
    def test_verdict(claim: ClaimTest, case: Case) -> None:
        case.check(claim)

    @pytest.mark.parametrize("worlds", [DRAWS, pytest.param(NIGHTLY, marks=pytest.mark.nightly)])
    @pytest.mark.parametrize(("claim", "null"), nulls)
    def test_false_support(claim: ClaimTest, null: Null, worlds: int) -> None:
        null.check(claim, worlds)

    return test_verdict, test_false_support
