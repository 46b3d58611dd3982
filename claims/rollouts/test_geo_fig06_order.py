"""Does the question, the author or the seed decide which experts are shared?  GEO Fig. 6."""

from functools import partial

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.rollouts.expert_overlap import TOKENS, Overlaps, OverlapTables, overlap_tables
from claims.rollouts.overlap_contrasts import (
    IDENTITY,
    Contrast,
    by_identity,
    by_layer,
    ceiling,
    question_gain,
    self_gain,
    self_over_author,
    self_over_question,
)
from claims.shared.answers import DIFFERENT, models_rollouts, require_questions, unrelated_questions
from claims.shared.position_alone import CONTROL, EQUAL_LENGTH, POSITION
from claims.shared.question_bootstrap import same_question
from fixtures.evidence.sequences import SequenceTrace
from metrics.stats.sampling import Sampling

DEFINITION = (
    "read (Fig. 6's caption; top-p sets and Jaccard, Eqs 18-19): means over all pairs of rollouts of first wordings, "
    "then over layers; variant: without the prompt, a percent of the paper's rollouts, or the whole rollout, or "
    f"{EQUAL_LENGTH}"
)
#: What the overlap of different authors of one question is held against: as the abstract says it, and as Fig. 6 shows.
BY_TWO, BY_ONE = "different questions, different authors", "different questions, same author"


@claim(
    id="overlap-not-higher",
    version=3,
    group="D",
    number=2,
    title="Authors of one question share no more than entirely different questions do",
    source="GEO (arXiv 2604.09780v1), abstract and Eqs 18-19",
    figures=("GEO Fig. 6",),
    statement="Rollouts of the same question by different authors share no more of their most-used experts than "
    "rollouts of entirely different questions.",
    equation="mean J(same question, different authors) - mean J(different questions, different authors) <= 0.05;  "
    "against different questions by the same author: within 0.05 both ways",
    definition=f"{DEFINITION}; and different questions by different authors, as the abstract says, or by the same "
    f"author, with which Fig. 6 shows it on par. {IDENTITY} {CONTROL}",
    means="That the question is the same raises the overlap by more than five points: experts do follow the "
    "question here, so that grouping requests by topic may let them share experts.",
    check="The experts that a batch needs when your requests are grouped by topic, against batches drawn at random.",
    null_says="A claim of absence has a positive control instead: the same question and author, another seed, must be "
    "seen to share more than different questions, and more than position and length alone make it share; where it does "
    "not, the overlap cannot tell rollouts apart.",
    paper="about equal, both near 60 % (Fig. 6)",
    thresholds={
        "margin": Threshold(0.05, "five points of overlap, which a reader of the figure would call equal"),
        "below": Threshold(-0.05, "on par: no more than the same below either"),
        "seen": Threshold(0.05, "the margin itself: what the claim calls equal must be less than what can be seen"),
        "beyond": Threshold(0.05, "the margin again: so much less than in the untrained twin"),
    },
    variants=tuple(tokens | {"against": against} for against in (BY_TWO, BY_ONE) for tokens in TOKENS),
)
def test_overlap_not_higher(rollouts: SequenceTrace, variant: Variant, sampling: Sampling) -> Finding:
    """Test non-superiority of the same question over entirely different ones."""
    tables = overlap_tables(rollouts, variant["tokens"], sampling)
    _require_pairs(tables)
    one_author = variant["against"] == BY_ONE
    gain: Contrast = partial(question_gain, same_author=one_author)
    name = f"Jaccard, same question and different authors minus {variant['against']}"
    measured = gain(tables.measured, sampling)
    again: Contrast = partial(self_gain, same_author=one_author)
    name_seen = f"Jaccard, another seed minus {variant['against']}"
    seen, beyond = again(tables.measured, sampling), again(tables.measured - tables.by_position, sampling)
    low = Measured(name, measured, ">=", "below", within=(-1.0, 1.0))
    return Finding(
        headline=(Measured(name, measured, "<=", "margin", within=(-1.0, 1.0)), *((low,) if one_author else ())),
        premises=(
            Measured(name_seen, seen, ">=", "seen", within=(-1.0, 1.0)),
            Measured(f"{name_seen}, beyond {POSITION}", beyond, ">=", "seen", within=(-1.0, 1.0)),
            *models_rollouts(rollouts, tables.answers, sampling),
        ),
        controls=(
            *by_identity(name, gain, tables, "<=", "margin", sampling),
            Measured(f"{name}, {POSITION} alone", gain(tables.by_position, sampling), "<=", "margin"),
        ),
        reported=(*_other_kinds(tables, gain, sampling), ceiling(tables)),
        layers=(
            by_layer(f"same question minus {variant['against']}", gain, tables, tables.measured, "margin", sampling),
        ),
        notes=tables.notes,
    )


