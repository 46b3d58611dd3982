"""Planted prompts and what is generated from them: predictable or not.  GEO Fig. 7."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from claims.core.verdict import Verdict
from claims.rollouts import test_geo_fig07_rollouts
from claims.rollouts.test_geo_fig07_rollouts import ANY, PAIRED
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_places import placed_rollouts
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles, unmodelled
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array

prompt_to_rollout = test_geo_fig07_rollouts.test_prompt_to_rollout
MANY = Cast(questions=200, authors=2, tokens=512)
PAIRS = (ANY, PAIRED)


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


def alike_prompts() -> SequenceTrace:
    """Prompts that all use one expert."""
    rng = np.random.default_rng(0)
    return drawn_rollouts(MANY, np.eye(MANY.experts)[0], profiles(rng, MANY, 1)[0], rng)


def given(pairs: str, cast: Cast = MANY, **how: float) -> dict[str, Any]:
    """Answers in a world, read by pairs of wordings or by any two prompts."""

    def build(seed: int = 1) -> SequenceTrace:
        return answered(cast, seed, **how)

    return {"rollouts": build, "variant": {"pairs": pairs}}


def too_few(name: str, cast: Cast, pairs: str, says: str) -> Case:
    """Rollouts with too few pairs."""
    return Case(name, Verdict.NOT_APPLICABLE, says=says, **given(pairs, cast, follows=0.0))


SOME = Cast(questions=40, authors=3)
#: Completions that differ in length.
READ = Cast(questions=40, authors=2, layers=2)
#: How much halves vary where their own prediction is neither shown nor excluded.
UNSURE = dict(zip(PAIRS, (0.2, 0.3), strict=True))
#: How far completions follow prompts for a correlation of about 0.3.
HALF_FOLLOWED = dict(zip(PAIRS, (0.6, 0.35), strict=True))
#: How far they follow for a correlation that is two standard errors below 0.3, or one.
LITTLE = dict(zip(PAIRS, (0.25, 0.1), strict=True))
CONTRACTS = (
    Contract(
        prompt_to_rollout,
        (
            *(Case(f"unrelated, {pairs}", Verdict.SUPPORTED, **given(pairs, follows=0.0)) for pairs in PAIRS),
            *(
                Case(f"followed by a little, {pairs}", Verdict.SUPPORTED, **given(pairs, follows=0.05))
                for pairs in PAIRS
            ),
            Case(
                "unrelated, as in the untrained twin", Verdict.VACUOUS, **given(ANY, follows=0.0),
                says="the untrained twin's distance from 0 of Spearman, prompt to generation, minus this one's = -?0.0",
                twin={"rollouts": partial(answered, MANY, 2, follows=0.0)},
            ),
            *(Case(f"followed, {pairs}", Verdict.REFUTED, **given(pairs, follows=1.0)) for pairs in PAIRS),
            *(
                Case(
                    f"at the threshold, {pairs}", Verdict.INCONCLUSIVE, says="^Spearman, prompt to generation",
                    **given(pairs, follows=follows),
                )
                for pairs, follows in HALF_FOLLOWED.items()
            ),
            *(
                Case(
                    f"halves not shown to be predictable, {pairs}", Verdict.INCONCLUSIVE,
                    says="^Spearman, first half to second half", **given(pairs, follows=0.0, varies=varies),
                )
                for pairs, varies in UNSURE.items()
            ),
            *(
                Case(
                    f"noise, {pairs}", Verdict.NOT_APPLICABLE, says="not met: Spearman, first half to second half",
                    **given(pairs, follows=0.0, varies=0.0),
                )
                for pairs in PAIRS
            ),
            Case(
                "halves that are as predictable as lengths alone make them", Verdict.NOT_APPLICABLE,
                rollouts=partial(placed_rollouts, READ, (72, 512), 1), variant={"pairs": ANY},
                says="not met: Spearman, first half to second half, completions of the same length = -?0.[01]",
            ),
            unmodelled(partial(answered, MANY, 1, follows=0.0), variant={"pairs": ANY}),
            too_few("29 questions", Cast(questions=29), PAIRED, "29 questions in two wordings with two halves"),
            too_few("one wording", Cast(questions=40, wordings=1), PAIRED, "more than 0 questions in two wordings"),
            too_few("28 pairs", Cast(questions=8, wordings=1), ANY, "no author has more than 28 pairs of prompts"),
            too_few("7 questions", Cast(questions=7), ANY, "rollouts of 7 questions are too few; 8 are needed"),
            Case(
                "prompts all alike", Verdict.NOT_APPLICABLE, says="equally similar",
                rollouts=alike_prompts, variant={"pairs": PAIRED},
            ),
        ),
        (
            *(
                Null(f"{name}, {pairs}", given(pairs, cast, **how), 99, {rare: 0.95})
                for pairs in PAIRS
                for name, cast, rare, how in (
                    ("noise", SOME, Verdict.SUPPORTED, {"follows": 0.0, "varies": 0.0}),
                    ("prediction", replace(SOME, tokens=512), Verdict.SUPPORTED, {"follows": 0.4}),
                    ("little prediction", replace(SOME, tokens=512), Verdict.REFUTED, {"follows": LITTLE[pairs]}),
                )
            ),
            true_by_far(given(ANY, follows=0.0), resamples=99),
        ),
        {Verdict.PARTLY: "it says one thing, which has no null"},
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_claims_numbers() -> None:
    finding = finding_of(prompt_to_rollout, rollouts=answered(MANY, 1, follows=1.0), variant={"pairs": PAIRED})
    correlation, _, explained = (measured.estimate.value for measured in finding.headline)
    (cumulative,) = (measured.estimate.value for measured in finding.reported)
    assert correlation > 0.8
    assert explained > 0.6
    assert cumulative > correlation - 0.1
    assert finding.figure is not None
    assert [len(series.x) for series in finding.figure.series] == [100, 100]


def test_an_author_with_few_pairs_is_left_out() -> None:
    rollouts = answered(Cast(questions=40, authors=2, tokens=512), 1, follows=1.0)
    author, question = (np.array(rollouts.labels[name]) for name in ("author", "question"))
    labels = {**rollouts.labels, "author": tuple(np.where(question < "question 2", author, "author 0").tolist())}
    finding = finding_of(prompt_to_rollout, rollouts=replace(rollouts, labels=labels), variant={"pairs": PAIRED})
    assert finding.notes[-1] == "Authors left out, with fewer than 30 pairs: author 1."
