"""Do two wordings of one question use the same experts?  GEO Fig. 7, at the prompt's end."""

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along
from claims.core.finding import Curve, Finding, Measured
from claims.core.record import Figure
from claims.rollouts.answers import (
    Answers,
    answers_of,
    moe_layers,
    require_questions,
    require_unrelated,
    unrelated_questions,
)
from claims.rollouts.noise_corrected import pair_errors, say_ceiling, share_that_reach, with_and_without
from claims.rollouts.question_bootstrap import mean_over_pairs, mean_over_questions, over_questions, own_mean, pair_mean
from claims.rollouts.rollout_parts import generated_parts, prompt_part, reached_lengths
from claims.rollouts.usage_similarity import over_authors, similarity_tables
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


@claim(
    id="prompt-similarity",
    group="D",
    number=4,
    title="Paired prompts route near-identically",
    source="GEO (arXiv 2604.09780v1), Eqs 13-14",
    figures=("GEO Fig. 7",),
    statement="Two wordings of one question use nearly the same experts while the prompt is read, every pair of them.",
    equation="cos(f, f') >= 0.9 over the tokens of the prompts, for the mean over pairs and for every pair",
    definition="read (usage and its cosine, Eqs 13-14; cumulative, so that its value at the prompt's end is that of "
    "all prompt tokens); reconstructed: the mean over layers, and over authors where their prompts differ. Supported "
    "by the cosine as counted; refuted only where it lies below without counting noise too, which alone keeps short "
    "prompts of equal usage below: a pair by so many of its standard errors that chance seldom puts any there",
    null_says="The first wording of one question beside the second of an unrelated one, of another kind where there "
    "are kinds. They share whatever a chat template adds; where their mean, as counted, reaches the threshold too, it "
    "says nothing of the pairs.",
    paper="three hand-picked pairs of prompts, nearly identical over the prompt (Fig. 7); no number printed",
    thresholds={
        "near": Threshold(0.9, "cosines of independent profiles reach 0.8 where usage is nearly balanced"),
        "every": Threshold(1.0, "the claim is about every pair, so one pair below is a counterexample"),
    },
)
def test_prompt_similarity(rollouts: SequenceTrace, sampling: Sampling, thresholds: Mapping[str, float]) -> Finding:
    """Compare the prompts of two wordings of each question, and those of unrelated questions."""
    answers, near = answers_of(rollouts), thresholds["near"]
    prompt = prompt_part(rollouts)
    counted, noiseless = (_tables(rollouts, answers, prompt, noiseless=free) for free in (False, True))
    by_layer, free_by_layer = (np.diagonal(tables, axis1=1, axis2=2) for tables in (counted, noiseless))
    require_questions(~np.isnan(by_layer).any(axis=0), "were asked in two wordings")
    apart, called = unrelated_questions(answers)
    unrelated, free_unrelated = (np.where(apart, tables, np.nan) for tables in (counted, noiseless))
    require_unrelated(unrelated[0], f"{called} that one author was asked")
    pairs, others = by_layer.mean(axis=0), unrelated.mean(axis=0)
    free_pairs, free_others = free_by_layer.mean(axis=0), free_unrelated.mean(axis=0)
    paired, free_paired = (mean_over_questions(values, sampling) for values in (pairs, free_pairs))
    apart_too = with_and_without(mean_over_pairs(others, sampling), mean_over_pairs(free_others, sampling))
    reached = share_that_reach(pairs, free_pairs, pair_errors(rollouts, answers), near)
    return Finding(
        criteria=(
            Measured("usage cosine of paired prompts", with_and_without(paired, free_paired), ">=", "near"),
            Measured("share of paired prompts that reach it", reached, ">=", "every"),
            Measured("the cosine without counting noise", free_paired, ">=", "near", decides=False),
            Measured(
                "paired minus unrelated prompts",
                over_questions(len(pairs), lambda w: own_mean(w, pairs) - pair_mean(w, others), sampling),
                ">",
                0.0,
                decides=False,
            ),
        ),
        null=(
            Measured(f"usage cosine, prompts of {called}", apart_too, ">=", "near"),
            _share(f"share of prompts of {called} that reach it", others, near),
        ),
        layers=(
            _curve("paired prompts", rollouts, by_layer, sampling),
            _curve("paired prompts, without counting noise", rollouts, free_by_layer, sampling, "near"),
            _curve(f"prompts of {called}", rollouts, unrelated, sampling),
        ),
        figure=_figure(rollouts, answers, sampling),
        notes=(
            *say_ceiling(rollouts, answers, _own(counted), "two wordings"),
            *_notes(answers, pairs, free_pairs),
        ),
    )


