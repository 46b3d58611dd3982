"""Do unrelated prompts use the same experts in deep layers, until generation separates them?  GEO Fig. 9."""

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.rollouts.answers import Answers, answers_of, moe_layers, require_unrelated, unrelated_questions
from claims.rollouts.generation_curves import (
    ALONE,
    DIGITS,
    SO_FAR,
    GenerationCurves,
    drop_by_depth,
    fall,
    generation_curves,
)
from claims.rollouts.noise_corrected import say_ceiling, with_and_without
from claims.rollouts.question_bootstrap import mean_over_pairs, mean_over_questions, over_questions
from claims.rollouts.rollout_parts import prompt_part
from claims.rollouts.usage_similarity import over_authors, renamed_tables, similarity_tables
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: With fewer layers, a quarter of them is no quarter.
FEWEST_LAYERS = 4
#: Layers that the paper's figure shows.
SHOWN = 4
#: What similarity of all tokens so far says when it rises.
COUNTING = (
    "With more tokens there is less counting noise, which by itself makes usage more alike: a fall comes in spite of "
    "it, and a rise counts only where it is one without that noise too."
)


@claim(
    id="prefill-collapse",
    group="D",
    number=6,
    title="Deep layers treat unrelated prompts alike, until generation separates them",
    source="GEO (arXiv 2604.09780v1), Eqs 13-14",
    figures=("GEO Fig. 9",),
    statement="While prompts are read, unrelated ones use nearly the same experts in deep layers, more so than in "
    "early ones; the further generation goes on, the less alike their usage is there.",
    equation="deepest quarter of layers: cos(f, f') >= 0.9 over prompts, above the first quarter's, and "
    "Spearman(generated length, cos(f, f')) < 0",
    definition="read (usage and its cosine, Eqs 13-14); reconstructed: pairs of questions of different kinds, one "
    "author's rollouts; quarters rounded up. Variant: usage of the prompt and all tokens so far, as the paper's "
    "curves; or of the tokens of each stretch alone, over the cosine of two seeds there, which takes off counting "
    "noise. What that noise may decide is supported, or refuted, only where it holds, or fails, both as counted and "
    "without it",
    null_says="The same profiles with the experts of one of each pair renamed at random, the exact mean over all "
    "renamings: where balance alone makes the usage of prompts so alike in deep layers, they share no experts by it.",
    paper="one pair of inputs in gpt-oss-20b: near-identical in deep layers over the prompt, split during generation, "
    "earlier in later layers (Fig. 9); said to hold above all for reasoning-tuned models",
    thresholds={
        "near": Threshold(0.9, "cosines of independent profiles reach 0.8 where usage is nearly balanced"),
        "deeper": Threshold(0.0, "the claim is about the sign"),
        "falls": Threshold(0.0, "the claim is about the sign"),
    },
    variants=({"similarity": SO_FAR}, {"similarity": ALONE}),
)
def test_prefill_collapse(
    rollouts: SequenceTrace, variant: Variant, sampling: Sampling, thresholds: Mapping[str, float]
) -> Finding:
    """Compare prompts of different kinds layer by layer, and what is generated from them length by length."""
    answers = answers_of(rollouts)
    layers = _every_layer(rollouts)
    apart, called = unrelated_questions(answers)
    prompts, noiseless = (
        over_authors(similarity_tables(rollouts, answers, prompt_part(rollouts), noiseless=free))
        for free in (False, True)
    )
    both = tuple(np.where(apart, tables, np.nan) for tables in (prompts, noiseless))
    require_unrelated(both[0][0], f"{called} that one author was asked")
    renamed = _renamed(rollouts, answers, apart)
    quarter = -(-len(layers) // 4)
    deep = slice(-quarter, None)
    curves = generation_curves(rollouts, answers, apart, variant["similarity"])
    near, free = (_mean(tables[deep], sampling) for tables in both)
    deeper, free_deeper = (_gain(tables, quarter, sampling) for tables in both)
    balanced = with_and_without(*(_mean(tables[deep], sampling) for tables in renamed))
    falls = _falls(rollouts, answers, apart, curves, deep, sampling)
    return Finding(
        criteria=(
            Measured("prompts, deepest quarter of layers", with_and_without(near, free), ">=", "near"),
            Measured("prompts, deepest minus first quarter", with_and_without(deeper, free_deeper), ">", "deeper"),
            Measured("Spearman of length and cosine, deepest quarter", falls, "<", "falls"),
            Measured("deepest quarter without counting noise", free, ">=", "near", decides=False),
            Measured("deepest minus first quarter without it", free_deeper, ">", "deeper", decides=False),
            *_deeper_first(curves, sampling),
        ),
        null=(Measured("prompts with renamed experts, deepest quarter", balanced, ">=", "near"),),
        layers=(
            Curve(f"prompts of {called}", layers, _means(both[0], sampling), thresholds["near"]),
            Curve("the same, without counting noise", layers, _means(both[1], sampling)),
            Curve("the same, experts renamed", layers, _means(renamed[0], sampling)),
            *_wordings(layers, prompts, sampling),
        ),
        figure=_figure(layers, curves, called, sampling),
        notes=(
            *say_ceiling(rollouts, answers, _deepest(both[0], quarter), f"{called}, deepest quarter"),
            *_notes(curves),
        ),
    )


def _every_layer(rollouts: SequenceTrace) -> tuple[int, ...]:
    """Numbers of all MoE layers; with some of them alone, the deepest quarter would be another."""
    layers = tuple(layer.layer for layer in moe_layers(rollouts, FEWEST_LAYERS))
    present = int(rollouts.checkpoint.get("moe_layers", len(layers)))
    if len(layers) < present:
        raise NotApplicable(f"early and deep layers are compared, and {len(layers)} of {present} MoE layers were read")
    return layers


def _mean(tables: Float64Array, sampling: Sampling) -> Estimate:
    """Mean over layers and pairs of questions, from (L, Q, Q)."""
    return mean_over_pairs(tables.mean(axis=0), sampling)


def _means(tables: Float64Array, sampling: Sampling) -> tuple[Estimate, ...]:
    """Mean over pairs of questions at each layer, from (L, Q, Q)."""
    return tuple(mean_over_pairs(table, sampling) for table in tables)


def _gain(tables: Float64Array, quarter: int, sampling: Sampling) -> Estimate:
    """Mean of the last layers minus that of the first, over pairs of questions, from (L, Q, Q)."""
    gain = tables[-quarter:].mean(axis=0) - tables[:quarter].mean(axis=0)
    return mean_over_pairs(gain.round(DIGITS), sampling)


def _renamed(rollouts: SequenceTrace, answers: Answers, apart: BoolArray) -> tuple[Float64Array, Float64Array]:
    """The null's cosines of prompts, (L, Q, Q): as counted, and without counting noise."""
    counted, noiseless = (
        over_authors(renamed_tables(rollouts, answers, prompt_part(rollouts), noiseless=free)) for free in (False, True)
    )
    return np.where(apart, counted, np.nan), np.where(apart, noiseless, np.nan)


def _deepest(tables: Float64Array, quarter: int) -> BoolArray:
    """Mark the pairs of unrelated prompts at the last layers, (L, Q, Q)."""
    marked = np.isfinite(tables)
    marked[:-quarter] = False
    return marked


def _falls(
    rollouts: SequenceTrace,
    answers: Answers,
    apart: BoolArray,
    curves: GenerationCurves,
    deep: slice,
    sampling: Sampling,
) -> Estimate:
    """The trend along generation, with and without counting noise where two seeds do not take it off."""
    trend = fall(curves, deep, sampling)
    if curves.seeds is not None:
        return trend
    noiseless = generation_curves(rollouts, answers, apart, SO_FAR, noiseless=True)
    return with_and_without(trend, fall(noiseless, deep, sampling))


def _deeper_first(curves: GenerationCurves, sampling: Sampling) -> tuple[Measured, ...]:
    """Whether deeper layers fall sooner, where there is a prompt's end to fall from."""
    if curves.seeds is not None:
        return ()
    return (Measured("Spearman of layer and early fall", drop_by_depth(curves, sampling), ">", 0.0, decides=False),)


def _wordings(layers: tuple[int, ...], prompts: Float64Array, sampling: Sampling) -> tuple[Curve, ...]:
    """The same of related prompts, two wordings of one question, where there are any."""
    related = np.diagonal(prompts, axis1=1, axis2=2)
    if np.isnan(related).all():
        return ()
    return (
        Curve("two wordings of one question", layers, tuple(mean_over_questions(row, sampling) for row in related)),
    )


def _figure(layers: tuple[int, ...], curves: GenerationCurves, called: str, sampling: Sampling) -> Figure:
    """Similarity along the generation at four layers, from the first to the last: Fig. 9."""
    places = np.linspace(0, len(layers) - 1, SHOWN).round().astype(int).tolist()
    divided = curves.seeds is not None
    count, points = curves.pairs.shape[-1], range(len(curves.lengths))

    def estimate(place: int, point: int) -> Estimate:
        one = slice(place, place + 1)
        return over_questions(count, lambda drawn: curves.at(drawn, one, point), sampling)

    series = [
        along(f"layer {layers[place]}", curves.lengths, [estimate(place, point) for point in points])
        for place in places
    ]
    return Figure(
        kind="lines",
        title=f"{called}: {ALONE if divided else SO_FAR}",
        redraws="GEO Fig. 9",
        x_label="generated tokens" if divided else "generated tokens (0: the prompt's end)",
        y_label="usage cosine over that of two seeds" if divided else "cosine of expert usage",
        series=series,
    )


def _notes(curves: GenerationCurves) -> tuple[str, ...]:
    """What the prompts share besides their questions, and where to read the part about reasoning."""
    noise = () if curves.seeds is not None else (COUNTING,)
    return (
        "A chat template adds the same tokens to every prompt; the evidence does not tell them from the question's, "
        "so a high similarity over the prompt may be the template's.",
        "Words that two prompts share are routed most alike in early layers, whose cosine without counting noise is "
        "then the more too high: the difference of layers without it errs downward, and decides nothing by itself.",
        "Whether reasoning-tuned models do so above all shows across checkpoints, not in one.",
        *noise,
        *curves.notes,
    )
