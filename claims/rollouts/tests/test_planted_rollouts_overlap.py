"""Planted sets of experts: authors who share them, by chance or not, and authors who do not.  GEO Fig. 6."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig06_order, test_geo_fig06_overlap
from claims.rollouts.expert_overlap import overlap_tables, same_question
from claims.tests.support.contract import MEASURED, Case, Contract, Null, contract_tests
from claims.tests.support.planted_rollouts import Cast, best, drawn_rollouts, mixed_scores, set_rollouts
from claims.tests.support.verdicts import SAMPLING, finding_of
from fixtures.evidence.sequences import SequenceTrace
from fixtures.planted.sequences import planted_sequences
from metrics.stats.estimate import Estimate

cross_model = test_geo_fig06_overlap.test_cross_model_overlap
not_higher = test_geo_fig06_order.test_overlap_not_higher
below_self = test_geo_fig06_order.test_overlap_below_self
LARGE = Cast(questions=32, layers=2, experts=32)
SMALL = Cast(questions=24, authors=2, experts=32)


def overlap(rollouts: SequenceTrace, tokens: str) -> Estimate:
    """The measured overlap of different authors."""
    return finding_of(cross_model, rollouts=rollouts, variant={"tokens": tokens}).criteria[0].estimate


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


def balanced() -> SequenceTrace:
    """Independent profiles near uniform, tokens drawn from them: no sets are planted, they come of counting."""
    rng = np.random.default_rng(4)
    profile = rng.dirichlet(np.full(LARGE.experts, 20.0), (2, len(LARGE.rows)))
    return drawn_rollouts(LARGE, profile, profile[:, :, None], rng)


def too_short() -> SequenceTrace:
    """Sixteen tokens on 32 experts: lots decide the sets, and identical rollouts would share two thirds of them."""
    cast = Cast(questions=12, experts=32, tokens=16)
    rng = np.random.default_rng(0)
    profile = rng.dirichlet(np.ones(cast.experts), (1, cast.questions))[:, cast.rows[:, 0]]
    drawn = drawn_rollouts(cast, profile, profile[:, :, None], rng)
    first = np.searchsorted(cast.rows[:, 0], cast.rows[:, 0])
    return replace(drawn, layers=tuple(replace(layer, usage=layer.usage[first]) for layer in drawn.layers))


def far_below() -> SequenceTrace:
    """Authors who share far less with each other than with themselves."""
    return sets(LARGE, 1, common=0.3, question=0.2, author=1.5, both=0.5, seed=0.2)


ONE_SEED = replace(LARGE, seeds=1)
VARIANTS = {"generated": {"tokens": "generated"}, "whole": {"tokens": "whole rollout"}}
GENERATED: dict[str, Any] = {"variant": VARIANTS["generated"]}
IDENTICAL = Case("identical authors", Verdict.REFUTED, rollouts=partial(sets, LARGE, 2, question=1.0), **GENERATED)
SHORT = Case(
    "too short for so many experts",
    Verdict.NOT_APPLICABLE,
    says="too short for so many experts",
    rollouts=too_short,
    **GENERATED,
)
UNDECIDED = "^the criteria hold, but the positive control is undecided: Jaccard, "


def both(name: str, expected: Verdict, world: Callable[[Cast, int], SequenceTrace]) -> list[Case]:
    """Cases of what was generated, and of the whole rollout."""
    return [
        Case(f"{name}, {how}", expected, rollouts=partial(world, LARGE, 1), variant=variant)
        for how, variant in VARIANTS.items()
    ]


def too_few(name: str, says: str, **sizes: int) -> Case:
    """Too few authors, seeds or questions."""
    return Case(
        name, Verdict.NOT_APPLICABLE, says=says, rollouts=partial(sets, Cast(**sizes), 1, 4, seed=1.0), **GENERATED
    )


def chance(name: str, world: Callable[[Cast, int], SequenceTrace], cast: Cast = SMALL) -> Null:
    """Sets of chance."""
    return Null(name, {"rollouts": partial(world, cast), **GENERATED}, 99, {Verdict.SUPPORTED: 0.95})


CONTRACTS = (
    Contract(
        cross_model,
        (
            *both("about 60 %", Verdict.SUPPORTED, distinct),
            *both("60 % by chance", Verdict.VACUOUS, unrelated),
            Case("counting alone", Verdict.VACUOUS, rollouts=balanced, variant=VARIANTS["whole"]),
            IDENTICAL,
            Case("too low", Verdict.REFUTED, rollouts=partial(sets, LARGE, 3, common=0.3, both=1.0), **GENERATED),
            Case(
                "at the lower end", Verdict.INCONCLUSIVE, at={"low": MEASURED},
                rollouts=partial(distinct, LARGE, 1), **GENERATED,
            ),
            SHORT,
            too_few("7 questions", "rollouts of 7 questions", questions=7),
            too_few("one author", "2 authors are needed", authors=1),
        ),
        (chance("unrelated sets", unrelated),),
    ),
    Contract(
        not_higher,
        (
            *both("as much as by oneself", Verdict.SUPPORTED, distinct),
            Case("far below oneself", Verdict.SUPPORTED, rollouts=far_below, **GENERATED),
            Case(
                "one seed, and what an author adds as the control", Verdict.SUPPORTED,
                rollouts=partial(sets, ONE_SEED, 1, common=1.0, author=1.0, seed=0.2), **GENERATED,
            ),
            *both("by chance", Verdict.VACUOUS, unrelated),
            Case("one seed, by chance", Verdict.VACUOUS, rollouts=partial(unrelated, ONE_SEED, 1), **GENERATED),
            IDENTICAL,
            Case(  # what another seed adds is five points, give or take: too little to show that any is seen
                "a control about the margin", Verdict.INCONCLUSIVE,
                says=f"{UNDECIDED}same question and author minus same author",
                rollouts=partial(sets, LARGE, 1, common=1.0, seed=1.0, both=0.5), **GENERATED,
            ),
            Case(
                "one seed, a control about the margin", Verdict.INCONCLUSIVE,
                says=f"{UNDECIDED}same author minus nothing in common",
                rollouts=partial(sets, ONE_SEED, 1, common=1.0, seed=1.0, question=0.5, author=0.5), **GENERATED,
            ),
            SHORT,
            too_few("one author", "2 authors are needed", authors=1),
        ),
        (chance("unrelated sets", unrelated), chance("unrelated sets, one seed", unrelated, replace(SMALL, seeds=1))),
    ),
    Contract(
        below_self,
        (
            *both("less than by oneself", Verdict.SUPPORTED, distinct),
            *both("by chance", Verdict.REFUTED, unrelated),
            IDENTICAL,
            *both("by the size of the sets", Verdict.VACUOUS, by_size),
            Case(
                "a lead at the threshold", Verdict.INCONCLUSIVE, at={"author": MEASURED},
                rollouts=partial(distinct, LARGE, 1), **GENERATED,
            ),
            SHORT,
            too_few("one seed", "0 questions have two rollouts by one author; 8 are needed", seeds=1),
        ),
        (chance("sets that share their sizes", by_size),),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


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
    finding = finding_of(cross_model, rollouts=distinct(LARGE, 1), **GENERATED)
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


def test_rollouts_too_short_share_as_much_with_others_as_with_themselves() -> None:
    measured = overlap_tables(too_short(), "generated", SAMPLING)
    assert 0.6 < measured.itself < 0.8
    assert np.nanmean(same_question(measured.different)) == pytest.approx(measured.itself, abs=0.03)


def test_wordings_beside_the_first_do_not_count() -> None:
    rollouts = distinct(LARGE, 6)
    second = np.array(rollouts.labels["wording"]) == "1"
    layers = tuple(
        replace(layer, usage=np.where(second[:, None, None], layer.usage[:, :, ::-1], layer.usage))
        for layer in rollouts.layers
    )
    assert overlap(replace(rollouts, layers=layers), "generated") == overlap(rollouts, "generated")


@pytest.mark.parametrize(("world", "expected"), [(far_below, True), (partial(distinct, LARGE, 1), False)])
def test_far_below_the_same_author_is_said(world: Callable[[], SequenceTrace], expected: bool) -> None:
    notes = finding_of(not_higher, rollouts=world(), **GENERATED).notes
    assert any("not about equally, as the paper shows it" in note for note in notes) == expected
