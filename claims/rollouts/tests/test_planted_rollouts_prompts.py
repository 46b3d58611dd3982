"""Planted prompts: two wordings alike or not, and unrelated prompts alike or not.  GEO Fig. 7."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig07_prompts
from claims.tests.support.contract import Case, Contract, Null, contract_tests
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.support.verdicts import finding_of, outcome
from fixtures.evidence.sequences import SequenceTrace

prompt_similarity = test_geo_fig07_prompts.test_prompt_similarity
SMALL = Cast(questions=16, authors=2)
#: Prompts of so few tokens that equal usage is counted well below the threshold.
SHORT = Cast(questions=16, authors=2, prompt_tokens=30)


def prompts(cast: Cast, seed: int, *, template: float = 0.0, odd: int = 0, concentration: float = 0.3) -> SequenceTrace:
    """Each question has a prompt profile for both wordings, but ``odd`` questions; ``template`` is common to all."""
    rng = np.random.default_rng(seed)
    rows = cast.rows
    question = profiles(rng, cast, cast.questions, concentration)[rows[:, 0]]
    strange = (rows[:, 0] < odd) & (rows[:, 2] == 1)
    question[strange] = profiles(rng, cast, 1, concentration)
    mixed = (1 - template) * question + template * profiles(rng, cast, 1)
    return drawn_rollouts(cast, mixed, np.full(cast.experts, 1.0), rng)


def one_question_each() -> SequenceTrace:
    """Every question by an author of its own."""
    rollouts = prompts(Cast(questions=16, authors=1), 1)
    return replace(rollouts, labels={**rollouts.labels, "author": rollouts.labels["question"]})


ONE_TOKEN = replace(SHORT, prompt_tokens=1)
RARE = {Verdict.SUPPORTED: 0.95}
CONTRACTS = (
    Contract(
        prompt_similarity,
        (
            Case("two wordings alike", Verdict.SUPPORTED, rollouts=partial(prompts, SMALL, 1)),
            Case("one question is odd", Verdict.REFUTED, rollouts=partial(prompts, SMALL, 1, odd=1)),
            Case("all questions are odd", Verdict.REFUTED, rollouts=partial(prompts, SMALL, 1, odd=16)),
            Case("short prompts of other usage", Verdict.REFUTED, rollouts=partial(prompts, SHORT, 1, odd=16)),
            Case("one template for all", Verdict.VACUOUS, rollouts=partial(prompts, SMALL, 1, template=0.95)),
            Case("counting noise", Verdict.INCONCLUSIVE, rollouts=partial(prompts, SHORT, 1, concentration=2.0)),
            Case("too short to tell", Verdict.INCONCLUSIVE, rollouts=partial(prompts, ONE_TOKEN, 1, odd=16)),
            Case(
                "one wording", Verdict.NOT_APPLICABLE, rollouts=partial(prompts, Cast(wordings=1), 1),
                says="0 questions were asked in two wordings; 8 are needed",
            ),
            Case(
                "authors of one question each", Verdict.NOT_APPLICABLE, rollouts=one_question_each,
                says="0 questions are in pairs of questions of different kinds that one author",
            ),
        ),
        (
            Null("the template alone", {"rollouts": partial(prompts, SMALL, template=1.0)}, 99, RARE),
            Null(
                "equal usage of short prompts", {"rollouts": partial(prompts, SHORT, concentration=2.0)},
                99, {Verdict.REFUTED: 0.95},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_counting_noise_alone_refutes_nothing() -> None:
    rollouts = prompts(SHORT, 1, concentration=2.0)
    finding = finding_of(prompt_similarity, rollouts=rollouts)
    mean, share, noiseless, _ = (measured.estimate for measured in finding.criteria)
    assert mean.low < mean.value < 0.85  # equal usage, 30 tokens: by counting alone it would be refuted
    assert noiseless.low < 1.0 < mean.high == noiseless.high
    assert (share.low, share.high) == (0.0, 1.0)
    reason = outcome(prompt_similarity, rollouts=rollouts).reason
    assert "questions would decide" not in reason  # more questions take no noise off


def test_prompts_too_short_to_tell_count_as_equal() -> None:
    rollouts = prompts(replace(SHORT, prompt_tokens=1), 1, odd=16)
    finding = finding_of(prompt_similarity, rollouts=rollouts)
    mean, share, noiseless, _ = (measured.estimate for measured in finding.criteria)
    assert noiseless.value == 1.0 == mean.high == share.high
    assert finding.notes[0] == "96 of 96 prompts are too short to tell; their cosines without noise count as 1."


def test_the_notes_say_what_equal_usage_would_reach() -> None:
    # 30 tokens that visit one of 16 experts each, evenly: sum p^2 = 1/16, and 30 / 16 / (1 + 29 / 16) = 2 / 3.
    rollouts = prompts(SHORT, 1, concentration=1e6)
    said = finding_of(prompt_similarity, rollouts=rollouts).notes[0]
    assert said.startswith("Half of the prompts have 30 tokens or fewer. By counting noise alone prompts of equal")
    assert float(said.split("would reach ")[1].split()[0]) == pytest.approx(2 / 3, abs=0.02)


def test_the_figure_starts_at_the_prompts_end_and_follows_the_generation() -> None:
    finding = finding_of(prompt_similarity, rollouts=prompts(SMALL, 1))
    assert finding.figure is not None
    paired, unrelated, _ = finding.figure.series
    assert paired.x == [0.0, 8.0, 16.0, 32.0, 64.0]
    assert paired.y[0] == pytest.approx(finding.criteria[0].estimate.value, abs=1e-4)
    assert (np.diff(unrelated.y) > 0).all()  # what is generated is the same for all