def _curve(
    name: str, rollouts: SequenceTrace, values: Float64Array, sampling: Sampling, threshold: str | None = None
) -> Curve:
    """Mean at each layer over questions, of (L, Q), or over pairs of them, of (L, Q, Q)."""
    mean = mean_over_questions if values.ndim == 2 else mean_over_pairs
    layers = tuple(layer.layer for layer in moe_layers(rollouts))
    return Curve(name, layers, tuple(mean(own, sampling) for own in values), threshold)


def _own(tables: Float64Array) -> BoolArray:
    """Mark the pairs of two wordings that have a value, (L, Q, Q)."""
    return np.isfinite(tables) & np.eye(tables.shape[-1], dtype=np.bool_)


def _tables(
    rollouts: SequenceTrace, answers: Answers, parts: tuple[str, ...], *, noiseless: bool = False
) -> Float64Array:
    """Cosine of the first wording of each question with the second of each, mean over authors, (L, Q, Q)."""
    return over_authors(similarity_tables(rollouts, answers, parts, across_wordings=True, noiseless=noiseless))


def _share(name: str, values: Float64Array, near: float) -> Measured:
    """Share of the known values that reach ``near``, counted; reported beside the rest."""
    known = values[~np.isnan(values)]
    reached = exact(float((known >= near).mean()), len(known), "prompt pair")
    return Measured(name, reached, ">=", "every", decides=False)


def _figure(rollouts: SequenceTrace, answers: Answers, sampling: Sampling) -> Figure:
    """Similarity of all tokens up to a generated length, from the prompt's end on: Fig. 7's cumulative curves."""
    apart, called = unrelated_questions(answers)
    prompt = prompt_part(rollouts)
    ends = (0, *reached_lengths(rollouts))
    so_far = [(*prompt, *generated_parts(rollouts, end=end)) if end else prompt for end in ends]
    tables = [_tables(rollouts, answers, parts).mean(axis=0) for parts in so_far]
    alone = [generated_parts(rollouts, end=end) for end in ends[1:]]
    generated = [_tables(rollouts, answers, parts).mean(axis=0) for parts in alone]
    unrelated = [mean_over_pairs(np.where(apart, table, np.nan), sampling) for table in tables]
    return Figure(
        kind="lines",
        title="prompt and generation so far, mean over layers",
        redraws="GEO Fig. 7",
        x_label="generated tokens (0: the prompt's end)",
        y_label="cosine of expert usage",
        series=[
            along("paired prompts", ends, [_paired(table, sampling) for table in tables]),
            along(f"prompts of {called}", ends, unrelated),
            along("paired prompts, generated tokens alone", ends[1:], [_paired(t, sampling) for t in generated]),
        ][: 3 if generated else 2],
    )


def _paired(table: Float64Array, sampling: Sampling) -> Estimate:
    return mean_over_questions(np.diagonal(table), sampling)


def _notes(answers: Answers, pairs: Float64Array, noiseless: Float64Array) -> tuple[str, ...]:
    """Name the least similar pair, and say what else makes prompts alike or not."""
    worst = int(np.nanargmin(pairs))
    return (
        f"The least similar pair is {answers.questions[worst]}, with {pairs[worst]:.3f}, without counting noise "
        f"{noiseless[worst]:.3f}.",
        "A chat template adds the same tokens to every prompt, unrelated ones included; the evidence does not tell "
        "them from the question's.",
    )
