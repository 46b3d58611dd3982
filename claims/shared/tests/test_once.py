"""What is remembered of evidence: of the last two pieces, and no longer than it is in memory."""

from claims.shared.once import Once
from metrics.stats.sampling import Sampling


class Evidence:
    """Something to compute of."""


def test_it_is_computed_once_for_one_evidence_and_sampling() -> None:
    asked: list[tuple[Evidence, int]] = []

    def compute(evidence: Evidence, sampling: Sampling) -> list[int]:
        asked.append((evidence, sampling.seed))
        return [sampling.seed]

    once, first, second, third = Once(compute), Evidence(), Evidence(), Evidence()
    assert once(first, Sampling(1)) is once(first, Sampling(1))
    assert once(first, Sampling(2)) == [2]
    assert once(second, Sampling(2)) is not once(first, Sampling(2))
    assert asked == [(first, 1), (first, 2), (second, 2)]
    once(third, Sampling(2))
    once(first, Sampling(2))
    assert asked[3:] == [(third, 2), (first, 2)]


def test_a_checkpoint_and_its_twin_do_not_push_each_other_out() -> None:
    asked: list[Evidence] = []
    once: Once[Evidence, None] = Once(lambda evidence, _: asked.append(evidence))
    checkpoint, twin = Evidence(), Evidence()
    for _ in range(3):
        once(checkpoint, Sampling(0))
        once(twin, Sampling(0))
    assert asked == [checkpoint, twin]


def test_nothing_is_kept_of_evidence_that_is_gone() -> None:
    once: Once[Evidence, list[int]] = Once(lambda _, sampling: [sampling.seed])
    first, second = Evidence(), Evidence()
    once(first, Sampling(0))
    once(second, Sampling(0))
    assert len(once._known) == 2
    del first
    assert [known() for known, *_ in once._known] == [second]
    del second
    assert not once._known