@claim(
    id="overlap-below-self",
    version=2,
    group="D",
    number=3,
    title="Another seed shares more experts than another author or question",
    source="GEO (arXiv 2604.09780v1), Eqs 18-19",
    figures=("GEO Fig. 6",),
    statement="Rollouts of the same question by different authors, and of different questions by the same author, "
    "share well fewer of their most-used experts than another seed of the same question and author.",
    equation="mean J(same question, same author, other seed) - mean J(other pairs) >= 0.05, for both kinds of pairs;  "
    "excess: minus the same difference as set sizes give it, as token identity does, and as position and length do",
    definition=f"{DEFINITION}. {IDENTITY} {CONTROL}",
    means="Another seed of the same rollout shares hardly more experts than another author or question does: on "
    "these rollouts the experts tell little of who writes about what.",
    check="The overlap of repeated, related and unrelated requests of your own, at the lengths that you serve.",
    null_says="The exact chance of sets of the same sizes, for the same pairs; the same rollouts with each token "
    "routed as another occurrence of its id is; and with each token routed as one at the same place of any rollout: "
    "what set sizes alone, the words alone, and how long rollouts are, make another seed share.",
    paper="both well below same question, same author, other seed (Fig. 6)",
    thresholds={
        "author": Threshold(0.05, "five points of overlap: more than a reader would call equal"),
        "question": Threshold(0.05, "the same, against different questions of the same author"),
        "excess": Threshold(0.05, "as many points beyond what set sizes, the words, or lengths give by themselves"),
    },
    variants=TOKENS,
)
def test_overlap_below_self(rollouts: SequenceTrace, variant: Variant, sampling: Sampling) -> Finding:
    """Compare another seed of the same rollout with another author, and with another question."""
    tables = overlap_tables(rollouts, variant["tokens"], sampling)
    again, different = same_question(tables.measured.same), same_question(tables.measured.different)
    _require_pairs(tables)
    require_questions(~np.isnan(again - different).any(axis=0), "have two rollouts by one author and one by another")
    if tables.identity is None:
        raise NotApplicable("the evidence does not say how tokens of the same id are routed elsewhere")
    author, question = "another seed minus another author", "another seed minus another question"
    contrasts: tuple[tuple[str, Contrast, str], ...] = (
        (author, self_over_author, "author"),
        (question, self_over_question, "question"),
    )
    nulls = {"set sizes": tables.chance, "token identity": tables.identity, POSITION: tables.by_position}

    def measure(name: str, contrast: Contrast, overlaps: Overlaps, threshold: str) -> Measured:
        return Measured(name, contrast(overlaps, sampling), ">=", threshold, within=(-1.0, 1.0))

    return Finding(
        headline=tuple(measure(f"Jaccard, {n}", contrast, tables.measured, at) for n, contrast, at in contrasts),
        excess=tuple(
            measure(f"Jaccard, {n}, beyond {null}", contrast, tables.measured - overlaps, "excess")
            for n, contrast, _ in contrasts
            for null, overlaps in nulls.items()
        ),
        premises=models_rollouts(rollouts, tables.answers, sampling),
        controls=tuple(
            measure(f"{null} alone, {n}", contrast, overlaps, at)
            for n, contrast, at in contrasts
            for null, overlaps in nulls.items()
        ),
        reported=(ceiling(tables),),
        layers=tuple(by_layer(n, contrast, tables, tables.measured, at, sampling) for n, contrast, at in contrasts),
        notes=tables.notes,
    )


def _other_kinds(tables: OverlapTables, gain: Contrast, sampling: Sampling) -> tuple[Measured, ...]:
    """The same gap against questions of other kinds alone: those of one kind may share more."""
    kinds, called = unrelated_questions(tables.answers)
    if called == DIFFERENT:
        return ()
    apart = kinds | np.eye(len(kinds), dtype=np.bool_)
    both = Overlaps(*(np.where(apart, table, np.nan) for table in (tables.measured.same, tables.measured.different)))
    return (Measured("the same, against questions of other kinds", gain(both, sampling), "<=", "margin"),)


def _require_pairs(tables: OverlapTables) -> None:
    """Raise NotApplicable where there are too few of the pairs that are compared."""
    again, different = same_question(tables.measured.same), same_question(tables.measured.different)
    require_questions(~np.isnan(different).any(axis=0), "have rollouts by two authors")
    require_questions(~np.isnan(again).any(axis=0), "have two rollouts by one author")
    apart = ~np.eye(len(tables.answers.questions), dtype=np.bool_)
    for table, what in ((tables.measured.same, "no author"), (tables.measured.different, "no two authors")):
        if np.isnan(table[:, apart]).all():
            raise NotApplicable(f"{what} answered two questions")
