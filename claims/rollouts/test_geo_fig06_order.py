"""Does the question, the author or the seed decide which experts are shared?  GEO Fig. 6."""

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.rollouts.answers import DIFFERENT, require_questions, unrelated_questions
from claims.rollouts.expert_overlap import (
    TOKENS,
    OverlapTables,
    overlap_figure,
    overlap_tables,
    require_settled,
    same_question,
)
from claims.rollouts.question_bootstrap import mean_over_questions, over_questions, own_mean, pair_mean
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

DEFINITION = (
    "read (Fig. 6's caption; top-p sets and Jaccard, Eqs 18-19): means over all pairs of rollouts of first wordings, "
    "then over layers; variant: the whole rollout as in the paper, or without the prompt"
)


@claim(
    id="overlap-not-higher",
    group="D",
    number=2,
    title="Authors of one question share no more than one author's questions do",
    source="GEO (arXiv 2604.09780v1), Eqs 18-19",
    figures=("GEO Fig. 6",),
    statement="Rollouts of the same question by different authors share no more of their most-used experts than "
    "rollouts of different questions by the same author.",
    equation="mean J(same question, different authors) - mean J(different questions, same author) < 0.05",
    definition=DEFINITION,
    null_says="Another seed of the same question and author in place of different authors: if even that is no "
    "higher, by the claim's own margin, the overlap cannot tell one rollout from another; where it is not shown to be "
    "higher, nothing is decided. Without a second seed the same question, or the same author, must add as much to what "
    "rollouts share that have neither in common.",
    paper="about equal, both near 60 % (Fig. 6)",
    thresholds={"margin": Threshold(0.05, "five points of overlap, which a reader of the figure would call equal")},
    variants=TOKENS,
)
def test_overlap_not_higher(
    rollouts: SequenceTrace, variant: Variant, sampling: Sampling, thresholds: Mapping[str, float]
) -> Finding:
    """Test non-superiority of the same question over the same author."""
    tables = overlap_tables(rollouts, variant["tokens"], sampling)
    require_settled(tables)
    different = same_question(tables.different)
    require_questions(~np.isnan(different).any(axis=0), "have rollouts by two authors")
    _require_two_questions(tables)
    gap = _gap(different, tables.same, sampling)
    return Finding(
        criteria=(
            Measured("Jaccard, same question minus same author", gap, "<", "margin"),
            *_other_kinds(tables, sampling),
        ),
        null=_other_seed(tables, sampling),
        positive_control=True,
        layers=(_gap_curve("same question minus same author", tables, different, "margin", sampling),),
        figure=overlap_figure(tables, variant["tokens"], sampling),
        notes=(*tables.notes, *_far_below(gap, thresholds["margin"])),
    )


@claim(
    id="overlap-below-self",
    group="D",
    number=3,
    title="Another seed shares more experts than another author or question",
    source="GEO (arXiv 2604.09780v1), Eqs 18-19",
    figures=("GEO Fig. 6",),
    statement="Rollouts of the same question by different authors, and of different questions by the same author, "
    "share well fewer of their most-used experts than another seed of the same question and author.",
    equation="mean J(same question, same author, other seed) - mean J(other pairs) >= 0.05, for both kinds of pairs",
    definition=DEFINITION,
    null_says="The exact chance of sets of the same sizes, for the same pairs: whether set sizes alone make another "
    "seed share more.",
    paper="both well below same question, same author, other seed (Fig. 6)",
    thresholds={
        "author": Threshold(0.05, "five points of overlap: more than a reader would call equal"),
        "question": Threshold(0.05, "the same, against different questions of the same author"),
    },
    variants=TOKENS,
)
def test_overlap_below_self(rollouts: SequenceTrace, variant: Variant, sampling: Sampling) -> Finding:
    """Compare another seed of the same rollout with another author, and with another question."""
    tables = overlap_tables(rollouts, variant["tokens"], sampling)
    require_settled(tables)
    again, different = same_question(tables.same), same_question(tables.different)
    require_questions(~np.isnan(again).any(axis=0), "have two rollouts by one author")
    require_questions(~np.isnan(again - different).any(axis=0), "have two rollouts by one author and one by another")
    _require_two_questions(tables)
    author, question = "other seed minus other author", "other seed minus other question"
    chance = same_question(tables.same_chance)
    by_author = (again - different).mean(axis=0)
    chance_by_author = (chance - same_question(tables.different_chance)).mean(axis=0)
    return Finding(
        criteria=(
            Measured(f"Jaccard, {author}", mean_over_questions(by_author, sampling), ">=", "author"),
            Measured(f"Jaccard, {question}", _gap(again, tables.same, sampling), ">=", "question"),
        ),
        null=(
            Measured(f"set sizes alone, {author}", mean_over_questions(chance_by_author, sampling), ">=", "author"),
            Measured(f"set sizes alone, {question}", _gap(chance, tables.same_chance, sampling), ">=", "question"),
        ),
        layers=(
            Curve(
                author, tables.layers, tuple(mean_over_questions(row, sampling) for row in again - different), "author"
            ),
            _gap_curve(question, tables, again, "question", sampling),
        ),
        figure=overlap_figure(tables, variant["tokens"], sampling),
        notes=tables.notes,
    )


