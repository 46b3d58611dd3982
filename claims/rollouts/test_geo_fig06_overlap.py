"""How many of their most-used experts different authors of one question share, and what chance gives.  GEO Fig. 6."""

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Curve, Finding, Measured
from claims.rollouts.expert_overlap import TOKENS, OverlapTables, overlap_tables
from claims.rollouts.overlap_contrasts import (
    IDENTITY,
    REACH,
    by_identity,
    by_layer,
    ceiling,
    overlap_figures,
    question_gain,
    shared,
)
from claims.shared.answers import models_rollouts, require_questions
from claims.shared.position_alone import CONTROL, EQUAL_LENGTH
from claims.shared.question_bootstrap import mean_over_pairs, mean_over_questions, same_question
from fixtures.evidence.sequences import SequenceTrace
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


@claim(
    id="cross-model-overlap",
    version=2,
    group="D",
    number=1,
    title="Different authors of one question share about 60 % of the experts",
    source="GEO (arXiv 2604.09780v1), Eqs 18-19",
    figures=("GEO Fig. 6",),
    statement="Rollouts by different authors that answer the same question share only about 60 % of their most-used "
    "experts, when one checkpoint reads them all.",
    equation="mean |A n B| / |A u B| in [0.5, 0.7];  A, B: smallest sets of most-used experts with > 80 % of visits;  "
    "excess = mean (|A n B| / |A u B| - its mean over renamings of the experts) >= 0.05",
    definition="read (top-p sets and Jaccard, Eqs 18-19): per question the mean over all pairs of rollouts of its "
    "first wording by different authors, all seeds, then over layers, authors taken as given; of equally used experts "
    "the last ones of a set drawn by lot; variant: without the prompt, which the authors of one question share and "
    f"which is a percent of the paper's rollouts, or the whole rollout, or {EQUAL_LENGTH}. {IDENTITY} {CONTROL}",
    means="Rollouts of one question by different authors do not share about 60 % of their experts beyond what "
    "sets of their sizes share by chance: do not size an expert cache by that figure.",
    check="The overlap on your own requests, always beside the overlap that sets of the same sizes have by chance.",
    null_says="Sets of the same sizes, the experts of one of each pair renamed at random: the exact mean over all "
    "renamings, taken off every pair.",
    paper="about 60 % in each of three MoEs (30 questions, 60 authors, 4 seeds); no null",
    thresholds={
        "low": Threshold(0.5, "about 60 %, ten points either way"),
        "high": Threshold(0.7, "about 60 %, ten points either way"),
        "excess": Threshold(
            0.05, "five points above what sets of the same sizes share: a reader would call less equal"
        ),
        "reach": REACH,
        "places": Threshold(
            0.05, "a quarter of the band: were more of it gone by position alone, the band would tell of lengths"
        ),
    },
    variants=TOKENS,
)
def test_cross_model_overlap(
    rollouts: SequenceTrace, variant: Variant, sampling: Sampling, thresholds: Mapping[str, float]
) -> Finding:
    """Compare the top-p sets of different authors of one question with size-matched random sets."""
    tables = overlap_tables(rollouts, variant["tokens"], sampling)
    require_questions(~np.isnan(same_question(tables.measured.different)).any(axis=0), "have rollouts by two authors")
    overlap, null = shared(tables.measured, sampling), shared(tables.chance, sampling)
    beyond = tables.measured - tables.chance
    excess = shared(beyond, sampling)
    curve = by_layer("different authors of one question", shared, tables, tables.measured, None, sampling)
    in_band = [e.low >= thresholds["low"] and e.high <= thresholds["high"] for e in _estimates(curve)]
    bars, lines = overlap_figures(tables, variant["tokens"], sampling)
    return Finding(
        headline=(
            Measured("mean Jaccard of different authors", overlap, ">=", "low", within=(0.0, 1.0)),
            Measured("mean Jaccard of different authors", overlap, "<=", "high", within=(0.0, 1.0)),
        ),
        excess=(
            Measured(
                "mean Jaccard beyond what sets of these sizes share by chance",
                excess,
                ">=",
                "excess",
                within=(-1.0, 1.0),
            ),
        ),
        premises=(
            ceiling(tables, "reach"),
            _lost(tables, sampling),
            *models_rollouts(rollouts, tables.answers, sampling),
        ),
        controls=(
            Measured("overlap that sets of these sizes have by chance", null, ">=", "low"),
            *by_identity("mean Jaccard of different authors", shared, tables, ">=", "low", sampling),
        ),
        reported=(
            Measured(
                "share of layers inside the band", exact(float(np.mean(in_band)), len(in_band), "layer"), ">=", 1.0
            ),
            _set_size(tables, thresholds["low"], sampling),
        ),
        layers=(
            curve,
            by_layer("above sets of the same sizes", shared, tables, beyond, "excess", sampling),
        ),
        figure=bars,
        more_figures=(lines,),
        notes=(*tables.notes, *_reading(tables, overlap, null, excess, sampling)),
    )


