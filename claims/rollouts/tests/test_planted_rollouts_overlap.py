"""Planted sets of experts: authors who share them, by chance or not, and authors who do not.  GEO Fig. 6."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from claims.core.finding import Finding, NotApplicable
from claims.core.verdict import Verdict
from claims.rollouts.expert_overlap import overlap_tables, same_question
from claims.rollouts.test_geo_fig06_order import test_overlap_below_self as below_self
from claims.rollouts.test_geo_fig06_order import test_overlap_not_higher as not_higher
from claims.rollouts.test_geo_fig06_overlap import test_cross_model_overlap as cross_model
from claims.tests.support.planted_rollouts import Cast, best, drawn_rollouts, mixed_scores, set_rollouts
from claims.tests.support.verdicts import SAMPLING, judged, verdict
from fixtures.evidence.sequences import SequenceTrace
from fixtures.planted.sequences import planted_sequences
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

BAND = {"low": 0.5, "high": 0.7, "chance": 0.0}
MARGIN = {"margin": 0.05}
FORK = {"tokens": "generated"}
LARGE = Cast(questions=32, layers=2, experts=32)
SMALL = Cast(questions=24, authors=2, experts=32)
#: One in twenty of 200 draws, and what chance adds to it one time in twenty.
MOST = int(binom.ppf(0.95, 200, 0.05))


def said(
    claim: Callable[..., Finding], rollouts: SequenceTrace, sampling: Sampling = SAMPLING, tokens: str = "generated"
) -> Verdict:
    more: dict[str, Any] = {} if claim is below_self else {"thresholds": BAND if claim is cross_model else MARGIN}
    return verdict(claim, rollouts=rollouts, variant={"tokens": tokens}, sampling=sampling, **more)


def overlap(rollouts: SequenceTrace, tokens: str) -> Estimate:
    """The measured overlap of different authors."""
    finding = cross_model(rollouts=rollouts, variant={"tokens": tokens}, sampling=SAMPLING, thresholds=BAND)
    return finding.criteria[0].estimate


def sets(cast: Cast, draw: int, size: int = 8, **weights: float) -> SequenceTrace:
    """Top sets of ``size`` experts by scores that mix what is common, the question's, the author's and a seed's."""
    mix = {"common": 0.0, "question": 0.0, "author": 0.0, "both": 0.0, "seed": 0.0} | weights
    return set_rollouts(cast, best(mixed_scores(cast, np.random.default_rng(draw), **mix), size))


def unrelated(cast: Cast, seed: int) -> SequenceTrace:
    """Every rollout uses three in four experts, drawn for itself: sets of this size share 60 % by chance."""
    return sets(cast, seed, 24, seed=1.0)


def distinct(cast: Cast, seed: int) -> SequenceTrace:
    """Sets of a quarter of the experts that share about 60 % across authors, more across seeds, 15 % by chance."""
    return sets(cast, seed, common=2.0, question=0.3, author=0.3, both=0.4, seed=0.2)


def by_size(cast: Cast, seed: int) -> SequenceTrace:
    """Sets drawn afresh for every rollout, whose SIZE belongs to question and author."""
    rng = np.random.default_rng(seed)
    q, a = cast.rows[:, 0], cast.rows[:, 1]
    size = rng.permuted(np.arange(cast.questions * cast.authors)) % 2 * 22 + 3
    scores = mixed_scores(cast, rng, common=0, question=0, author=0, both=0, seed=1)
    return set_rollouts(cast, best(scores, np.broadcast_to(size[q * cast.authors + a], scores.shape[:2])))


@pytest.mark.parametrize("tokens", ["generated", "whole rollout"])
@pytest.mark.parametrize(
    ("claim", "world", "expected"),
    [
        (cross_model, distinct, Verdict.SUPPORTED),
        (cross_model, unrelated, Verdict.VACUOUS),
        (not_higher, distinct, Verdict.SUPPORTED),
        (not_higher, unrelated, Verdict.VACUOUS),
        (below_self, distinct, Verdict.SUPPORTED),
        (below_self, unrelated, Verdict.REFUTED),
        (below_self, by_size, Verdict.VACUOUS),
    ],
)
def test_sets_of_known_overlap(
    claim: Callable[..., Finding],
    world: Callable[[Cast, int], SequenceTrace],
    expected: Verdict,
    tokens: str,
) -> None:
    assert said(claim, world(LARGE, 1), tokens=tokens) == expected


