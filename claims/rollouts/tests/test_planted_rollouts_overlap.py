"""Planted sets of experts: authors who share them, by chance or not, and authors who do not.  GEO Fig. 6."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest
from scipy.stats import hypergeom

from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig06_order, test_geo_fig06_overlap
from claims.rollouts.expert_overlap import overlap_tables
from claims.rollouts.overlap_contrasts import shared
from claims.rollouts.test_geo_fig06_order import BY_ONE, BY_TWO
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_places import Slide, placed_rollouts
from claims.tests.support.planted_rollouts import (
    Cast,
    best,
    drawn_rollouts,
    mixed_scores,
    set_rollouts,
    unmodelled,
    with_identity,
)
from claims.tests.support.verdicts import SAMPLING, finding_of
from fixtures.evidence.sequences import SequenceTrace
from fixtures.planted.sequences import planted_sequences
from fixtures.rollouts.population import part_numbers
from metrics.arrays import BoolArray, Int64Array
from metrics.stats.estimate import Estimate

cross_model = test_geo_fig06_overlap.test_cross_model_overlap
not_higher = test_geo_fig06_order.test_overlap_not_higher
below_self = test_geo_fig06_order.test_overlap_below_self
LARGE = Cast(questions=32, layers=2, experts=32)
SMALL = Cast(questions=24, authors=2, experts=32)
PAIR = replace(LARGE, authors=2, seeds=1)
PAIRS = replace(LARGE, authors=2)
WIDE = Cast(questions=32, authors=2, experts=64, wordings=1)
#: Weights of what is common to all, of the question, the author, both, and of a seed.
Weights = dict[str, float]


def sets(cast: Cast, draw: int, size: int = 8, *, identity: float | None = 0.0, **weights: float) -> SequenceTrace:
    """Top sets of ``size`` experts by scores that mix what is common, the question's, the author's and a seed's.

    Of what makes questions and authors differ token identity gives the share ``identity``: all of it at 1, where it
    routes as the rollouts do, and none at 0; None leaves the control out.
    """

    def world(share: float) -> SequenceTrace:
        parts = {name: weights.get(name, 0.0) for name in ("question", "author", "both")}
        mix = {name: share * weight for name, weight in parts.items()}
        mix |= {name: weights.get(name, 0.0) for name in ("common", "seed")}
        return set_rollouts(cast, best(mixed_scores(cast, np.random.default_rng(draw), **mix), size))

    return world(1.0) if identity is None else with_identity(world(1.0), world(identity))


def unrelated(cast: Cast, draw: int, size: int = 24) -> SequenceTrace:
    """Every rollout uses experts drawn for itself: sets of three in four share 60 % by chance."""
    return sets(cast, draw, size, seed=1.0)


#: Sets of a quarter of the experts that share about 60 % across authors, more across seeds, 15 % by chance.
DISTINCT: Weights = {"common": 2.0, "question": 0.3, "author": 0.3, "both": 0.6, "seed": 0.2}


def distinct(cast: Cast, draw: int, size: int = 8, *, identity: float | None = 0.0) -> SequenceTrace:
    return sets(cast, draw, size, identity=identity, **DISTINCT)


def far_below() -> SequenceTrace:
    """Authors who share far less with each other than with themselves."""
    return sets(LARGE, 1, common=0.3, question=0.2, author=1.5, both=0.5, seed=0.2)


def by_size(cast: Cast, seed: int) -> SequenceTrace:
    """Sets drawn afresh for every rollout, whose SIZE belongs to question and author; ids route all alike."""
    rng = np.random.default_rng(seed)
    q, a = cast.rows[:, 0], cast.rows[:, 1]
    size = rng.permuted(np.arange(cast.questions * cast.authors)) % 2 * 22 + 3
    scores = mixed_scores(cast, rng, common=0, question=0, author=0, both=0, seed=1)
    own = set_rollouts(cast, best(scores, np.broadcast_to(size[q * cast.authors + a], scores.shape[:2])))
    visits = np.stack([layer.usage.sum(axis=-1) for layer in own.layers])
    even = np.stack([visits // cast.experts] * cast.experts, axis=-1)
    even[..., 0] += visits - even.sum(axis=-1)
    return with_identity(own, planted_sequences(even, labels=cast.labels, parts=cast.parts))


def counted(cast: Cast, draw: int, **concentration: float) -> SequenceTrace:
    """Profiles of every rollout, or of every question, author and their pair, tokens drawn from them."""
    rng = np.random.default_rng(draw)
    q, a = cast.rows[:, 0], cast.rows[:, 1]
    owners = {"rollout": np.arange(len(q)), "question": q, "pair": q * cast.authors + a}
    profile = np.ones((cast.layers, len(q), cast.experts))
    for name, strength in concentration.items():
        own = owners[name]
        profile = profile * rng.dirichlet(np.full(cast.experts, strength), (cast.layers, own.max() + 1))[:, own]
    profile /= profile.sum(axis=-1, keepdims=True)
    return drawn_rollouts(cast, profile, profile[:, :, None], rng)


def balanced() -> SequenceTrace:
    """Independent profiles near uniform, tokens drawn from them: no sets are planted, they come of counting."""
    return counted(replace(LARGE, tokens=4096), 4, rollout=20.0)


def too_short() -> SequenceTrace:
    """Sixteen tokens on 32 experts: rollouts of equal usage would share few of their most-used experts."""
    return counted(Cast(questions=12, experts=32, tokens=16), 0, question=1.0)


#: Two authors who stop early or late, as question and author will.
READERS = Cast(questions=32, authors=2, layers=4, experts=32, wordings=1)
FEWER = replace(READERS, questions=16)
SHORT_AND_LONG, ALIKE = (72, 512), (256,)


#: Rollouts of which one seed of two ends after six tokens.
ENDING = replace(READERS, questions=96, tokens=512)


def one_seed_ends_early(cast: Cast, draw: int) -> SequenceTrace:
    """Draw tokens from experts of the question's and author's own, 22 of 32 alike; the second seed has six tokens.

    So the sets of two seeds are of unlike size, which leaves them less to share than those of two authors, some of
    which are of one size. Ids route all alike, at the same lengths.
    """
    rng = np.random.default_rng(draw)
    rows, part = cast.rows, np.array(part_numbers(0, cast.tokens))
    cell = rows[:, 0] * cast.authors + rows[:, 1]
    shape = (cast.layers, cast.questions * cast.authors, cast.experts)
    own, every = rng.random(shape).argsort(axis=-1) < 22, np.ones(shape, dtype=bool)

    def drawn(members: BoolArray) -> Int64Array:
        usage = np.zeros((cast.layers, len(rows), len(cast.parts), cast.experts), dtype=np.int64)
        for row, seed in enumerate(rows[:, 3]):
            counts = np.bincount(part[: 6 if seed else cast.tokens], minlength=len(cast.parts))
            profile = members[:, cell[row]] / members[:, cell[row]].sum(axis=-1, keepdims=True)
            usage[:, row] = rng.multinomial(counts, profile[:, None])
        usage[:, :, 0, 0] = cast.prompt_tokens
        return usage

    rollouts, words = (planted_sequences(drawn(m), labels=cast.labels, parts=cast.parts) for m in (own, every))
    return with_identity(rollouts, words)


def own_lengths(cast: Cast, seed: int) -> SequenceTrace:
    """Routing slides with the place and tells nothing else, and authors differ in how long they are alone."""
    return placed_rollouts(cast, SHORT_AND_LONG, seed, by_question=False)


def lengths_alone(cast: Cast, seed: int) -> SequenceTrace:
    """The same, where how long a rollout is belongs to question and author."""
    return placed_rollouts(cast, SHORT_AND_LONG, seed)


#: Worlds in which the author has routing of its own, by the lengths of authors and by what else decides.
AUTHORS: tuple[tuple[str, tuple[int, ...], Slide], ...] = (
    ("of equal length", ALIKE, "none"),
    ("of equal length, and place", ALIKE, "doublings"),
    ("and by lengths", SHORT_AND_LONG, "doublings"),
)
VARIANTS = {"generated": {"tokens": "generated"}, "whole": {"tokens": "whole rollout"}}
GENERATED: dict[str, Any] = {"variant": VARIANTS["generated"]}
EQUAL: dict[str, Any] = {"variant": {"tokens": "generated, equal length"}}
ABSTRACT: dict[str, Any] = {"variant": VARIANTS["generated"] | {"against": BY_TWO}}
FIGURE: dict[str, Any] = {"variant": VARIANTS["generated"] | {"against": BY_ONE}}


def both(name: str, expected: Verdict, world: Callable[..., SequenceTrace], **variant: str) -> list[Case]:
    """Cases of what was generated, and of the whole rollout."""
    cast = PAIRS if world is by_size else LARGE
    return [
        Case(f"{name}, {how}", expected, rollouts=partial(world, cast, 1), variant=tokens | variant)
        for how, tokens in VARIANTS.items()
    ]


def too_few(name: str, says: str, given: dict[str, Any], **sizes: int) -> Case:
    """Too few authors, seeds or questions."""
    return Case(name, Verdict.NOT_APPLICABLE, says=says, rollouts=partial(sets, Cast(**sizes), 1, 4, seed=1.0), **given)


def chance(
    name: str,
    world: Callable[[Cast, int], SequenceTrace],
    given: dict[str, Any] = GENERATED,
    cast: Cast = SMALL,
    rare: tuple[Verdict, ...] = (Verdict.SUPPORTED,),
    mostly: Verdict | None = None,
) -> Null:
    """Worlds of which few may get some verdicts."""
    return Null(name, {"rollouts": partial(world, cast), **given}, 99, dict.fromkeys(rare, 0.95), mostly)


def planned(cast: Cast, draw: int, *, common: int, authors: float, seeds: float) -> SequenceTrace:
    """Sets of 12 experts with a known mean Jaccard: of two authors of one question, and of two seeds of one author.

    ``common`` experts belong to all; beyond them different questions share what chance gives. Ids route all alike.
    """
    rng = np.random.default_rng(draw)
    counts = np.arange(13)

    def whole(mean: float) -> int:
        exact = np.interp(mean, counts / (24 - counts), counts)
        return int(exact) + int(rng.random() < exact % 1)

    members = np.zeros((cast.layers, len(cast.rows), cast.experts), dtype=bool)
    for question in range(cast.questions):
        of_all, of_author = whole(authors), whole(seeds)
        names = iter(rng.permutation(np.arange(common, cast.experts)).tolist())
        shared_by_all = [*range(common), *islice(names, of_all - common)]
        for author in range(cast.authors):
            own = [*shared_by_all, *islice(names, of_author - of_all)]
            for row in np.flatnonzero((cast.rows[:, :2] == [question, author]).all(axis=1)):
                members[:, row, [*own, *islice(names, 12 - of_author)]] = True
    alike = np.broadcast_to(np.arange(cast.experts) < 12, members.shape)
    return with_identity(set_rollouts(cast, members), set_rollouts(cast, alike))


def by_chance(common: int) -> float:
    """Mean Jaccard of two planned sets of different questions."""
    shared = common + np.arange(13 - common)
    weights = hypergeom.pmf(shared - common, WIDE.experts - common, 12 - common, 12 - common)
    return float((weights * shared / (24 - shared)).sum())


def more(points: float) -> dict[str, Any]:
    """What two authors of a question share beyond different questions, as planned."""
    return {"common": 6, "authors": by_chance(6) + points, "seeds": 1.0}


def by_far(given: dict[str, Any], **shared: Any) -> Null:
    """Planned worlds in which a claim is true by far."""
    return true_by_far({"rollouts": partial(planned, WIDE, **shared), **given}, resamples=99)


CONTRACTS = (
    Contract(
        cross_model,
        (
            *both("about 60 %", Verdict.SUPPORTED, distinct),
            Case(
                "of which chance gives half", Verdict.SUPPORTED, rollouts=partial(distinct, LARGE, 1, 14), **GENERATED
            ),
            Case("identical authors", Verdict.PARTLY, rollouts=partial(sets, LARGE, 2, question=1.0), **GENERATED),
            Case(
                "too low, and beyond chance", Verdict.PARTLY, says="falls short .*: mean Jaccard of .* = 0.4",
                rollouts=partial(planned, WIDE, 1, common=6, authors=0.4, seeds=1.0), **GENERATED,
            ),
            *both("60 % by chance", Verdict.VACUOUS, unrelated),
            Case("counting alone", Verdict.VACUOUS, rollouts=balanced, variant=VARIANTS["whole"]),
            Case(
                "two points above chance", Verdict.VACUOUS, says="share by chance = 0.02",
                rollouts=partial(sets, LARGE, 1, 24, seed=1.0, common=0.35), **GENERATED,
            ),
            Case("too low, by chance", Verdict.REFUTED, rollouts=partial(unrelated, PAIR, 1, 8), **GENERATED),
            Case(
                "at the lower end", Verdict.INCONCLUSIVE,
                rollouts=partial(planned, WIDE, 1, common=0, authors=0.498, seeds=1.0), **GENERATED,
            ),
            Case(
                "so short that equal usage would share as much", Verdict.NOT_APPLICABLE, rollouts=too_short,
                says="Jaccard that rollouts of equal usage would reach = 0.[23]", **GENERATED,
            ),
            Case(
                "lengths alone", Verdict.NOT_APPLICABLE, rollouts=partial(lengths_alone, READERS, 1), **GENERATED,
                says="position alone takes off, different authors being of different length = 0.[345]",
            ),
            unmodelled(partial(distinct, LARGE, 1), **GENERATED),
            too_few("7 questions", "rollouts of 7 questions", GENERATED, questions=7),
            too_few("one author", "2 authors are needed", GENERATED, authors=1),
        ),
        (
            chance("unrelated sets", unrelated),
            chance("lengths alone", lengths_alone, cast=FEWER, mostly=Verdict.NOT_APPLICABLE),
            chance(
                "a point above the lower end", partial(planned, common=0, authors=0.51, seeds=1.0),
                cast=WIDE, rare=(Verdict.PARTLY, Verdict.REFUTED),
            ),
            by_far(GENERATED, common=0, authors=0.55, seeds=1.0),
        ),
    ),
    Contract(
        not_higher,
        (
            *both("as much as other questions", Verdict.SUPPORTED, distinct, against=BY_TWO),
            *both("as much as other questions of the same author", Verdict.SUPPORTED, distinct, against=BY_ONE),
            Case(
                "three points more", Verdict.SUPPORTED, **ABSTRACT,
                rollouts=partial(planned, replace(WIDE, questions=64), 1, **more(0.02)),
            ),
            Case(
                "as much as other questions, as in the untrained twin", Verdict.VACUOUS, **ABSTRACT,
                rollouts=partial(distinct, LARGE, 1), twin={"rollouts": partial(distinct, LARGE, 2)},
                says="the untrained twin's Jaccard, .*, minus this one's = -?0.0",
            ),
            Case("less than other questions of the same author", Verdict.SUPPORTED, rollouts=far_below, **ABSTRACT),
            Case("the same, not on par", Verdict.REFUTED, says="claimed >= -0.05", rollouts=far_below, **FIGURE),
            Case("ten points more", Verdict.REFUTED, says="claimed <= 0.05", **ABSTRACT,
                 rollouts=partial(planned, WIDE, 1, **more(0.1))),
            Case("identical authors", Verdict.REFUTED, rollouts=partial(sets, LARGE, 2, question=1.0), **FIGURE),
            Case(
                "at the margin", Verdict.INCONCLUSIVE, rollouts=partial(planned, WIDE, 1, **more(0.05)), **ABSTRACT,
            ),
            Case(  # what another seed adds is five points, give or take: too little to show that any is seen
                "a control about the margin", Verdict.INCONCLUSIVE,
                says="^Jaccard, another seed minus different questions", **FIGURE,
                rollouts=partial(planned, WIDE, 1, **more(0.0) | {"seeds": by_chance(6) + 0.05}),
            ),
            Case(
                "rollouts that cannot be told apart", Verdict.NOT_APPLICABLE,
                says="a premise is not met: Jaccard, another seed minus different", **ABSTRACT,
                rollouts=partial(unrelated, LARGE, 1),
            ),
            *(
                Case(
                    f"lengths alone, {how}", Verdict.NOT_APPLICABLE, rollouts=partial(own_lengths, READERS, 1),
                    says="another seed minus different questions, .*, beyond position and length = -?0.0", **variant,
                )
                for how, variant in (("two authors", ABSTRACT), ("one author", FIGURE))
            ),
            Case(
                "lengths, and routing of question and author", Verdict.SUPPORTED, **ABSTRACT,
                rollouts=partial(placed_rollouts, replace(READERS, questions=96), SHORT_AND_LONG, 1, own=0.5),
            ),
            unmodelled(partial(distinct, LARGE, 1), **ABSTRACT),
            too_few("one author", "2 authors are needed", ABSTRACT, authors=1),
            too_few("one seed", "0 questions have two rollouts by one author; 8 are needed", ABSTRACT, seeds=1),
        ),
        (
            chance("seven points more", partial(planned, **more(0.07)), ABSTRACT, WIDE),
            chance("lengths alone", own_lengths, ABSTRACT, FEWER),
            chance("four points more", partial(planned, **more(0.04)), ABSTRACT, WIDE, rare=(Verdict.REFUTED,)),
            by_far(ABSTRACT, **more(0.02)),
        ),
        {Verdict.PARTLY: "it says one thing, which has no null"},
    ),
    Contract(
        below_self,
        (
            *both("less than by oneself", Verdict.SUPPORTED, distinct),
            Case(
                "of which token identity gives half", Verdict.SUPPORTED, says="^$",
                rollouts=partial(distinct, LARGE, 1, identity=0.5), **GENERATED,
            ),
            Case(
                "beyond words, sizes and lengths, but less than stated", Verdict.PARTLY, says="falls short",
                rollouts=partial(one_seed_ends_early, ENDING, 1), **GENERATED,
            ),
            *both("by chance", Verdict.REFUTED, unrelated),
            Case("identical authors", Verdict.REFUTED, rollouts=partial(sets, LARGE, 2, question=1.0), **GENERATED),
            Case(
                "two points less", Verdict.REFUTED, says="another seed minus another author = 0.02",
                rollouts=partial(planned, WIDE, 1, common=0, authors=0.5, seeds=0.52), **GENERATED,
            ),
            *both("by the size of the sets", Verdict.VACUOUS, by_size),
            Case(
                "by token identity", Verdict.VACUOUS, says="beyond token identity = 0",
                rollouts=partial(distinct, LARGE, 1, identity=1.0), **GENERATED,
            ),
            Case(
                "but for a little by token identity", Verdict.VACUOUS, says="beyond token identity = 0.0[1-4]",
                rollouts=partial(distinct, LARGE, 1, identity=0.95), **GENERATED,
            ),
            Case(
                "by lengths", Verdict.VACUOUS, rollouts=partial(lengths_alone, READERS, 1), **GENERATED,
                says="another seed minus another author, beyond position and length = -?0.0",
            ),
            Case(
                "by lengths, place by place", Verdict.VACUOUS, **GENERATED, says="beyond position and length = -?0.0",
                rollouts=partial(placed_rollouts, READERS, SHORT_AND_LONG, 1, slide="places"),
            ),
            Case(
                "by lengths, equal length", Verdict.REFUTED, rollouts=partial(lengths_alone, READERS, 1), **EQUAL,
            ),
            *(
                Case(
                    f"{name}, {variant['variant']['tokens']}", Verdict.SUPPORTED, says="^$", **variant,
                    rollouts=partial(placed_rollouts, READERS, lengths, 1, own=0.6, slide=slide),
                )
                for variant in (GENERATED, EQUAL)
                for name, lengths, slide in AUTHORS
            ),
            Case(
                "no stretch in common", Verdict.NOT_APPLICABLE, says="most rollouts of author 0 have fewer than 8",
                rollouts=partial(placed_rollouts, FEWER, (4, 64), 1, by_question=False), **EQUAL,
            ),
            Case(
                "a lead at the threshold", Verdict.INCONCLUSIVE, says="^Jaccard, another seed minus another author = ",
                rollouts=partial(planned, WIDE, 1, common=0, authors=0.5, seeds=0.55), **GENERATED,
            ),
            Case(
                "no word of token identity", Verdict.NOT_APPLICABLE, says="tokens of the same id",
                rollouts=partial(distinct, LARGE, 1, identity=None), **GENERATED,
            ),
            unmodelled(partial(distinct, LARGE, 1), **GENERATED),
            too_few("one seed", "0 questions have two rollouts by one author; 8 are needed", GENERATED, seeds=1),
        ),
        (
            chance("sets that share their sizes", by_size),
            chance("token identity alone", partial(distinct, identity=1.0)),
            chance("lengths alone", lengths_alone, cast=FEWER, mostly=Verdict.VACUOUS),
            chance(
                "seven points below oneself", partial(planned, common=0, authors=0.5, seeds=0.57),
                cast=WIDE, rare=(Verdict.REFUTED,),
            ),
            by_far(GENERATED, common=0, authors=0.5, seeds=0.62),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def overlap(rollouts: SequenceTrace, tokens: str) -> Estimate:
    """The measured overlap of different authors."""
    return finding_of(cross_model, rollouts=rollouts, variant={"tokens": tokens}).headline[0].estimate


def test_equally_used_experts_of_short_rollouts_add_no_overlap() -> None:
    # 64 tokens on 32 experts tie often; a common order of ties would add 0.008.
    cast, above = Cast(questions=32, experts=32), []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        profile = rng.dirichlet(np.full(cast.experts, 20.0), (1, len(cast.rows)))
        tables = overlap_tables(drawn_rollouts(cast, profile, profile[:, :, None], rng), "generated", SAMPLING)
        above.append(shared(tables.measured - tables.chance, SAMPLING).value)
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
    for figure, count in zip((finding.figure, *finding.more_figures), (1, LARGE.layers), strict=True):
        by_name = {series.label: series for series in figure.series}
        measured, null = by_name["same question, different authors"], by_name["sets of the same sizes, experts renamed"]
        again = by_name["same question, same author, other seed"]
        assert len(measured.y) == len(null.y) == count
        assert null.y[0] < measured.low[0] <= measured.y[0] <= measured.high[0] < again.y[0]
        assert figure.reference[0].y == [0.6, 0.6]
    bar = next(s for s in finding.figure.series if s.label == "same question, different authors")
    assert bar.y[0] == pytest.approx(finding.headline[0].estimate.value, rel=1e-3)
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
    np.testing.assert_allclose(again.measured.different, whole.measured.different)
    np.testing.assert_allclose(alone.measured.different[0], whole.measured.different[1])


@pytest.mark.parametrize("tokens", [64, 512])
def test_rollouts_of_equal_usage_share_what_the_ceiling_says(tokens: int) -> None:
    cast = Cast(questions=12, authors=2, seeds=12, experts=32, tokens=tokens, wordings=1)
    tables = overlap_tables(counted(cast, 0, question=1.0), "generated", SAMPLING)
    assert shared(tables.measured, SAMPLING).value == pytest.approx(np.nanmean(tables.ceiling), abs=0.02)


def test_wordings_beside_the_first_do_not_count() -> None:
    rollouts = distinct(LARGE, 6)
    second = np.array(rollouts.labels["wording"]) == "1"
    layers = tuple(
        replace(layer, usage=np.where(second[:, None, None], layer.usage[:, :, ::-1], layer.usage))
        for layer in rollouts.layers
    )
    assert overlap(replace(rollouts, layers=layers), "generated") == overlap(rollouts, "generated")