def _far_below(gap: Estimate, margin: float) -> tuple[str, ...]:
    """That the two are not about equal, as the paper shows them, where the gap is a margin below 0."""
    if not gap.high < -margin:
        return ()
    return (
        f"The same question shares {-100 * gap.value:.1f} points less than the same author does: no more, as claimed, "
        "but not about equally, as the paper shows it.",
    )


def _gap(own: Float64Array, apart: Float64Array, sampling: Sampling) -> Estimate:
    """Mean over questions of ``own`` (L, Q) minus mean over pairs of questions of ``apart`` (L, Q, Q)."""
    values, pairs = own.mean(axis=0), apart.mean(axis=0)
    return over_questions(len(values), lambda drawn: own_mean(drawn, values) - pair_mean(drawn, pairs), sampling)


def _gap_curve(name: str, tables: OverlapTables, own: Float64Array, threshold: str, sampling: Sampling) -> Curve:
    """The same at each layer, against pairs of different questions by the same author."""
    gaps = tuple(_gap(own[i : i + 1], tables.same[i : i + 1], sampling) for i in range(len(own)))
    return Curve(name, tables.layers, gaps, threshold)


def _other_seed(tables: OverlapTables, sampling: Sampling) -> tuple[Measured, ...]:
    """The same gap with another seed in place of another author, where there are seeds: a gap that must be seen."""
    again = same_question(tables.same)
    if np.isnan(again).all():
        return _nothing_in_common(tables, sampling)
    gap = _gap(again, tables.same, sampling)
    return (Measured("Jaccard, same question and author minus same author", gap, "<", "margin"),)


def _nothing_in_common(tables: OverlapTables, sampling: Sampling) -> tuple[Measured, ...]:
    """Whether the same question, or the same author, is seen to add to what unrelated rollouts share."""
    unrelated = tables.different.mean(axis=0)
    if np.isnan(unrelated[~np.eye(len(unrelated), dtype=np.bool_)]).all():
        return ()
    question = _gap(same_question(tables.different), tables.different, sampling)
    table = tables.same.mean(axis=0)
    author = over_questions(len(table), lambda drawn: pair_mean(drawn, table) - pair_mean(drawn, unrelated), sampling)
    return (
        Measured("Jaccard, same question minus nothing in common", question, "<", "margin"),
        Measured("Jaccard, same author minus nothing in common", author, "<", "margin"),
    )


def _other_kinds(tables: OverlapTables, sampling: Sampling) -> tuple[Measured, ...]:
    """The same gap against questions of other kinds alone: those of one kind may share more than their author."""
    kinds, called = unrelated_questions(tables.answers)
    apart = np.where(kinds, tables.same, np.nan)
    if called == DIFFERENT or np.isnan(apart).all():
        return ()
    gap = _gap(same_question(tables.different), apart, sampling)
    return (Measured("the same, against questions of other kinds", gap, "<", "margin", decides=False),)


def _require_two_questions(tables: OverlapTables) -> None:
    """Raise NotApplicable where no author answered two questions."""
    apart = ~np.eye(len(tables.answers.questions), dtype=np.bool_)
    if np.isnan(tables.same[:, apart]).all():
        raise NotApplicable("no author answered two questions")
