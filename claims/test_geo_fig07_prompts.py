"""Do two wordings of one question use the same experts?  GEO Fig. 7, at the prompt's end."""

from collections.abc import Mapping

import numpy as np

from claims.claim import Threshold, claim
from claims.curves import along
from claims.finding import Curve, Finding, Measured, NotApplicable
from claims.question_bootstrap import (
    FloatArray,
    mean_over_pairs,
    mean_over_questions,
    over_questions,
    own_mean,
    pair_mean,
)
from claims.record import Figure
from claims.rollout_answers import (
    QUESTIONS,
    Answers,
    answers_of,
    moe_layers,
    require_unrelated,
    unrelated_questions,
)
from claims.rollout_parts import generated_parts, prompt_part, reached_lengths
from claims.sampling import Sampling
from claims.usage_similarity import over_authors, similarity_tables
from fixtures.sequence_trace import SequenceTrace
from metrics.estimate import Estimate
from metrics.statistics import exact


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
    "all prompt tokens); reconstructed: the mean over layers, and over authors where their prompts differ",
    null_says="The first wording of one question beside the second of an unrelated one, of another kind where there "
    "are kinds. They share whatever a chat template adds; where their mean reaches the threshold too, it says nothing "
    "of the pairs.",
    paper="three hand-picked pairs of prompts, nearly identical over the prompt (Fig. 7); no number printed",
    thresholds={
        "near": Threshold(0.9, "cosines of independent profiles reach 0.8 where usage is nearly balanced"),
        "every": Threshold(1.0, "the claim is about every pair, so one pair below is a counterexample"),
    },
    needs_linear=False,
)
def test_prompt_similarity(rollouts: SequenceTrace, sampling: Sampling, thresholds: Mapping[str, float]) -> Finding:
    """Compare the prompts of two wordings of each question, and those of unrelated questions."""
    answers = answers_of(rollouts)
    tables = _tables(rollouts, answers, prompt_part(rollouts))
    by_layer = np.diagonal(tables, axis1=1, axis2=2)
    _require_wordings(by_layer)
    apart, called = unrelated_questions(answers)
    unrelated = np.where(apart, tables, np.nan)
    require_unrelated(unrelated[0], f"{called} that one author was asked")
    pairs, others = by_layer.mean(axis=0), unrelated.mean(axis=0)
    layers = tuple(layer.layer for layer in moe_layers(rollouts))
    return Finding(
        criteria=(
            Measured("usage cosine of paired prompts", mean_over_questions(pairs, sampling), ">=", "near"),
            _share("share of paired prompts that reach it", pairs, thresholds["near"]),
            Measured(
                "paired minus unrelated prompts",
                over_questions(len(pairs), lambda w: own_mean(w, pairs) - pair_mean(w, others), sampling),
                ">",
                0.0,
                decides=False,
            ),
        ),
        null=(
            Measured(f"usage cosine, prompts of {called}", mean_over_pairs(others, sampling), ">=", "near"),
            _share(f"share of prompts of {called} that reach it", others, thresholds["near"], decides=False),
        ),
        layers=(
            Curve("paired prompts", layers, tuple(mean_over_questions(row, sampling) for row in by_layer), "near"),
            Curve(f"prompts of {called}", layers, tuple(mean_over_pairs(table, sampling) for table in unrelated)),
        ),
        figure=_figure(rollouts, answers, sampling),
        notes=_notes(rollouts, answers, pairs),
    )


def _tables(rollouts: SequenceTrace, answers: Answers, parts: tuple[str, ...]) -> FloatArray:
    """Cosine of the first wording of each question with the second of each, mean over authors, (L, Q, Q)."""
    return over_authors(similarity_tables(rollouts, answers, parts, across_wordings=True))


def _require_wordings(by_layer: FloatArray) -> None:
    """Raise NotApplicable where too few questions were asked in two wordings."""
    count = int(np.count_nonzero(~np.isnan(by_layer).any(axis=0)))
    if count < QUESTIONS:
        raise NotApplicable(f"{count} questions were asked in two wordings; {QUESTIONS} are needed")


def _share(name: str, values: FloatArray, near: float, *, decides: bool = True) -> Measured:
    """Share of the known values that reach ``near``, counted."""
    known = values[~np.isnan(values)]
    reached = exact(float((known >= near).mean()), len(known), "prompt pair")
    return Measured(name, reached, ">=", "every", decides=decides)


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


def _paired(table: FloatArray, sampling: Sampling) -> Estimate:
    return mean_over_questions(np.diagonal(table), sampling)


def _notes(rollouts: SequenceTrace, answers: Answers, pairs: FloatArray) -> tuple[str, ...]:
    """Name the least similar pair, and say what else makes prompts alike or not."""
    tokens = np.median(rollouts.part_tokens[:, rollouts.part_numbers(prompt_part(rollouts))].sum(axis=1))
    worst = int(np.nanargmin(pairs))
    return (
        f"The least similar pair is {answers.questions[worst]}, with {pairs[worst]:.3f}. Half of the prompts have "
        f"{tokens:.0f} tokens or fewer; in short prompts counting noise alone keeps usage from being near-identical.",
        "A chat template adds the same tokens to every prompt, unrelated ones included; the evidence does not tell "
        "them from the question's.",
    )
