"""Planted prompts: two wordings alike or not, and unrelated prompts alike or not.  GEO Fig. 7."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.rollouts.test_geo_fig07_prompts import test_prompt_similarity as prompt_similarity
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.support.verdicts import SAMPLING, judged, verdict
from fixtures.evidence.sequences import SequenceTrace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

#: One in twenty of 200 draws, and what chance adds to it one time in twenty.
MOST = int(binom.ppf(0.95, 200, 0.05))
NEAR = {"near": 0.9, "every": 1.0}
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


def alike(rollouts: SequenceTrace, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(prompt_similarity, rollouts=rollouts, sampling=sampling, thresholds=NEAR)


@pytest.mark.parametrize(
    ("odd", "template", "expected"),
    [(0, 0.0, Verdict.SUPPORTED), (1, 0.0, Verdict.REFUTED), (16, 0.0, Verdict.REFUTED), (0, 0.95, Verdict.VACUOUS)],
)
def test_prompt_similarity(odd: int, template: float, expected: Verdict) -> None:
    assert alike(prompts(SMALL, 1, odd=odd, template=template)) == expected


def test_counting_noise_alone_refutes_nothing() -> None:
    rollouts = prompts(SHORT, 1, concentration=2.0)
    finding = prompt_similarity(rollouts=rollouts, sampling=SAMPLING, thresholds=NEAR)
    mean, share, noiseless, _ = (measured.estimate for measured in finding.criteria)
    assert mean.low < mean.value < 0.85  # equal usage, 30 tokens: by counting alone it would be refuted
    assert noiseless.low < 1.0 < mean.high == noiseless.high
    assert (share.low, share.high) == (0.0, 1.0)
    assert alike(rollouts) == Verdict.INCONCLUSIVE
    assert "questions would decide" not in judged(prompt_similarity, finding)[1]  # more questions take no noise off


def test_short_prompts_of_other_usage_are_refuted() -> None:
    assert alike(prompts(SHORT, 1, odd=16)) == Verdict.REFUTED


def test_prompts_too_short_to_tell_count_as_equal() -> None:
    rollouts = prompts(replace(SHORT, prompt_tokens=1), 1, odd=16)
    finding = prompt_similarity(rollouts=rollouts, sampling=SAMPLING, thresholds=NEAR)
    mean, share, noiseless, _ = (measured.estimate for measured in finding.criteria)
    assert noiseless.value == 1.0 == mean.high == share.high
    assert finding.notes[0] == "96 of 96 prompts are too short to tell; their cosines without noise count as 1."
    assert alike(rollouts) == Verdict.INCONCLUSIVE


def test_the_notes_say_what_equal_usage_would_reach() -> None:
    # 30 tokens that visit one of 16 experts each, evenly: sum p^2 = 1/16, and 30 / 16 / (1 + 29 / 16) = 2 / 3.
    rollouts = prompts(SHORT, 1, concentration=1e6)
    said = prompt_similarity(rollouts=rollouts, sampling=SAMPLING, thresholds=NEAR).notes[0]
    assert said.startswith("Half of the prompts have 30 tokens or fewer. By counting noise alone prompts of equal")
    assert float(said.split("would reach ")[1].split()[0]) == pytest.approx(2 / 3, abs=0.02)


def test_the_figure_starts_at_the_prompts_end_and_follows_the_generation() -> None:
    finding = prompt_similarity(rollouts=prompts(SMALL, 1), sampling=SAMPLING, thresholds=NEAR)
    assert finding.figure is not None
    paired, unrelated, _ = finding.figure.series
    assert paired.x == [0.0, 8.0, 16.0, 32.0, 64.0]
    assert paired.y[0] == pytest.approx(finding.criteria[0].estimate.value, abs=1e-4)
    assert (np.diff(unrelated.y) > 0).all()  # what is generated is the same for all


def test_prompts_in_one_wording_are_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="0 questions were asked in two wordings; 8 are needed"):
        alike(prompts(Cast(wordings=1), 1))


def test_prompts_of_authors_with_one_question_each_have_no_null() -> None:
    rollouts = prompts(Cast(questions=16, authors=1), 1)
    alone = replace(rollouts, labels={**rollouts.labels, "author": rollouts.labels["question"]})
    with pytest.raises(NotApplicable, match="0 questions are in pairs of questions of different kinds that one author"):
        alike(alone)


def test_prompt_similarity_is_seldom_supported_where_all_prompts_are_the_template() -> None:
    supported = sum(
        alike(prompts(SMALL, seed, template=1.0), Sampling(seed, 99)) == Verdict.SUPPORTED for seed in range(200)
    )
    assert supported <= MOST


def test_equal_usage_of_short_prompts_is_seldom_refuted() -> None:
    refuted = sum(
        alike(prompts(SHORT, seed, concentration=2.0), Sampling(seed, 99)) == Verdict.REFUTED for seed in range(200)
    )
    assert refuted <= MOST
