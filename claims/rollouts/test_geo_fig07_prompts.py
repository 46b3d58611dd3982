"""Do two wordings of one question use the same experts?  GEO Fig. 7, at the prompt's end."""

from collections.abc import Mapping

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured
from claims.core.record import Figure, Series
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
from claims.rollouts.usage_similarity import over_authors, similarity_tables
from claims.shared.answers import models_rollouts, require_questions, require_unrelated
from claims.shared.question_bootstrap import (
    mean_over_pairs,
    mean_over_questions,
    over_questions,
    own_lead,
    own_mean,
    pair_mean,
    same_question,
)
from claims.shared.rollout_parts import generated_parts, prompt_part, reached_lengths
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Single pairs that the figure shows behind their mean.
SINGLE = 24


@claim(
    id="prompt-similarity",
    version=2,
    group="D",
    number=4,
    title="Paired prompts route near-identically",
    source="GEO (arXiv 2604.09780v1), Eqs 13-14",
    figures=("GEO Fig. 7",),
    statement="Two wordings of one question use nearly the same experts while the prompt is read.",
    equation="cos(f, f') >= 0.9 over the tokens of the prompts of two wordings;  "
    "excess = cos(f, f') - cos of the prompts of unrelated questions >= 0.05",
    definition="read (usage and its cosine, Eqs 13-14; cumulative, so that its value at the prompt's end is that of "
    f"all prompt tokens); reconstructed: the mean over layers, and over authors where their prompts differ. {NOISE}",
    means="Two wordings of one question are not routed near-identically: experts that were profiled on one "
    "wording need not serve another.",
    check="The similarity of expert usage over paraphrases of your own prompts, beside that of unrelated "
    "prompts in the same template.",
    null_says="The first wordings of two unrelated questions, of other kinds where there are kinds: they share "
    "whatever a chat template or worked examples add; and those of them whose prompts are of the same length, to a "
    "factor of sqrt(2), so that paired prompts are not alike because they reach the same positions.",
    paper="three hand-picked pairs of prompts, nearly identical over the prompt (Fig. 7); no number printed",
    thresholds={
        "near": NEAR,
        "excess": Threshold(0.05, "five points of cosine, half of what is left to 1 at the threshold"),
        "reach": REACH,
    },
)
def test_prompt_similarity(rollouts: SequenceTrace, sampling: Sampling, thresholds: Mapping[str, float]) -> Finding:
    """Compare the prompts of two wordings of each question, and those of unrelated questions."""
    prompts = prompt_usage(rollouts)
    by_layer, free, limit = (same_question(table) for table in (prompts.counted, prompts.noiseless, prompts.ceiling))
    require_questions(~np.isnan(by_layer).any(axis=0), "were asked in two wordings")
    pairs, others = by_layer.mean(axis=0), prompts.counted.mean(axis=0)
    paired, noiseless, reached = (
        mean_over_questions(values.mean(axis=0), sampling) for values in (by_layer, free, limit)
    )
    as_long = np.where(prompts.as_long, others, np.nan)
    require_unrelated(as_long, f"{prompts.called} whose prompts are of the same length, to a factor of 1.4")

    def beyond(table: Float64Array) -> Estimate:
        return over_questions(len(pairs), lambda drawn: own_mean(drawn, pairs) - pair_mean(drawn, table), sampling)

    return Finding(
        headline=(
            Measured(
                "usage cosine of paired prompts", with_and_without(paired, noiseless), ">=", "near", within=(0.0, 1.0)
            ),
        ),
        excess=(
            Measured("paired minus unrelated prompts", beyond(others), ">=", "excess", within=(-1.0, 1.0)),
            Measured(
                "paired minus unrelated prompts of the same length",
                own_lead(pairs, as_long, sampling),
                ">=",
                "excess",
                within=(-1.0, 1.0),
            ),
        ),
        premises=(long_enough(reached), *models_rollouts(rollouts, prompts.answers, sampling)),
        controls=(
            Measured(f"usage cosine, prompts of {prompts.called}", mean_over_pairs(others, sampling), ">=", "near"),
        ),
        reported=(
            Measured(
                "usage cosine of paired prompts, corrected for the sampling noise of short prompts",
                noiseless,
                ">=",
                "near",
            ),
            _share("share of paired prompts that reach it", pairs, thresholds["near"]),
        ),
        layers=(
            Curve(
                "paired prompts", prompts.layers, tuple(mean_over_questions(row, sampling) for row in by_layer), "near"
            ),
            unrelated_curve(prompts, sampling),
        ),
        figure=_figure(rollouts, prompts, sampling),
        notes=(prompts.note(), _least_similar(prompts, pairs)),
    )


def _share(name: str, values: Float64Array, near: float) -> Measured:
    """Share of the known values that reach ``near``, counted."""
    known = values[~np.isnan(values)]
    return Measured(name, exact(float((known >= near).mean()), len(known), "prompt pair"), ">=", 1.0)


def _figure(rollouts: SequenceTrace, prompts: PromptUsage, sampling: Sampling) -> Figure:
    """Similarity of all tokens up to a generated length, from the prompt's end on: Fig. 7's cumulative curves."""
    unrelated = ~np.isnan(prompts.counted[0])
    prompt = prompt_part(rollouts)
    ends = (0, *reached_lengths(rollouts))

    def cosines(parts: tuple[str, ...]) -> Float64Array:
        return np.asarray(over_authors(similarity_tables(rollouts, prompts.answers, parts)).mean(axis=0))

    so_far = [cosines((*prompt, *generated_parts(rollouts, end=end)) if end else prompt) for end in ends]
    alone = [cosines(generated_parts(rollouts, end=end)) for end in ends[1:]]
    apart = [mean_over_pairs(np.where(unrelated, table, np.nan), sampling) for table in so_far]
    table = np.stack([np.diagonal(one) for one in so_far])
    known = np.flatnonzero(np.isfinite(table).all(axis=0))
    chosen = known[np.linspace(0, len(known) - 1, min(SINGLE, len(known))).round().astype(int)] if len(known) else known
    series = [Series("single pairs of wordings", list(map(float, ends)), rounded(table[:, one])) for one in chosen]
    series += [
        along("paired prompts", ends, [mean_over_questions(np.diagonal(table), sampling) for table in so_far]),
        along(f"prompts of {prompts.called}", ends, apart),
    ]
    if alone:
        paired = [mean_over_questions(np.diagonal(table), sampling) for table in alone]
        series.append(along("paired prompts, generated tokens alone", ends[1:], paired))
    return Figure(
        kind="lines",
        title="prompt and generation so far, mean over layers",
        redraws="GEO Fig. 7",
        x_label="generated tokens (0: the prompt's end)",
        y_label="cosine of expert usage",
        series=series,
        reference=[Series("the prompt's end", [0.0, 0.0], [float(np.nanmin(table)), 1.0])],
        units=f"{len(known)} pairs of wordings, {len(chosen)} of them in grey",
        note="The evidence holds the usage of a prompt as a whole, so that curves begin at its end.",
    )


def _least_similar(prompts: PromptUsage, pairs: Float64Array) -> str:
    worst = int(np.nanargmin(pairs))
    return f"The least similar pair is {prompts.answers.questions[worst]}, with {pairs[worst]:.3f}."
