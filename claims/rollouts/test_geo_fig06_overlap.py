"""How many of their most-used experts different authors of one question share, and what chance gives.  GEO Fig. 6."""

from collections.abc import Mapping, Sequence

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Curve, Finding, Measured
from claims.rollouts.answers import require_questions
from claims.rollouts.expert_overlap import (
    TOKENS,
    OverlapTables,
    overlap_figure,
    overlap_tables,
    require_settled,
    same_question,
)
from claims.rollouts.question_bootstrap import mean_over_pairs, mean_over_questions, over_questions, own_mean, pair_mean
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Overlaps that differ by less are equal to rounding.
DIGITS = 9


@claim(
    id="cross-model-overlap",
    group="D",
    number=1,
    title="Different authors of one question share about 60 % of the experts",
    source="GEO (arXiv 2604.09780v1), Eqs 18-19",
    figures=("GEO Fig. 6",),
    statement="Rollouts by different authors that answer the same question share only about 60 % of their most-used "
    "experts, when one checkpoint reads them all.",
    equation="mean |A n B| / |A u B| in [0.5, 0.7];  A, B: smallest sets of most-used experts with > 80 % of visits",
    definition="read (top-p sets and Jaccard, Eqs 18-19): per question the mean over all pairs of rollouts of its "
    "first wording by different authors, all seeds, then over layers, authors taken as given; of equally used experts "
    "the last ones of a set drawn by lot; variant: the whole rollout as in the paper, or without the prompt, which the "
    "authors of one question share",
    null_says="Sets of the same sizes, the experts of one of each pair renamed at random: the exact mean over all "
    "renamings, for every pair. Vacuous where the measured overlap is not shown to lie above it.",
    paper="about 60 % in each of three MoEs (30 questions, 60 authors, 4 seeds); no null",
    thresholds={
        "low": Threshold(0.5, "about 60 %, ten points either way"),
        "high": Threshold(0.7, "about 60 %, ten points either way"),
        "chance": Threshold(0.0, "more than sets of the same sizes share by chance"),
    },
    variants=TOKENS,
)
def test_cross_model_overlap(
    rollouts: SequenceTrace, variant: Variant, sampling: Sampling, thresholds: Mapping[str, float]
) -> Finding:
    """Compare the top-p sets of different authors of one question with size-matched random sets."""
    tables = overlap_tables(rollouts, variant["tokens"], sampling)
    require_settled(tables)
    measured, chance = same_question(tables.different), same_question(tables.different_chance)
    require_questions(~np.isnan(measured).any(axis=0), "have rollouts by two authors")
    overlap = mean_over_questions(measured.mean(axis=0), sampling)
    null = mean_over_questions(chance.mean(axis=0), sampling)
    above_chance = (measured - chance).round(DIGITS)
    excess = mean_over_questions(above_chance.mean(axis=0), sampling)
    curves = (
        _curve("different authors of one question", tables, measured, sampling, None),
        _curve("size-matched null", tables, chance, sampling, None),
        _curve("above the size-matched null", tables, above_chance, sampling, "chance"),
    )
    in_band = [e.low >= thresholds["low"] and e.high <= thresholds["high"] for e in _estimates(curves[0])]
    above = [e.low > thresholds["chance"] for e in _estimates(curves[2])]
    return Finding(
        criteria=(
            Measured("Jaccard, different authors, lower end", overlap, ">=", "low"),
            Measured("Jaccard, different authors, upper end", overlap, "<=", "high"),
            Measured("Jaccard above the size-matched null", excess, ">", "chance", decides=False),
            Measured("share of layers inside the band", _share(in_band), ">=", 1.0, decides=False),
            Measured("share of layers above the null", _share(above), ">=", 1.0, decides=False),
            _set_size(tables, thresholds["low"], sampling),
        ),
        null=(
            Measured(
                "lower end of Jaccard above the size-matched null",
                exact(excess.low, excess.n, "question"),
                "<=",
                "chance",
            ),
            Measured("Jaccard of the size-matched null, lower end", null, ">=", "low", decides=False),
            Measured("Jaccard of the size-matched null, upper end", null, "<=", "high", decides=False),
        ),
        layers=curves,
        figure=overlap_figure(tables, variant["tokens"], sampling),
        notes=(*tables.notes, *_reading(tables, overlap, null, excess, sampling)),
    )


