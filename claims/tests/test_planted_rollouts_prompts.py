"""Planted prompts: two wordings alike or not, and unrelated prompts alike or not.  GEO Fig. 7."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from claims.finding import NotApplicable
from claims.sampling import Sampling
from claims.test_geo_fig07_prompts import test_prompt_similarity as prompt_similarity
from claims.tests.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.verdicts import SAMPLING, verdict
from claims.verdict import Verdict
from fixtures.sequence_trace import SequenceTrace

# The claims are imported under names that pytest does not collect.

#: One in twenty of 200 draws, and what chance adds to it one time in twenty.
MOST = int(binom.ppf(0.95, 200, 0.05))
NEAR = {"near": 0.9, "every": 1.0}
SMALL = Cast(questions=16, authors=2)


def prompts(cast: Cast, seed: int, *, template: float = 0.0, odd: int = 0) -> SequenceTrace:
    """Each question has a prompt profile for both wordings, but ``odd`` questions; ``template`` is common to all."""
    rng = np.random.default_rng(seed)
    rows = cast.rows
    question = profiles(rng, cast, cast.questions)[rows[:, 0]]
    strange = (rows[:, 0] < odd) & (rows[:, 2] == 1)
    question[strange] = profiles(rng, cast, 1)
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
