"""Do unrelated prompts use the same experts in deep layers, until generation separates them?  GEO Fig. 9."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.rollouts.generation_curves import (
    ALONE,
    DIGITS,
    SO_FAR,
    GenerationCurves,
    drop_by_depth,
    fall,
    generation_curves,
)
from claims.rollouts.prompt_usage import (
    NEAR,
    NOISE,
    REACH,
    PromptUsage,
    long_enough,
    prompt_usage,
    unrelated_curve,
    with_and_without,
)
from claims.shared.answers import Answers, models_rollouts, moe_layers
from claims.shared.question_bootstrap import mean_over_pairs, mean_over_questions, over_questions, same_question
from claims.shared.rollout_parts import generated_parts, prompt_part, reached_lengths
from fixtures.evidence.sequences import LayerSequences, SequenceTrace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: With fewer layers, a quarter of them is no quarter.
FEWEST_LAYERS = 4
#: Layers that the paper's figure shows, as many: checkpoints whose layers have other numbers share one legend.
DEPTHS = ("first MoE layer", "a third of the depth", "two thirds of the depth", "last MoE layer")
SHOWN = len(DEPTHS)
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
    equation="deepest quarter of layers: cos(f, f') >= 0.9 over prompts, and >= the first quarter's + 0.05;  "
    "excess = cos(f, f') - its mean over renamings of the experts >= 0.05;  "
    "Spearman(generated length, cos(f, f')) <= -0.3",
    definition="read (usage and its cosine, Eqs 13-14); reconstructed: pairs of questions of different kinds, one "
    "author's rollouts; quarters rounded up. Variant, for what is generated: usage of the prompt and all tokens so "
    "far, as the paper's curves; or of the tokens of each stretch alone, over the cosine of two seeds there, which "
    f"takes off counting noise. {NOISE}",
    means="Deep layers do not treat unrelated prompts more alike than early layers and even loads would: that "
    "one fixed set of experts serves all prefill is not backed by this.",
    check="Expert usage of your own prompts in the deepest quarter of the layers, one by one, before you pin "
    "experts for prefill.",
    null_says="The same profiles with the experts of one of each pair renamed at random, the exact mean over all "
    "renamings: where balance alone makes the usage of prompts so alike in deep layers, they share no experts by it.",
    paper="one pair of inputs in gpt-oss-20b: near-identical in deep layers over the prompt, split during generation, "
    "earlier in later layers (Fig. 9); said to hold above all for reasoning-tuned models",
    thresholds={
        "near": NEAR,
        "deeper": Threshold(0.05, "five points of cosine: what a reader of the curves would see"),
        "excess": Threshold(0.05, "five points more than balanced usage of other experts gives"),
        "falls": Threshold(-0.3, "a weaker trend explains less than a tenth of the ranks"),
        "reach": REACH,
    },
    variants=({"similarity": SO_FAR}, {"similarity": ALONE}),
)
def test_prefill_collapse(rollouts: SequenceTrace, variant: Variant, sampling: Sampling) -> Finding:
    """Compare prompts of different kinds layer by layer, and what is generated from them length by length."""
    prompts = prompt_usage(rollouts)
    _require_every_layer(rollouts)
    answers, called = prompts.answers, prompts.called
    apart = ~np.isnan(prompts.counted[0]) & ~np.eye(len(answers.questions), dtype=np.bool_)
    quarter = -(-len(prompts.layers) // 4)
    deep = slice(-quarter, None)
    curves = generation_curves(rollouts, answers, apart, variant["similarity"])
    near, free, reached = (
        _mean(table[deep], sampling) for table in (prompts.counted, prompts.noiseless, prompts.ceiling)
    )
    deeper, free_deeper = (_gain(table, quarter, sampling) for table in (prompts.counted, prompts.noiseless))
    falls = _falls(rollouts, answers, apart, curves, deep, sampling)
    share, difference = (0.0, 1.0), (-1.0, 1.0)
    return Finding(
        headline=(
            Measured(
                "usage cosine of unrelated prompts, deepest quarter of layers",
                with_and_without(near, free),
                ">=",
                "near",
                within=share,
            ),
            Measured(
                "usage cosine of unrelated prompts, deepest minus first quarter of layers",
                with_and_without(deeper, free_deeper),
                ">=",
                "deeper",
                within=difference,
            ),
        ),
        excess=(
            Measured(
                "usage cosine of unrelated prompts beyond renamed experts, deepest quarter of layers",
                _mean((prompts.counted - prompts.renamed)[deep], sampling),
                ">=",
                "excess",
                within=difference,
            ),
        ),
        parts=(Measured("Spearman of length and cosine, deepest quarter", falls, "<=", "falls", within=difference),),
        premises=(long_enough(reached), *models_rollouts(rollouts, answers, sampling)),
        controls=(
            Measured(
                "usage cosine with renamed experts, deepest quarter of layers",
                _mean(prompts.renamed[deep], sampling),
                ">=",
                "near",
            ),
        ),
        reported=(
            Measured(
                "usage cosine, deepest quarter of layers, corrected for the sampling noise of short prompts",
                free,
                ">=",
                "near",
            ),
            Measured(
                "usage cosine, deepest minus first quarter of layers, corrected likewise", free_deeper, ">=", "deeper"
            ),
            *_deeper_first(curves, sampling),
        ),
        layers=(
            unrelated_curve(prompts, sampling),
            Curve(
                "the same, corrected for the sampling noise of short prompts, 1 at most",
                prompts.layers,
                tuple(map(_capped, _means(prompts.noiseless, sampling))),
            ),
            Curve("the same, experts renamed", prompts.layers, _means(prompts.renamed, sampling)),
            *_wordings(prompts, sampling),
        ),
        figure=_figure(prompts.layers, curves, called, sampling),
        more_figures=_activations(rollouts, prompts),
        notes=(prompts.note(), *_notes(curves)),
    )


def _require_every_layer(rollouts: SequenceTrace) -> None:
    """Check that all MoE layers were read: with some of them alone, the deepest quarter would be another."""
    layers = moe_layers(rollouts, FEWEST_LAYERS)
    present = int(rollouts.checkpoint.get("moe_layers", len(layers)))
    if len(layers) < present:
        raise NotApplicable(f"early and deep layers are compared, and {len(layers)} of {present} MoE layers were read")


def _mean(tables: Float64Array, sampling: Sampling) -> Estimate:
    """Mean over layers and pairs of questions, from (L, Q, Q)."""
    return mean_over_pairs(tables.mean(axis=0), sampling)


def _means(tables: Float64Array, sampling: Sampling) -> tuple[Estimate, ...]:
    """Mean over pairs of questions at each layer, from (L, Q, Q)."""
    return tuple(mean_over_pairs(table, sampling) for table in tables)


def _capped(estimate: Estimate) -> Estimate:
    """Return what is drawn of a cosine that was corrected for noise: no cosine is larger than 1."""
    return replace(estimate, value=min(estimate.value, 1.0), low=min(estimate.low, 1.0), high=min(estimate.high, 1.0))


def _gain(tables: Float64Array, quarter: int, sampling: Sampling) -> Estimate:
    """Mean of the last layers minus that of the first, over pairs of questions, from (L, Q, Q)."""
    gain = tables[-quarter:].mean(axis=0) - tables[:quarter].mean(axis=0)
    return mean_over_pairs(gain.round(DIGITS), sampling)


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
    return (Measured("Spearman of layer and early fall", drop_by_depth(curves, sampling), ">=", 0.3),)


def _wordings(prompts: PromptUsage, sampling: Sampling) -> tuple[Curve, ...]:
    """The same of related prompts, two wordings of one question, where there are any."""
    related = same_question(prompts.counted)
    if np.isnan(related).all():
        return ()
    found = tuple(mean_over_questions(row, sampling) for row in related)
    return (Curve("two wordings of one question", prompts.layers, found),)


def _figure(layers: tuple[int, ...], curves: GenerationCurves, called: str, sampling: Sampling) -> Figure:
    """Similarity along the generation at four layers, from the first to the last: Fig. 9."""
    places = np.linspace(0, len(layers) - 1, SHOWN).round().astype(int).tolist()
    divided = curves.seeds is not None
    count, points = curves.pairs.shape[-1], range(len(curves.lengths))

    def estimate(place: int, point: int) -> Estimate:
        one = slice(place, place + 1)
        return over_questions(count, lambda drawn: curves.at(drawn, one, point), sampling)

    series = [
        along(name, curves.lengths, [estimate(place, point) for point in points])
        for name, place in zip(DEPTHS, places, strict=True)
    ]
    return Figure(
        kind="lines",
        title=f"{called}: {ALONE if divided else SO_FAR}",
        redraws="GEO Fig. 9",
        x_label="generated tokens" if divided else "generated tokens (0: the prompt's end)",
        y_label="usage cosine over that of two seeds" if divided else "cosine of expert usage",
        series=series,
    )


def _activations(rollouts: SequenceTrace, prompts: PromptUsage) -> tuple[Figure, ...]:
    """Usage of every expert by two unrelated rollouts, at four layers and five lengths: Fig. 9's bars.

    The two are of one author: of the pairs whose prompts' cosine in the deepest layer is known, the median one.
    """
    answers, table = prompts.answers, np.triu(prompts.counted[-1], 1)
    pairs = np.argwhere(np.isfinite(table) & (table != 0))
    if not len(pairs):
        return ()
    order = np.argsort(table[tuple(pairs.T)], kind="stable")
    for one, other in pairs[np.roll(order, -(len(order) // 2))]:
        for author in range(len(answers.authors)):
            questions = [answers.questions[question] for question in (one, other)]
            rows = [_rollouts(answers, author, question) for question in (one, other)]
            if all(len(found) for found in rows):
                first = [int(found[0]) for found in rows]
                return (_bars(rollouts, dict(zip(questions, first, strict=True))),)
    return ()


def _rollouts(answers: Answers, author: int, question: int) -> IntArray:
    """Numbers of the rollouts of a question's first wording by an author."""
    return np.flatnonzero((answers.author == author) & (answers.question == question) & (answers.wording == 0))


