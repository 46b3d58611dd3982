"""Planted prompts that deep layers treat alike, and generation that separates them, or not.  GEO Fig. 9."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.rollouts.generation_curves import ALONE, SO_FAR
from claims.rollouts.test_geo_fig09_prefill import test_prefill_collapse as prefill_collapse
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

# The claim is imported under a name that pytest does not collect.

#: One in twenty of 200 draws, and what chance adds to it one time in twenty.
MOST = int(binom.ppf(0.95, 200, 0.05))
NEAR = {"near": 0.9}
CAST = Cast(questions=16, authors=2, seeds=3, layers=4, tokens=512)
SMALL = Cast(questions=12, authors=2, seeds=2, layers=4, tokens=64, wordings=1)
#: Prompts of so few tokens that equal usage is counted well below the threshold.
SHORT = replace(CAST, prompt_tokens=20)


def collapsing(
    cast: Cast,
    seed: int,
    *,
    deep: float = 1.0,
    early: float = 0.3,
    apart: float = 1.0,
    even: bool = False,
    concentration: float = 0.3,
) -> SequenceTrace:
    """Prompts of which a share belongs to all, from ``early`` at the first layer to ``deep`` at the last.

    What is generated moves from there to the question's own profile by the end, by the share ``apart``. ``even``
    makes the common profile uniform, a higher ``concentration`` all profiles more even.
    """
    rng = np.random.default_rng(seed)
    question, parts = cast.rows[:, 0], len(cast.parts) - 1
    common: Float64Array = (
        np.full((1, cast.experts), 1 / cast.experts) if even else profiles(rng, cast, 1, concentration)
    )
    own = profiles(rng, cast, cast.questions, concentration)[question]
    share = np.linspace(early, deep, cast.layers)[:, None, None]
    prompt = share * common + (1 - share) * own
    way = apart * np.linspace(0, 1, parts)[:, None]
    generated = (1 - way) * prompt[:, :, None] + way * own[:, None]
    return drawn_rollouts(cast, prompt, generated, rng)


def said(rollouts: SequenceTrace, similarity: str = SO_FAR, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(
        prefill_collapse, rollouts=rollouts, variant={"similarity": similarity}, sampling=sampling, thresholds=NEAR
    )


@pytest.mark.parametrize("similarity", [SO_FAR, ALONE])
def test_deep_layers_alike_until_generation_is_supported(similarity: str) -> None:
    assert said(collapsing(CAST, 1), similarity) == Verdict.SUPPORTED


@pytest.mark.parametrize("similarity", [SO_FAR, ALONE])
def test_balanced_deep_layers_are_vacuous(similarity: str) -> None:
    assert said(collapsing(CAST, 1, even=True), similarity) == Verdict.VACUOUS


@pytest.mark.parametrize(("deep", "early"), [(0.3, 0.0), (1.0, 1.0)])
def test_prompts_apart_or_alike_everywhere_are_refuted(deep: float, early: float) -> None:
    expected = Verdict.REFUTED if deep < 1 else Verdict.INCONCLUSIVE  # no difference between layers is none to see
    assert said(collapsing(CAST, 1, deep=deep, early=early)) == expected


@pytest.mark.parametrize("similarity", [SO_FAR, ALONE])
def test_generation_that_comes_together_is_refuted(similarity: str) -> None:
    rng = np.random.default_rng(1)
    question, common = CAST.rows[:, 0], profiles(rng, CAST, 1)
    own = profiles(rng, CAST, CAST.questions)[question]
    share = np.array([0.0, 0.3, 0.6, 0.9])[:, None, None]
    prompt = share * common + (1 - share) * own
    way = np.linspace(0, 1, len(CAST.parts) - 1)[:, None]
    generated = (1 - way) * own[:, None] + way * common
    if similarity == SO_FAR:
        generated = (1 - way) * prompt[:, :, None] + way * common
    assert said(drawn_rollouts(CAST, prompt, generated, rng), similarity) == Verdict.REFUTED


@pytest.mark.parametrize("similarity", [SO_FAR, ALONE])
def test_counting_noise_alone_refutes_nothing(similarity: str) -> None:
    rollouts = collapsing(SHORT, 1, concentration=1.0)
    finding = prefill_collapse(
        rollouts=rollouts, variant={"similarity": similarity}, sampling=SAMPLING, thresholds=NEAR
    )
    near, noiseless = finding.criteria[0].estimate, finding.criteria[3].estimate
    assert near.low < near.value < 0.85  # equal usage in the last layer, 20 tokens: by counting it would be refuted
    assert noiseless.value == pytest.approx(1.0, abs=1 / 20)
    assert noiseless.high == near.high
    assert said(rollouts, similarity) == Verdict.INCONCLUSIVE


def test_a_rise_that_may_be_fading_noise_refutes_nothing() -> None:
    # All rollouts of one profile throughout: the longer the text, the more alike they are counted.
    rollouts = collapsing(SHORT, 1, apart=0.0, concentration=1.0)
    trend = prefill_collapse(
        rollouts=rollouts, variant={"similarity": SO_FAR}, sampling=SAMPLING, thresholds=NEAR
    ).criteria[2]
    assert trend.estimate.value == 1.0
    assert trend.estimate.low < 0


@pytest.mark.parametrize("similarity", [SO_FAR, ALONE])
def test_less_noise_in_less_even_layers_supports_nothing(similarity: str) -> None:
    # Prompts are equal in every layer, whose common profile is the less even the deeper it is.
    rng = np.random.default_rng(1)
    cast = replace(CAST, prompt_tokens=100)
    own = profiles(rng, cast, cast.questions)[cast.rows[:, 0]]
    prompt = np.arange(1, cast.experts + 1) ** -np.linspace(0.6, 1.5, cast.layers)[:, None, None]
    prompt = np.broadcast_to(prompt / prompt.sum(axis=-1, keepdims=True), (cast.layers, *own.shape))
    way = np.linspace(0, 1, len(cast.parts) - 1)[:, None]
    rollouts = drawn_rollouts(cast, prompt, (1 - way) * prompt[:, :, None] + way * own[:, None], rng)
    finding = prefill_collapse(
        rollouts=rollouts, variant={"similarity": similarity}, sampling=SAMPLING, thresholds=NEAR
    )
    near, gain, falls, _, noiseless, *_ = (measured.estimate for measured in finding.criteria)
    assert near.low > 0.9
    assert gain.value > 0.02
    assert falls.high < 0
    assert gain.low == noiseless.low < 0
    assert said(rollouts, similarity) == Verdict.INCONCLUSIVE


def test_the_figure_follows_four_layers_from_the_prompts_end() -> None:
    finding = prefill_collapse(
        rollouts=collapsing(CAST, 1), variant={"similarity": SO_FAR}, sampling=SAMPLING, thresholds=NEAR
    )
    assert finding.figure is not None
    assert [series.label for series in finding.figure.series] == [f"layer {number}" for number in range(4)]
    last = finding.figure.series[-1]
    assert last.x == [0.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]
    assert last.y[0] > 0.95 > last.y[-1]
    curve = next(curve for curve in finding.layers if curve.name == "prompts of questions of different kinds")
    assert len(curve.values) == 4


def test_short_answers_do_not_change_who_is_compared() -> None:
    # Half of the questions are answered in 16 tokens: the stretches beyond are compared among the others alone.
    rollouts = collapsing(CAST, 1)
    short = CAST.rows[:, 0] % 2 == 0
    for layer in rollouts.layers:
        layer.usage[np.ix_(short, np.arange(5, len(rollouts.parts)))] = 0
    rollouts.part_tokens[np.ix_(short, np.arange(5, len(rollouts.parts)))] = 0
    finding = prefill_collapse(rollouts=rollouts, variant={"similarity": ALONE}, sampling=SAMPLING, thresholds=NEAR)
    assert finding.notes[-1].startswith("16 of 32 pairs of author and question were left out")


def test_quarters_of_some_of_the_layers_are_not_applicable() -> None:
    some = replace(collapsing(CAST, 1), checkpoint={"moe_layers": 24})
    with pytest.raises(NotApplicable, match="4 of 24 MoE layers were read"):
        said(some)


def test_one_question_of_another_kind_makes_no_pairs_of_kinds() -> None:
    # Every pair of kinds would hold that question, and a third of the resamples no pair at all.
    rollouts = collapsing(CAST, 1)
    kinds = tuple("odd" if question == "question 0" else "even" for question in rollouts.labels["question"])
    assert said(replace(rollouts, labels={**rollouts.labels, "kind": kinds})) == Verdict.SUPPORTED


def test_authors_of_one_question_each_have_no_two_to_compare() -> None:
    rollouts = collapsing(Cast(questions=16, authors=1, seeds=2, layers=4, wordings=1), 1)
    alone = replace(rollouts, labels={**rollouts.labels, "author": rollouts.labels["question"]})
    with pytest.raises(NotApplicable, match="0 questions are in pairs of questions of different kinds that one author"):
        said(alone)


def test_two_questions_answered_long_enough_are_not_applicable() -> None:
    rollouts = collapsing(CAST, 1)
    short = ~((CAST.rows[:, 0] < 2) | (CAST.rows[:, 3] == 0))
    late = np.arange(7, len(rollouts.parts))
    for layer in rollouts.layers:
        layer.usage[np.ix_(short, late)] = 0
    rollouts.part_tokens[np.ix_(short, late)] = 0
    with pytest.raises(NotApplicable, match="2 questions are in pairs of unrelated questions that one author answered"):
        said(rollouts, ALONE)


def test_layers_that_differ_by_rounding_alone_are_not_supported() -> None:
    # One prompt for all, of another profile in every layer: each cosine is 1, but for its last digits.
    # Not all are refuted: that such prompts have all their counting noise in common cannot be known.
    for seed in range(8):
        rollouts = collapsing(CAST, seed, early=1.0)
        rng = np.random.default_rng(seed)
        for layer in rollouts.layers:
            layer.usage[:, 0] = rng.integers(1, 40, CAST.experts)
        assert said(rollouts) != Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("cast", "similarity", "reason"),
    [
        (Cast(layers=3), SO_FAR, "3 layers with experts were read; 4 are needed"),
        (Cast(layers=4, tokens=8), SO_FAR, "half of the rollouts end within 8 generated tokens, which leaves 2"),
        (Cast(layers=4, seeds=1), ALONE, "no author has two rollouts of one question that generate 32 tokens"),
        (Cast(layers=4, questions=7), SO_FAR, "rollouts of 7 questions"),
    ],
)
def test_too_little_is_not_applicable(cast: Cast, similarity: str, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        said(collapsing(cast, 1), similarity)


def test_generation_that_changes_nothing_is_seldom_supported() -> None:
    # Alone and over two seeds', similarity neither falls nor rises; so far, it rises as counting noise fades.
    supported = sum(
        said(collapsing(SMALL, seed, apart=0.0), ALONE, Sampling(seed, 49)) == Verdict.SUPPORTED for seed in range(200)
    )
    assert supported <= MOST


def test_short_prompts_of_equal_usage_are_seldom_refuted() -> None:
    cast = replace(SMALL, prompt_tokens=20)
    refuted = sum(
        said(collapsing(cast, seed, concentration=1.0), SO_FAR, Sampling(seed, 49)) == Verdict.REFUTED
        for seed in range(60)
    )
    assert refuted <= binom.ppf(0.95, 60, 0.05)