def _lost(tables: OverlapTables, sampling: Sampling) -> Measured:
    """What rollouts share less because authors reach other places, were nothing but place to decide their routing."""
    less = shared(tables.by_length - tables.by_position, sampling)
    name = "Jaccard that position alone takes off, different authors being of different length"
    return Measured(name, less, "<=", "places", within=(-1.0, 1.0))


def _estimates(curve: Curve) -> list[Estimate]:
    return [value for value in curve.values if isinstance(value, Estimate)]


def _set_size(tables: OverlapTables, low: float, sampling: Sampling) -> Measured:
    """Mean set size against the one from which chance alone reaches the band.

    Random sets of a share s of many experts have the Jaccard s / (2 - s), which is ``low`` at 2 low / (1 + low).
    """
    size = mean_over_questions(tables.size.mean(axis=0), sampling)
    return Measured(
        "set size, share of the experts, below where chance alone reaches the band", size, "<", 2 * low / (1 + low)
    )


def _reading(
    tables: OverlapTables, overlap: Estimate, null: Estimate, excess: Estimate, sampling: Sampling
) -> tuple[str, ...]:
    """What the figure says, in the measured numbers: against chance, another seed, and unrelated rollouts."""
    size = float(np.nanmean(tables.size))
    return (
        f"Different authors of one question share {overlap.value:.0%} of their most-used experts (Jaccard); sets of "
        f"the same sizes, {size:.0%} of the experts on average, share {null.value:.0%} when the experts of one are "
        "renamed at random.",
        _against_chance(tables, null, excess),
        *_against_unrelated(tables, sampling),
    )


def _against_chance(tables: OverlapTables, null: Estimate, excess: Estimate) -> str:
    """How far the figure lies from chance, on the way to what another seed of the same author shares."""
    again = same_question(tables.measured.same)
    seeds = not np.isnan(again).all()
    most = float(np.nanmean(again)) if seeds else 1.0
    named = f"another seed of the same author ({most:.0%})" if seeds else "identical sets"
    points = f"It lies {100 * excess.value:.1f} points [{100 * excess.low:.1f}, {100 * excess.high:.1f}] above chance"
    if most <= null.value:
        return f"{points}; {named} is no farther above it."
    return f"{points}, {excess.value / (most - null.value):.0%} of the way from chance to {named}."


def _against_unrelated(tables: OverlapTables, sampling: Sampling) -> tuple[str, ...]:
    """What answering the same question adds to what unrelated rollouts share."""
    apart = tables.measured.different.mean(axis=0)
    if np.isnan(apart[~np.eye(len(apart), dtype=np.bool_)]).all():
        return ()
    unrelated = mean_over_pairs(apart, sampling)
    gain = question_gain(tables.measured, sampling, same_author=False)
    return (
        f"Rollouts of different questions by different authors share {unrelated.value:.0%}; that the question is the "
        f"same adds {100 * gain.value:.1f} points [{100 * gain.low:.1f}, {100 * gain.high:.1f}].",
    )