def _bars(rollouts: SequenceTrace, rows: Mapping[str, int]) -> Figure:
    """Paired bars of the experts of two rollouts, one panel a layer and length."""
    prompt, layers = prompt_part(rollouts), moe_layers(rollouts)
    reached = reached_lengths(rollouts)
    ends = (0, *(reached[place] for place in sorted({*np.linspace(0, len(reached) - 1, 4).round().astype(int)})))
    shown = [layers[place] for place in sorted({*np.linspace(0, len(layers) - 1, SHOWN).round().astype(int)})]

    def panel(layer: LayerSequences, end: int) -> Figure:
        parts = (*prompt, *generated_parts(rollouts, end=end)) if end else prompt
        visits = rollouts.usage_of(layer, parts)
        experts = list(map(float, range(visits.shape[1])))
        series = [
            Series(name, experts, rounded(visits[row] / max(visits[row].sum(), 1), 3)) for name, row in rows.items()
        ]
        name = f"+{end}" if end else "prompt"
        return Figure("bars", f"layer {layer.layer}, {name}", "", "expert", "share of visits", series)

    return Figure(
        kind="panels",
        title="experts used by two unrelated questions, prompt and generation so far",
        redraws="GEO Fig. 9, bars",
        x_label="",
        y_label="",
        series=[],
        panels=[panel(layer, end) for layer in shown for end in ends],
        columns=len(ends),
        units="2 rollouts of one author",
        note="+8: the prompt and 8 generated tokens. The two are median in likeness among pairs of unrelated prompts, "
        "in the deepest layer.",
    )


def _notes(curves: GenerationCurves) -> tuple[str, ...]:
    """What the prompts share besides their questions, and where to read the part about reasoning."""
    noise = () if curves.seeds is not None else (COUNTING,)
    return (
        "Words that two prompts share are routed most alike in early layers, whose cosine without counting noise is "
        "then the more too high: the difference of layers without it errs downward, and decides nothing by itself.",
        "Whether reasoning-tuned models do so above all shows across checkpoints, not in one.",
        *noise,
        *curves.notes,
    )
