"""Do the experts that a prompt uses predict those that its generation uses?  arXiv 2607.00466."""

from dataclasses import dataclass

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Finding, Measured
from claims.core.record import Figure
from claims.shared.answers import Answers, answers_of, models_rollouts, moe_layers, require_questions, require_unrelated
from claims.shared.position_alone import first_prompts
from claims.shared.question_bootstrap import (
    mean_over_pairs,
    mean_over_questions,
    over_questions,
    own_lead,
    own_mean,
    pair_mean,
)
from claims.shared.rollout_parts import generated_parts, prompt_part
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.known_mean import known_mean
from metrics.stats.sampling import Sampling
from metrics.usage.position import same_length
from metrics.usage.top_p import top_p_set

#: Permutations of the prompts in the null, whose mean has little luck.
PERMUTATIONS = 19


@claim(
    id="prefill-predicts-decode",
    version=2,
    group="F",
    number=6,
    title="The experts of a prompt predict those of its generation",
    source="arXiv 2607.00466",
    figures=(),
    statement="Of the experts that a generation uses most, its own prompt has used more than other prompts have.",
    equation="mean |P_i n D_i| / |D_i| - mean over j != i of |P_j n D_i| / |D_i| >= 0.05,  P and D the most-used "
    "experts of prompt and generation that hold more than 0.8 of the visits",
    definition="reconstructed: top-p sets as in GEO Eq 18, p = 0.8, of equally used experts one drawn at random first; "
    "the other prompts are those that the same author was given for other questions, first wordings, mean over layers "
    "and authors",
    means="A prompt's experts predict those of its own generation hardly better than other prompts' experts do: "
    "prefetching by the prompt gains little here over prefetching what is used most.",
    check="Which share of a generation's experts its own prompt names, against other prompts, at the lengths "
    "that you serve.",
    null_says="The prompts permuted over the questions, so that none keeps its own: their recall, mean of "
    f"{PERMUTATIONS} permutations; and other prompts of the same length, to a factor of sqrt(2), so that what is due "
    "to the positions that they reach is in it.",
    paper="the experts of the prefill predict those of the decode; no number is known to us",
    thresholds={
        "gain": Threshold(0.05, "one expert in twenty that a cache filled at the prompt has, and at another has not"),
        "excess": Threshold(0.02, "two of these five points beyond what permuted prompts give"),
    },
)
def test_prefill_predicts_decode(rollouts: SequenceTrace, sampling: Sampling) -> Finding:
    """Compare the recall of a generation's experts by its own prompt with that by other prompts."""
    answers = answers_of(rollouts)
    recall = _recall(rollouts, answers, sampling)
    require_unrelated(recall.measured.mean(axis=0), "different questions of one author")
    whole = recall.measured.mean(axis=0)
    as_long = np.where(same_length(first_prompts(rollouts, answers)), whole, np.nan)
    require_unrelated(as_long, "different questions whose prompts are of the same length, to a factor of 1.4")
    return Finding(
        headline=(_gain("recall by the own prompt minus that by other prompts", _own_gain(whole, sampling), "gain"),),
        excess=(
            _gain(
                "recall by the own prompt minus that by permuted prompts", _beyond_permuted(whole, sampling), "excess"
            ),
            _gain(
                "recall by the own prompt minus that by other prompts of the same length",
                own_lead(np.diagonal(whole), as_long, sampling),
                "excess",
            ),
        ),
        premises=models_rollouts(rollouts, answers, sampling),
        controls=_by_identity(recall, sampling),
        reported=_levels(whole, recall, sampling),
        layers=(
            Curve(
                "recall by the own prompt minus that by other prompts",
                recall.layers,
                tuple(_own_gain(table, sampling) for table in recall.measured),
                "gain",
            ),
        ),
        figure=_figure(recall, sampling),
        notes=_notes(whole, recall),
    )


@dataclass(frozen=True)
class _Recall:
    """Mean recall of the experts of generations to question i by the prompt of question j, float64 (L, Q, Q).

    NaN where no author has both.

    Attributes
    ----------
    layers : numbers of the L layers
    measured : of prompts and generations as they are
    identity : were each token routed as another occurrence of its id; None where the evidence does not tell
    prompt_size, generated_size : mean size of the sets as a share of the experts
    """

    layers: tuple[int, ...]
    measured: Float64Array
    identity: Float64Array | None
    prompt_size: float
    generated_size: float


def _recall(rollouts: SequenceTrace, answers: Answers, sampling: Sampling) -> _Recall:
    """Compare all prompts and generations of each author, layer by layer."""
    prompt, generated = (rollouts.part_numbers(p) for p in (prompt_part(rollouts), generated_parts(rollouts)))
    counted = np.stack([rollouts.part_tokens[:, parts].sum(axis=1) for parts in (prompt, generated)])
    kept = np.flatnonzero((answers.wording == 0) & (counted > 0).all(axis=0))
    require_questions(np.bincount(answers.question[kept]), "have a prompt and a generation")
    shape = len(answers.authors), len(answers.questions)
    cell = (answers.author * shape[1] + answers.question)[kept]
    found: list[tuple[Float64Array, Float64Array | None, float, float]] = []
    for layer in moe_layers(rollouts):
        lots = sampling.rng("equally used experts", layer.layer)
        before, after = (_sets(layer.usage[kept], parts, lots) for parts in (prompt, generated))
        identity = None
        if layer.by_identity is not None:
            told, recalled = (_sets(layer.by_identity[kept], parts, lots) for parts in (prompt, generated))
            identity = _table(told, recalled, cell, shape)
        found.append((_table(before, after, cell, shape), identity, float(before.mean()), float(after.mean())))
    measured, identity_of, before_size, after_size = zip(*found, strict=True)
    lent_tables = [table for table in identity_of if table is not None]
    return _Recall(
        layers=tuple(layer.layer for layer in moe_layers(rollouts)),
        measured=np.stack(measured),
        identity=np.stack(lent_tables) if len(lent_tables) == len(measured) else None,
        prompt_size=float(np.mean(before_size)),
        generated_size=float(np.mean(after_size)),
    )


