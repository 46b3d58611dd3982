"""Planted prompts whose experts come back in their generations, or do not.  arXiv 2607.00466."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claims.choices import test_2607_00466_prefill
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_places import placed_prompts
from claims.tests.support.planted_rollouts import Cast, unmodelled, with_identity
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceTrace
from fixtures.planted.sequences import planted_sequences

prefill_predicts = test_2607_00466_prefill.test_prefill_predicts_decode
#: Of 64 experts a prompt and a generation use 24 each: 9 of these are common to sets that have nothing to do
#: with each other.
CAST = Cast(questions=32, authors=2, seeds=1, wordings=1, layers=2, experts=64)
SIZE, COMMON = 24, 9
MANY = replace(CAST, questions=80, authors=1)
#: For worlds of chance, which are many.
SMALL = replace(CAST, authors=1, layers=1, questions=24)


#: Rollouts whose prompts differ in length.
READ, LENGTHS = Cast(questions=48, authors=2, layers=2), (100, 400, 1600)

#: Half of them as long as one another, the others from a half longer on.
UNLIKE = (100,) * 24 + tuple(int(100 * 1.45 ** (number % 9 + 1)) for number in range(24))


def answered(extra: float, seed: int = 1, cast: Cast = CAST) -> SequenceTrace:
    """Generations that use ``extra`` experts of their prompt beyond the common nine, on average."""
    rng = np.random.default_rng(seed)
    usage = np.empty((cast.layers, len(cast.rows), len(cast.parts), cast.experts), dtype=np.int64)
    for layer in range(cast.layers):
        for question in range(cast.questions):
            order = rng.permutation(cast.experts)
            shared = COMMON + int(extra) + int(rng.random() < extra % 1)
            own, rest = rng.permutation(order[:SIZE])[:shared], rng.permutation(order[SIZE:])[: SIZE - shared]
            rows = np.flatnonzero(cast.rows[:, 0] == question)
            usage[layer, rows, 0] = _visits(order[:SIZE], cast.experts)
            usage[layer, rows, 1:] = _visits(np.append(own, rest), cast.experts)
    return planted_sequences(usage, labels=cast.labels, parts=cast.parts)


def _visits(members: np.ndarray, experts: int) -> np.ndarray:
    """Visits of which exactly the members hold more than 80 %."""
    visits = np.full(experts, 1900 // (experts - len(members)))
    visits[members] = 8100 // len(members)
    return visits


def many(extra: float) -> dict[str, Callable[[int], SequenceTrace]]:
    """Return worlds of so many common experts beyond nine."""
    return {"rollouts": lambda seed: answered(extra, seed, SMALL)}


def prompts_alone() -> SequenceTrace:
    """Rollouts without a generated token."""
    rollouts = answered(2)
    tokens = rollouts.part_tokens * (np.arange(len(rollouts.parts)) == 0)
    layers = tuple(
        replace(
            layer,
            usage=layer.usage * (tokens > 0)[:, :, None],
            confidence=np.where(tokens > 0, layer.confidence, np.nan),
            logit_norm=np.where(tokens > 0, layer.logit_norm, np.nan),
        )
        for layer in rollouts.layers
    )
    return replace(rollouts, part_tokens=tokens, layers=layers)


def undivided() -> SequenceTrace:
    """Rollouts whose parts do not tell prompts from generations."""
    return planted_sequences(np.ones((1, CAST.questions, 1, 8), dtype=np.int64), labels=replace(CAST, authors=1).labels)


CONTRACTS = (
    Contract(
        prefill_predicts,
        (
            Case("two experts more", Verdict.SUPPORTED, rollouts=lambda: answered(2)),
            Case(
                "by the positions that a prompt reaches", Verdict.VACUOUS,
                rollouts=lambda: placed_prompts(READ, LENGTHS, 1),
                says="recall by the own prompt minus that by other prompts of the same length = -?0.00",
            ),
            Case(
                "by the positions that a prompt reaches, few prompts as long as others", Verdict.VACUOUS,
                rollouts=lambda: placed_prompts(READ, UNLIKE, 1),
                says="recall by the own prompt minus that by other prompts of the same length = -?0.00",
            ),
            Case("one expert more", Verdict.PARTLY, says="falls short", rollouts=lambda: answered(1, cast=MANY)),
            Case("unrelated", Verdict.REFUTED, rollouts=lambda: answered(0)),
            Case("at the threshold", Verdict.INCONCLUSIVE, rollouts=lambda: answered(1.1)),
            unmodelled(lambda: answered(2)),
            *refused(
                "rollouts",
                ("seven questions", "rollouts of 7 questions", lambda: answered(2, cast=replace(CAST, questions=7))),
                ("nothing generated", "0 questions have a prompt and a generation; 8 are needed", prompts_alone),
                ("undivided rollouts", "have no part 'prompt'", undivided),
            ),
        ),
        (
            Null("unrelated generations", many(0.0), mostly=Verdict.REFUTED),
            Null("nearly so much", many(1.0)),
            Null(
                "by the positions that a prompt reaches",
                {"rollouts": lambda seed: placed_prompts(replace(READ, layers=1), LENGTHS, seed)},
            ),
            Null("a little more than asked for", many(1.5), limits={Verdict.REFUTED: 0.95, Verdict.PARTLY: 0.95}),
            true_by_far(many(2.0)),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_claims_numbers() -> None:
    finding = finding_of(prefill_predicts, rollouts=answered(2))
    gain = finding.headline[0].estimate
    own, others = (measured.estimate for measured in finding.reported)
    assert own.value == pytest.approx((COMMON + 2) / SIZE)
    assert others.value == pytest.approx(SIZE / 64, abs=0.01)
    assert gain.value == pytest.approx(own.value - others.value)
    assert finding.excess[0].estimate.value == pytest.approx(gain.value, abs=0.01)
    assert (gain.n, gain.unit) == (32, "question")
    assert finding.controls == ()
    assert "stands against prompt-to-rollout" in finding.notes[1]


def test_repeated_words_are_a_control() -> None:
    rollouts = with_identity(answered(2), answered(1, seed=2))
    (control,) = finding_of(prefill_predicts, rollouts=rollouts).controls
    assert control.estimate.value == pytest.approx(1 / SIZE, abs=0.01)


def test_prompts_of_another_author_are_no_other_prompts() -> None:
    # Each author answers half of the questions; their sets have nothing in common.
    rollouts = answered(2, cast=replace(CAST, layers=1))
    author, question = (np.asarray(rollouts.labels[name]) for name in ("author", "question"))
    half = np.asarray([int(name.split()[1]) % 2 for name in question]) == (author == "author 1")
    kept = np.flatnonzero(half)
    usage = rollouts.layers[0].usage[kept][None]
    mine = {name: np.asarray(values)[kept].tolist() for name, values in rollouts.labels.items()}
    found = finding_of(prefill_predicts, rollouts=planted_sequences(usage, labels=mine, parts=rollouts.parts))
    own, others = (measured.estimate for measured in found.reported)
    assert own.n == 32
    assert others.value == pytest.approx(SIZE / 64, abs=0.02)
