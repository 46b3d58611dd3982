"""Planted prompts and what is generated from them: predictable or not.  GEO Fig. 7."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.rollouts.test_geo_fig07_rollouts import test_prompt_to_rollout as prompt_to_rollout
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.support.verdicts import SAMPLING, judged, verdict
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

#: One in twenty of 200 draws, and what chance adds to it one time in twenty.
MOST = int(binom.ppf(0.95, 200, 0.05))
MANY = Cast(questions=200, authors=2, tokens=512)
PAIRS = ["paired prompts", "any two prompts"]


def answered(cast: Cast, seed: int, *, follows: float, varies: float = 1.0) -> SequenceTrace:
    """Wordings of a question differ by a distance of its own, as the completions to them do.

    The distance of the completions is that of the prompts with weight ``follows``, else another; ``varies`` is how
    much they differ at all, beyond chance. Questions have prompt and completion profiles in the same way.
    """
    rng = np.random.default_rng(seed)
    rows = cast.rows
    far, own = rng.random((2, cast.questions))
    far_generated = varies * np.where(rng.random(cast.questions) < follows, far, own)

    def mixed(base: Float64Array, distance: Float64Array) -> Float64Array:
        other = profiles(rng, cast, cast.questions, 1.0)
        share = np.where(rows[:, 2] == 1, distance[rows[:, 0]], 0.0)[:, None]
        return (1 - share) * base[rows[:, 0]] + share * other[rows[:, 0]]

    base, base_generated = profiles(rng, cast, cast.questions, 1.0), profiles(rng, cast, cast.questions, 1.0)
    base_generated = np.where(rng.random(cast.questions)[:, None] < follows, base, base_generated)
    base_generated = varies * base_generated + (1 - varies) / cast.experts
    generated = mixed(base_generated, far_generated)
    return drawn_rollouts(cast, mixed(base, far), generated[:, None], rng)


def predicts(rollouts: SequenceTrace, pairs: str, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(prompt_to_rollout, rollouts=rollouts, variant={"pairs": pairs}, sampling=sampling)


@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize(
    ("follows", "varies", "expected"),
    [(0.0, 1.0, Verdict.SUPPORTED), (1.0, 1.0, Verdict.REFUTED), (0.0, 0.0, Verdict.VACUOUS)],
)
def test_prompt_to_rollout(pairs: str, follows: float, varies: float, expected: Verdict) -> None:
    assert predicts(answered(MANY, 1, follows=follows, varies=varies), pairs) == expected


@pytest.mark.parametrize(("pairs", "varies"), [(PAIRS[0], 0.3), (PAIRS[1], 0.2)])
def test_halves_that_are_not_shown_to_be_predictable_decide_nothing(pairs: str, varies: float) -> None:
    finding = prompt_to_rollout(
        rollouts=answered(MANY, 1, follows=0.0, varies=varies), variant={"pairs": pairs}, sampling=SAMPLING
    )
    found, reason, criteria, null = judged(prompt_to_rollout, finding)
    assert all(criterion.holds for criterion in criteria if criterion.decides)
    assert [criterion.holds for criterion in null] == [None, True, None]
    assert found == Verdict.INCONCLUSIVE
    assert reason.startswith("the criteria hold, but the positive control is undecided: Spearman, first half to second")
    assert "held-out R^2, first half to second half" in reason


def test_the_claims_numbers() -> None:
    finding = prompt_to_rollout(rollouts=answered(MANY, 1, follows=1.0), variant={"pairs": PAIRS[0]}, sampling=SAMPLING)
    correlation, _, explained, cumulative = (measured.estimate.value for measured in finding.criteria)
    assert correlation > 0.8
    assert explained > 0.6
    assert cumulative > correlation - 0.1
    assert finding.figure is not None
    assert [len(series.x) for series in finding.figure.series] == [200, 200]


@pytest.mark.parametrize(
    ("cast", "pairs", "reason"),
    [
        (
            Cast(questions=29),
            PAIRS[0],
            "no author has more than 29 questions in two wordings with two halves",
        ),
        (Cast(questions=40, wordings=1), PAIRS[0], "no author has more than 0 questions in two wordings"),
        (Cast(questions=8, wordings=1), PAIRS[1], "no author has more than 28 pairs of prompts"),
        (Cast(questions=7), PAIRS[1], "rollouts of 7 questions are too few; 8 are needed"),
    ],
)
def test_too_few_pairs_are_not_applicable(cast: Cast, pairs: str, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        predicts(answered(cast, 1, follows=0.0), pairs)


def test_prompts_that_are_all_alike_are_not_applicable() -> None:
    rng = np.random.default_rng(0)
    one = np.zeros(MANY.experts)
    one[0] = 1.0
    with pytest.raises(NotApplicable, match="equally similar"):
        predicts(drawn_rollouts(MANY, one, profiles(rng, MANY, 1)[0], rng), PAIRS[0])


def test_an_author_with_few_pairs_is_left_out() -> None:
    rollouts = answered(Cast(questions=40, authors=2, tokens=512), 1, follows=1.0)
    author, question = (np.array(rollouts.labels[name]) for name in ("author", "question"))
    labels = {**rollouts.labels, "author": tuple(np.where(question < "question 2", author, "author 0").tolist())}
    finding = prompt_to_rollout(
        rollouts=replace(rollouts, labels=labels), variant={"pairs": PAIRS[0]}, sampling=SAMPLING
    )
    assert finding.notes[-1] == "Authors left out, with fewer than 30 pairs: author 1."


@pytest.mark.parametrize("pairs", PAIRS)
def test_noise_is_seldom_called_supported(pairs: str) -> None:
    cast = Cast(questions=40, authors=3)
    supported = sum(
        predicts(answered(cast, seed, follows=0.0, varies=0.0), pairs, Sampling(seed, 99)) == Verdict.SUPPORTED
        for seed in range(200)
    )
    assert supported <= MOST


@pytest.mark.parametrize("pairs", PAIRS)
def test_prediction_is_seldom_called_supported(pairs: str) -> None:
    cast = Cast(questions=40, authors=3, tokens=512)
    supported = sum(
        predicts(answered(cast, seed, follows=0.4), pairs, Sampling(seed, 99)) == Verdict.SUPPORTED
        for seed in range(200)
    )
    assert supported <= MOST