def _sets(usage: IntArray, parts: list[int], lots: np.random.Generator) -> BoolArray:
    """Most-used experts of the parts of each rollout, (S, E)."""
    return top_p_set(usage[:, parts].sum(axis=1), ties=lots)


def _table(before: BoolArray, after: BoolArray, cell: IntArray, shape: tuple[int, int]) -> Float64Array:
    """Mean recall of the sets of generations to question i by those of prompts of question j, (Q, Q), over authors."""
    asked = _cell_means(after / after.sum(axis=1, keepdims=True), cell, shape)
    return known_mean(asked @ np.swapaxes(_cell_means(before, cell, shape), 1, 2), axis=0)


def _cell_means(rows: Float64Array | BoolArray, cell: IntArray, shape: tuple[int, int]) -> Float64Array:
    """Mean row (A, Q, E) of the rollouts of each author and question, NaN where there is none."""
    total = np.zeros((shape[0] * shape[1], rows.shape[1]))
    np.add.at(total, cell, rows)
    count = np.bincount(cell, minlength=len(total))[:, None].astype(np.float64)
    means = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return means.reshape(*shape, -1)


def _own_gain(table: Float64Array, sampling: Sampling) -> Estimate:
    """Recall by the own prompt (on the diagonal) minus that by other prompts (off it), resampling questions."""
    own = np.diagonal(table)
    return over_questions(len(own), lambda drawn: own_mean(drawn, own) - pair_mean(drawn, table), sampling)


def _beyond_permuted(table: Float64Array, sampling: Sampling) -> Estimate:
    """Recall by the own prompt minus that by prompts permuted over the questions, mean of all permutations.

    Questions change places in a ring of random order, so that none keeps its prompt.
    """
    rng, every = sampling.rng("prompts permuted"), np.arange(len(table))
    found = []
    for _ in range(PERMUTATIONS):
        ring, order = rng.permutation(len(table)), every.copy()
        order[ring] = np.roll(ring, 1)
        found.append(table[every, order])
    permuted = known_mean(np.array(found), axis=0)
    return mean_over_questions(np.diagonal(table) - permuted, sampling)


def _gain(name: str, estimate: Estimate, threshold: str) -> Measured:
    return Measured(name, estimate, ">=", threshold, within=(-1.0, 1.0))


def _by_identity(recall: _Recall, sampling: Sampling) -> tuple[Measured, ...]:
    """The same were each token routed as its id is elsewhere: what words that a generation repeats give."""
    if recall.identity is None:
        return ()
    said = "recall by the own prompt minus that by other prompts, each token routed as its id is elsewhere"
    return (_gain(said, _own_gain(recall.identity.mean(axis=0), sampling), "gain"),)


def _levels(whole: Float64Array, recall: _Recall, sampling: Sampling) -> tuple[Measured, ...]:
    """The two recalls that are compared, each against that of a random set as large as the prompt's."""
    own, others = mean_over_questions(np.diagonal(whole), sampling), mean_over_pairs(whole, sampling)
    return (
        Measured("recall by the own prompt, against a random set", own, ">=", recall.prompt_size, within=(0.0, 1.0)),
        Measured("recall by other prompts, against a random set", others, ">=", recall.prompt_size, within=(0.0, 1.0)),
    )


def _figure(recall: _Recall, sampling: Sampling) -> Figure:
    """Draw recall by the own and by other prompts, layer by layer."""
    own = [mean_over_questions(np.diagonal(table), sampling) for table in recall.measured]
    others = [mean_over_pairs(table, sampling) for table in recall.measured]
    series = [along("own prompt", recall.layers, own), along("other prompts", recall.layers, others)]
    level = ("random set of the same size", recall.prompt_size)
    return layer_figure("experts of a generation that a prompt used", "ours", "recall of top-p sets", series, level)


def _notes(whole: Float64Array, recall: _Recall) -> tuple[str, ...]:
    """Say how large the sets are, and what the claim stands against."""
    own, others = float(np.nanmean(np.diagonal(whole))), float(np.nanmean(whole[~np.eye(len(whole), dtype=np.bool_)]))
    return (
        f"{len(whole)} questions: a prompt's set holds {recall.prompt_size:.0%} of the experts, a generation's "
        f"{recall.generated_size:.0%}. The own prompt recalls {own:.1%} of the generation's experts, other prompts "
        f"{others:.1%}; a random set as large as the prompt's would recall {recall.prompt_size:.1%}.",
        "It stands against prompt-to-rollout (GEO), by which the routing of a prompt does not predict that of its "
        "rollout. The two ask different things of the same rollouts: this one, what a prompt tells of its own "
        "generation and other prompts do not; that one, whether alike prompts have alike generations.",
    )