def _curve(
    name: str, tables: OverlapTables, values: Float64Array, sampling: Sampling, threshold: str | float | None
) -> Curve:
    """The mean over questions at each layer, from values (L, Q)."""
    return Curve(name, tables.layers, tuple(mean_over_questions(row, sampling) for row in values), threshold)


def _estimates(curve: Curve) -> list[Estimate]:
    return [value for value in curve.values if isinstance(value, Estimate)]


def _share(answers: Sequence[bool]) -> Estimate:
    """Share of layers for which the answer is yes, counted."""
    return exact(sum(answers) / len(answers), len(answers), "layer")


def _set_size(tables: OverlapTables, low: float, sampling: Sampling) -> Measured:
    """Mean set size against the one from which chance alone reaches the band.

    Random sets of a share s of many experts have the Jaccard s / (2 - s), which is ``low`` at 2 low / (1 + low).
    """
    size = mean_over_questions(tables.size.mean(axis=0), sampling)
    name = "set size, share of the experts, below where chance alone reaches the band"
    return Measured(name, size, "<", 2 * low / (1 + low), decides=False)


def _reading(
    tables: OverlapTables, overlap: Estimate, null: Estimate, excess: Estimate, sampling: Sampling
) -> tuple[str, ...]:
    """What the figure says, in the measured numbers: against chance, another seed, and unrelated rollouts."""
    size = float(np.nanmean(tables.size))
    shared = (
        f"Different authors of one question share {overlap.value:.0%} of their most-used experts (Jaccard); sets of "
        f"the same sizes, {size:.0%} of the experts on average, share {null.value:.0%} when the experts of one are "
        "renamed at random."
    )
    return (shared, _against_chance(tables, null, excess), *_against_unrelated(tables, sampling), *_lots(tables))


def _against_chance(tables: OverlapTables, null: Estimate, excess: Estimate) -> str:
    """How much of the figure is left when chance is taken off."""
    if not excess.low > 0:
        return "That is not shown to be more than chance gives, so it says nothing of what authors have in common."
    again = same_question(tables.same)
    seeds = not np.isnan(again).all()
    ceiling = float(np.nanmean(again)) if seeds else 1.0
    named = f"another seed of the same author ({ceiling:.0%})" if seeds else "identical sets"
    points = f"{100 * excess.value:.1f} points [{100 * excess.low:.1f}, {100 * excess.high:.1f}] of it are above chance"
    if ceiling <= null.value:
        return f"{points}; {named} is no farther above chance."
    return f"{points}, {excess.value / (ceiling - null.value):.0%} of the way from chance to {named}."


def _lots(tables: OverlapTables) -> tuple[str, ...]:
    """How far equally used experts, drawn by lot, lower every overlap; silent where they do not."""
    if tables.itself > 0.995:
        return ()
    return (
        "Where experts are used equally often, the last ones of a set are drawn by lot: a rollout drawn twice shares "
        f"{tables.itself:.0%} with itself.",
    )


def _against_unrelated(tables: OverlapTables, sampling: Sampling) -> tuple[str, ...]:
    """Whether answering the same question adds anything to what unrelated rollouts share."""
    own, apart = same_question(tables.different).mean(axis=0), tables.different.mean(axis=0)
    if np.isnan(apart[~np.eye(len(apart), dtype=np.bool_)]).all():
        return ()
    unrelated = mean_over_pairs(apart, sampling)
    gain = over_questions(len(own), lambda drawn: own_mean(drawn, own) - pair_mean(drawn, apart), sampling)
    adds = (
        f"adds {100 * gain.value:.1f} points [{100 * gain.low:.1f}, {100 * gain.high:.1f}]"
        if gain.low > 0
        else "is not shown to add anything"
    )
    return (
        f"Rollouts of different questions by different authors share {unrelated.value:.0%}; that the question is the "
        f"same {adds}.",
    )
