"""What is remembered of evidence: of the last alone, and no longer than it is in memory."""

from claims.shared.once import Once
from metrics.stats.sampling import Sampling


class Evidence:
    """Something to compute of."""


def test_it_is_computed_once_for_one_evidence_and_sampling() -> None:
    asked: list[tuple[Evidence, int]] = []

    def compute(evidence: Evidence, sampling: Sampling) -> list[int]:
        asked.append((evidence, sampling.seed))
        return [sampling.seed]

    once, first, second = Once(compute), Evidence(), Evidence()
    assert once(first, Sampling(1)) is once(first, Sampling(1))
    assert once(first, Sampling(2)) == [2]
    assert once(second, Sampling(2)) is not once(first, Sampling(2))
    assert asked == [(first, 1), (first, 2), (second, 2), (first, 2)]


def test_nothing_is_kept_of_evidence_that_is_gone() -> None:
    once: Once[Evidence, list[int]] = Once(lambda _, sampling: [sampling.seed])
    evidence = Evidence()
    once(evidence, Sampling(0))
    assert once._last is not None
    del evidence
    assert once._last is None
