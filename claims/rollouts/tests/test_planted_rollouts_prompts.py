"""Planted prompts: two wordings alike or not, and unrelated prompts alike or not.  GEO Fig. 7."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig07_prompts
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_places import placed_prompts
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles, unmodelled
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceTrace

prompt_similarity = test_geo_fig07_prompts.test_prompt_similarity
SMALL = Cast(questions=16, authors=2)
#: Prompts of so few tokens that equal usage is counted well below the threshold.
SHORT = Cast(questions=16, authors=2, prompt_tokens=30)
#: Prompts just long enough.
NOISY = Cast(questions=16, authors=2, prompt_tokens=80)
MANY = Cast(questions=48, authors=2)
#: Tokens of prompts of unlike length.
LENGTHS = (100, 400, 1600)


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


def like(cast: Cast, draw: int, *, odd: float, concentration: float = 0.3) -> SequenceTrace:
    """Second wordings of which a share of the usage is another question's: a cosine of 0.93 or so at 0.3."""
    rng = np.random.default_rng(draw)
    rows, base = cast.rows, profiles(rng, cast, cast.questions, concentration)
    share = np.where(rows[:, 2] == 1, odd, 0.0)[:, None]
    mixed = (1 - share) * base[rows[:, 0]] + share * base[(rows[:, 0] + 1) % cast.questions]
    return drawn_rollouts(cast, mixed, np.full(cast.experts, 1.0), rng)


CONTRACTS = (
    Contract(
        prompt_similarity,
        (
            Case("two wordings alike", Verdict.SUPPORTED, rollouts=partial(prompts, SMALL, 1)),
            Case(
                "of which a template gives half", Verdict.SUPPORTED, rollouts=partial(prompts, SMALL, 1, template=0.5)
            ),
            Case(
                "alike, but not nearly identical", Verdict.PARTLY, says="falls short of what is stated: usage cosine",
                rollouts=partial(like, SMALL, 1, odd=0.5),
            ),
            Case(
                "as unlike as other questions", Verdict.REFUTED,
                rollouts=partial(like, MANY, 1, odd=1.0, concentration=2.0),
            ),
            Case("one template for all", Verdict.VACUOUS, rollouts=partial(prompts, SMALL, 1, template=0.95)),
            Case(
                "prompts of unlike length, whose routing tells no more", Verdict.VACUOUS,
                rollouts=partial(placed_prompts, MANY, LENGTHS, 1),
                says="paired minus unrelated prompts of the same length = 0.00",
            ),
            Case(
                "prompts that have no length in common", Verdict.NOT_APPLICABLE, says="of the same length, to a factor",
                rollouts=partial(placed_prompts, SMALL, tuple(50 * 3**power for power in range(8)) * 2, 1),
            ),
            Case(
                "a template but for two points", Verdict.VACUOUS, says="paired minus unrelated prompts = 0.02",
                rollouts=partial(prompts, SMALL, 1, template=0.8),
            ),
            Case("at the threshold", Verdict.INCONCLUSIVE, rollouts=partial(like, SMALL, 1, odd=0.32)),
            *(
                Case(name, Verdict.NOT_APPLICABLE, says=f"equal usage would reach = {reached}", rollouts=world)
                for name, reached, world in (
                    ("counting noise", r"0\.7", partial(prompts, SHORT, 1, concentration=2.0)),
                    ("too short to tell", "0,", partial(prompts, ONE_TOKEN, 1, odd=16)),
                )
            ),
            unmodelled(partial(prompts, SMALL, 1)),
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
            Null(
                "the template alone", {"rollouts": partial(prompts, SMALL, template=1.0)}, 99,
                {Verdict.SUPPORTED: 0.95},
            ),
            Null("lengths alone", {"rollouts": partial(placed_prompts, SMALL, LENGTHS)}, 99),
            Null(
                "nearly identical, but for counting noise", {"rollouts": partial(like, NOISY, odd=0.3)}, 99,
                {Verdict.REFUTED: 0.95, Verdict.PARTLY: 0.95},
            ),
            true_by_far({"rollouts": partial(prompts, SMALL)}, resamples=99),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_counting_noise_keeps_the_interval_open() -> None:
    finding = finding_of(prompt_similarity, rollouts=like(NOISY, 1, odd=0.3))
    mean, noiseless = finding.headline[0].estimate, finding.reported[0].estimate
    assert mean.low < mean.value < 0.9  # by counting alone it would be refuted
    assert 0.9 < noiseless.value < noiseless.high == mean.high
    assert finding.premises[0].estimate.low > 0.92


def test_the_premise_is_what_equal_usage_would_reach() -> None:
    # 30 tokens that visit one of 16 experts each, evenly: sum p^2 = 1/16, and 30 / 16 / (1 + 29 / 16) = 2 / 3.
    rollouts = prompts(SHORT, 1, concentration=1e6)
    (premise,) = finding_of(prompt_similarity, rollouts=rollouts).premises
    assert premise.estimate.value == pytest.approx(2 / 3, abs=0.02)


def test_the_figure_starts_at_the_prompts_end_and_follows_the_generation() -> None:
    finding = finding_of(prompt_similarity, rollouts=prompts(SMALL, 1))
    assert finding.figure is not None
    single = [series for series in finding.figure.series if series.label == "single pairs of wordings"]
    paired, unrelated, _ = (series for series in finding.figure.series if series not in single)
    assert len(single) == 16
    assert np.mean([series.y[0] for series in single]) == pytest.approx(paired.y[0], abs=0.05)
    assert paired.x == [0.0, 8.0, 16.0, 32.0, 64.0]
    assert paired.y[0] == pytest.approx(finding.headline[0].estimate.value, abs=1e-4)
    assert unrelated.y[0] == pytest.approx(finding.controls[0].estimate.value, abs=1e-4)
    assert (np.diff(unrelated.y) > 0).all()  # what is generated is the same for all
