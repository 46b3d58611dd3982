"""What the claims of GEO Fig. 6 compare: means of overlaps and their differences, resampling questions."""

from collections.abc import Callable
from functools import partial

import numpy as np

from claims.core.claim import Threshold
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Measured
from claims.core.record import Figure, Series
from claims.rollouts.expert_overlap import Overlaps, OverlapTables
from claims.shared.question_bootstrap import (
    mean_over_pairs,
    mean_over_questions,
    over_questions,
    own_mean,
    pair_mean,
    same_question,
)
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import student_mean
from metrics.stats.sampling import Sampling

#: A quantity of overlaps: a mean, or a difference of means.
Contrast = Callable[[Overlaps, Sampling], Estimate]
#: The token-identity control, as the claims' definitions put it.
IDENTITY = (
    "Token identity, beside every overlap: what it would be were each token routed as another occurrence of its id is, "
    "drawn from another rollout (leave-one-out)."
)
REACH = Threshold(0.72, "two points above the band around 60 %, in which counting noise alone puts shorter rollouts")
#: What the paper reports for different authors of one question.
PAPER = 0.6


def shared(overlaps: Overlaps, sampling: Sampling) -> Estimate:
    """Overlap of different authors of one question."""
    return mean_over_questions(same_question(overlaps.different).mean(axis=0), sampling)


def question_gain(overlaps: Overlaps, sampling: Sampling, *, same_author: bool) -> Estimate:
    """Overlap of different authors of one question, minus that of different questions, by one author or by two."""
    return _gap(same_question(overlaps.different), overlaps.same if same_author else overlaps.different, sampling)


def self_gain(overlaps: Overlaps, sampling: Sampling, *, same_author: bool) -> Estimate:
    """Overlap with another seed of the same question and author, minus that of different questions."""
    return _gap(same_question(overlaps.same), overlaps.same if same_author else overlaps.different, sampling)


def self_over_author(overlaps: Overlaps, sampling: Sampling) -> Estimate:
    """Overlap with another seed of the same question and author, minus that with another author of the question."""
    gain = same_question(overlaps.same) - same_question(overlaps.different)
    return mean_over_questions(gain.mean(axis=0), sampling)


self_over_question: Contrast = partial(self_gain, same_author=True)


def by_identity(
    name: str, contrast: Contrast, tables: OverlapTables, direction: str, threshold: str, sampling: Sampling
) -> tuple[Measured, ...]:
    """Return the token-identity control of a quantity, where the evidence has it."""
    if tables.identity is None:
        return ()
    found = contrast(tables.identity, sampling)
    return (Measured(f"{name}, each token routed as its id is elsewhere", found, direction, threshold),)


def ceiling(tables: OverlapTables, threshold: str | float = REACH.value) -> Measured:
    """Return what counting noise leaves of the overlap of rollouts of equal usage.

    It is a property of the rollouts that were read, whatever others there are: its interval is over the draws.
    """
    reached = student_mean(np.nanmean(tables.ceiling.mean(axis=1), axis=1), unit="draw")
    return Measured("Jaccard that rollouts of equal usage would reach", reached, ">=", threshold, within=(0.0, 1.0))


def by_layer(
    name: str, contrast: Contrast, tables: OverlapTables, overlaps: Overlaps, threshold: str | None, sampling: Sampling
) -> Curve:
    """Return a quantity of some overlaps of the tables at each layer."""
    layers = zip(overlaps.same, overlaps.different, strict=True)
    found = tuple(contrast(Overlaps(same[None], different[None]), sampling) for same, different in layers)
    return Curve(name, tables.layers, found, threshold)


def overlap_figures(tables: OverlapTables, tokens: str, sampling: Sampling) -> tuple[Figure, Figure]:
    """Draw Fig. 6: the kinds of pairs that there are, what set sizes and token identity give; and the same by layer."""
    measured = tables.measured
    kinds = [
        ("same question, same author, other seed", measured.same, True),
        ("same question, different authors", measured.different, True),
        ("different questions, same author", measured.same, False),
        ("different questions, different authors", measured.different, False),
        ("sets of the same sizes, experts renamed", tables.chance.different, True),
    ]
    if tables.identity is not None:
        kinds.append(("each token routed as its id is elsewhere", tables.identity.different, True))
    whole = [(name, _by_layer(table.mean(axis=0)[None], own, sampling)) for name, table, own in kinds]
    lines = [(name, _by_layer(table, own, sampling)) for name, table, own in kinds]
    title = f"experts that two rollouts share, {'all tokens' if tokens == 'whole rollout' else 'generated tokens'}"
    label, level = "Jaccard of top-p sets, p = 0.8", ("the paper's 60 %", PAPER)
    bars = Figure(
        kind="bars",
        title=f"{title}, mean over layers",
        redraws="GEO Fig. 6",
        x_label="checkpoint",
        y_label=label,
        series=[along(name, [0.0], estimates) for name, estimates in whole if estimates],
        reference=[Series(level[0], [-0.5, 0.5], [level[1]] * 2)],
    )
    series = [along(name, tables.layers, estimates) for name, estimates in lines if estimates]
    return bars, layer_figure(title, "GEO Fig. 6, by layer", label, series, level)


def _gap(own: Float64Array, apart: Float64Array, sampling: Sampling) -> Estimate:
    """Mean over questions of ``own`` (L, Q) minus mean over pairs of questions of ``apart`` (L, Q, Q)."""
    values, pairs = own.mean(axis=0), apart.mean(axis=0)
    return over_questions(len(values), lambda drawn: own_mean(drawn, values) - pair_mean(drawn, pairs), sampling)


def _by_layer(table: Float64Array, own: bool, sampling: Sampling) -> list[Estimate]:
    """One estimate a layer, from (L, Q, Q), of pairs of one question or of different ones; none without pairs."""
    values = same_question(table) if own else table[:, ~np.eye(table.shape[1], dtype=np.bool_)]
    if np.isnan(values).all():
        return []
    return [
        mean_over_questions(row, sampling) if own else mean_over_pairs(row, sampling)
        for row in (values if own else table)
    ]