@pytest.mark.parametrize("claim", [cross_model, not_higher, below_self])
def test_identical_authors_are_refuted(claim: Callable[..., Finding]) -> None:
    assert said(claim, sets(LARGE, 2, question=1.0)) == Verdict.REFUTED


def test_sets_that_share_less_than_the_band_are_refuted() -> None:
    assert said(cross_model, sets(LARGE, 3, common=0.3, both=1.0)) == Verdict.REFUTED


def test_independent_balanced_profiles_are_vacuous() -> None:
    # Dirichlet profiles near uniform, tokens drawn from them: no sets are planted, they come of counting.
    rng = np.random.default_rng(4)
    profile = rng.dirichlet(np.full(LARGE.experts, 20.0), (2, len(LARGE.rows)))
    rollouts = drawn_rollouts(LARGE, profile, profile[:, :, None], rng)
    assert said(cross_model, rollouts, tokens="whole rollout") == Verdict.VACUOUS


def test_equally_used_experts_of_short_rollouts_add_no_overlap() -> None:
    # 64 tokens on 32 experts tie often; a common order of ties would add 0.008.
    cast, above = Cast(questions=32, experts=32), []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        profile = rng.dirichlet(np.full(cast.experts, 20.0), (1, len(cast.rows)))
        tables = overlap_tables(drawn_rollouts(cast, profile, profile[:, :, None], rng), "generated", SAMPLING)
        above.append((same_question(tables.different) - same_question(tables.different_chance)).mean())
    assert abs(np.mean(above)) < 0.004  # four standard errors


def test_prompt_is_left_out_of_what_was_generated() -> None:
    # One prompt for all with two experts; the generated tokens of different rollouts share nothing but chance.
    rollouts = unrelated(LARGE, 5)
    usage = np.stack([layer.usage for layer in rollouts.layers])
    usage[:, :, 0] = 0
    usage[:, :, 0, :2] = 10**6
    changed = planted_sequences(usage, labels=rollouts.labels, parts=rollouts.parts)
    assert overlap(changed, "generated") == overlap(rollouts, "generated")
    assert overlap(changed, "whole rollout").value == 1.0


def test_the_figure_holds_measured_null_and_the_papers_number() -> None:
    finding = cross_model(rollouts=distinct(LARGE, 1), variant=FORK, sampling=SAMPLING, thresholds=BAND)
    assert finding.figure is not None
    by_name = {series.label: series for series in finding.figure.series}
    measured, null = by_name["same question, different authors"], by_name["sets of the same sizes, experts renamed"]
    again = by_name["same question, same author, other seed"]
    assert len(measured.y) == len(null.y) == LARGE.layers
    assert null.y[0] < measured.low[0] <= measured.y[0] <= measured.high[0] < again.y[0]
    assert finding.figure.reference[0].y == [0.6, 0.6]
    assert finding.notes[0].startswith("3 authors, 32 questions, 192 rollouts of first wordings; medians: ")
    assert finding.notes[1].startswith("Different authors of one question share")


def test_the_order_of_the_file_and_the_other_layers_decide_nothing() -> None:
    rng = np.random.default_rng(5)
    cast = Cast(questions=8, layers=2, experts=32)
    profile = rng.dirichlet(np.full(cast.experts, 20.0), (2, len(cast.rows)))
    rollouts = drawn_rollouts(cast, profile, profile[:, :, None], rng)
    order = rng.permutation(len(cast.rows))
    shuffled = replace(
        rollouts,
        documents=tuple(rollouts.documents[i] for i in order),
        labels={name: tuple(values[i] for i in order) for name, values in rollouts.labels.items()},
        part_tokens=rollouts.part_tokens[order],
        layers=tuple(replace(layer, usage=layer.usage[order]) for layer in rollouts.layers),
    )
    last = replace(rollouts, layers=rollouts.layers[-1:])
    whole, again, alone = (overlap_tables(one, "generated", SAMPLING) for one in (rollouts, shuffled, last))
    np.testing.assert_allclose(again.different, whole.different)
    np.testing.assert_allclose(alone.different[0], whole.different[1])


@pytest.mark.parametrize("claim", [cross_model, not_higher, below_self])
def test_rollouts_too_short_for_their_experts_are_not_applicable(claim: Callable[..., Finding]) -> None:
    # Sixteen tokens on 32 experts: lots decide the sets, and identical rollouts would share two thirds of them.
    cast = Cast(questions=12, experts=32, tokens=16)
    rng = np.random.default_rng(0)
    profile = rng.dirichlet(np.ones(cast.experts), (1, cast.questions))[:, cast.rows[:, 0]]
    drawn = drawn_rollouts(cast, profile, profile[:, :, None], rng)
    first = np.searchsorted(cast.rows[:, 0], cast.rows[:, 0])
    same = replace(drawn, layers=tuple(replace(layer, usage=layer.usage[first]) for layer in drawn.layers))
    measured = overlap_tables(same, "generated", SAMPLING)
    assert 0.6 < measured.itself < 0.8
    assert np.nanmean(same_question(measured.different)) == pytest.approx(measured.itself, abs=0.03)
    with pytest.raises(NotApplicable, match="too short for so many experts"):
        said(claim, same)


def test_wordings_beside_the_first_do_not_count() -> None:
    rollouts = distinct(LARGE, 6)
    second = np.array(rollouts.labels["wording"]) == "1"
    layers = tuple(
        replace(layer, usage=np.where(second[:, None, None], layer.usage[:, :, ::-1], layer.usage))
        for layer in rollouts.layers
    )
    assert overlap(replace(rollouts, layers=layers), "generated") == overlap(rollouts, "generated")


@pytest.mark.parametrize(
    ("cast", "claim", "reason"),
    [
        (Cast(questions=7), cross_model, "rollouts of 7 questions"),
        (Cast(authors=1), cross_model, "2 authors are needed"),
        (Cast(authors=1), not_higher, "2 authors are needed"),
        (Cast(seeds=1), below_self, "0 questions have two rollouts by one author; 8 are needed"),
    ],
)
def test_too_little_is_not_applicable(cast: Cast, claim: Callable[..., Finding], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        said(claim, sets(cast, 1, size=4, seed=1.0))


def test_without_a_second_seed_what_the_author_adds_is_the_control() -> None:
    rollouts = sets(replace(LARGE, seeds=1), 1, common=1.0, author=1.0, seed=0.2)
    assert said(not_higher, rollouts) == Verdict.SUPPORTED


def test_far_below_the_same_author_is_supported_and_said() -> None:
    rollouts = sets(LARGE, 1, common=0.3, question=0.2, author=1.5, both=0.5, seed=0.2)
    assert said(not_higher, rollouts) == Verdict.SUPPORTED
    for world, expected in ((rollouts, True), (distinct(LARGE, 1), False)):
        notes = not_higher(rollouts=world, variant=FORK, sampling=SAMPLING, thresholds=MARGIN).notes
        assert any("not about equally, as the paper shows it" in note for note in notes) == expected


def test_one_seed_of_rollouts_that_share_by_chance_alone_is_vacuous() -> None:
    assert said(not_higher, unrelated(replace(LARGE, seeds=1), 1)) == Verdict.VACUOUS


@pytest.mark.parametrize(
    ("seeds", "weights", "named"),
    [
        (2, {"both": 0.5}, "same question and author minus same author"),
        (1, {"question": 0.5, "author": 0.5}, "same author minus nothing in common"),
    ],
)
def test_a_control_about_the_margin_decides_nothing(seeds: int, weights: dict[str, float], named: str) -> None:
    # What another seed, or the same author, adds is five points, give or take: too little to show that any is seen.
    rollouts = sets(replace(LARGE, seeds=seeds), 1, 8, **{"common": 1.0, "seed": 1.0, **weights})
    finding = not_higher(rollouts=rollouts, variant=FORK, sampling=SAMPLING, thresholds=MARGIN)
    found, reason, criteria, _ = judged(not_higher, finding)
    assert criteria[0].holds
    assert found == Verdict.INCONCLUSIVE
    assert reason.startswith(f"the criteria hold, but the positive control is undecided: Jaccard, {named}")


@pytest.mark.parametrize(
    ("claim", "world", "cast"),
    [
        (cross_model, unrelated, SMALL),
        (not_higher, unrelated, SMALL),
        (not_higher, unrelated, replace(SMALL, seeds=1)),
        (below_self, by_size, SMALL),
    ],
)
def test_false_support_stays_below_five_percent(
    claim: Callable[..., Finding], world: Callable[[Cast, int], SequenceTrace], cast: Cast
) -> None:
    supported = sum(said(claim, world(cast, s), Sampling(s, 99)) == Verdict.SUPPORTED for s in range(200))
    assert supported <= MOST, f"{supported} of 200 null draws were called supported"
