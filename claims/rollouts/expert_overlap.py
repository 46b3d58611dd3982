"""How much of their most-used experts two rollouts share, by question and author, beside what chance gives."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from claims.core.curves import along, layer_figure
from claims.core.finding import NotApplicable
from claims.core.record import Figure
from claims.rollouts.answers import Answers, answers_of, moe_layers
from claims.rollouts.question_bootstrap import mean_over_pairs, mean_over_questions
from claims.rollouts.rollout_parts import generated_parts, prompt_part
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.top_p import expected_jaccard, jaccard, jaccard_matrix, top_p_set

#: The variant of the claims of GEO Fig. 6.
TOKENS = ({"tokens": "whole rollout"}, {"tokens": "generated"})
#: Overlap of a rollout with itself, equally used experts drawn twice, below which lots decide and not the rollouts:
#: ten points above the band that the paper's number is looked for in.
SETTLED = 0.8


@dataclass(frozen=True)
class OverlapTables:
    """Mean Jaccard of the top-p sets of pairs of rollouts, all of the first wording of their question.

    Each table is float64 (L, Q, Q): the mean over all pairs of different rollouts, one of question i and one of
    question j, NaN where there is none; the diagonal holds the pairs that answer the same question.

    Attributes
    ----------
    layers : numbers of the L layers
    answers : labels of the rollouts
    same, different : pairs by the same author (other seeds), and by different authors
    same_chance, different_chance : exact means over random renamings of the experts, for the same pairs
    size : (L, Q), mean set size as a share of the experts
    itself : mean Jaccard of a rollout with itself, equally used experts drawn twice
    notes : who answered what at what length, and what was left out
    """

    layers: tuple[int, ...]
    answers: Answers
    same: Float64Array
    different: Float64Array
    same_chance: Float64Array
    different_chance: Float64Array
    size: Float64Array
    itself: float
    notes: tuple[str, ...]


def overlap_tables(rollouts: SequenceTrace, tokens: str, sampling: Sampling) -> OverlapTables:
    """Compare all rollouts of the first wording of each question, layer by layer.

    Equally used experts enter a set in an order drawn for each rollout: by their number, unrelated sets of short
    rollouts would share more than chance.

    Parameters
    ----------
    tokens : "whole rollout" or "generated", the tokens whose experts are counted

    Raises
    ------
    NotApplicable
        When there are too few questions or authors, or nothing was generated.
    """
    answers, layers = answers_of(rollouts), moe_layers(rollouts)
    if len(answers.authors) < 2:
        raise NotApplicable(f"all rollouts are by one author, {answers.authors[0]}; 2 authors are needed")
    parts = None if tokens == "whole rollout" else generated_parts(rollouts)
    usage = [rollouts.usage_of(layer, parts) for layer in layers]
    used = np.all([visits.sum(axis=1) > 0 for visits in usage], axis=0)
    first = answers.wording == 0
    kept = np.flatnonzero(first & used)
    # By question, and within one by name: the order of the file decides nothing.
    order = kept[np.lexsort((np.asarray(rollouts.documents)[kept], answers.question[kept]))]
    question, author = answers.question[order], answers.author[order]
    lots = [sampling.rng("equally used experts", tokens, layer.layer) for layer in layers]
    drawn = [[top_p_set(visits[order], ties=ties) for _ in range(2)] for visits, ties in zip(usage, lots, strict=True)]
    largest = max(int(members.sum(axis=1).max()) for members, _ in drawn)
    rows = [_layer(members, largest, question, author, len(answers.questions)) for members, _ in drawn]
    same, different, same_chance, different_chance, size = (np.stack(c) for c in zip(*rows, strict=True))
    unused = int(np.count_nonzero(first & ~used))
    return OverlapTables(
        layers=tuple(layer.layer for layer in layers),
        answers=answers,
        same=same,
        different=different,
        same_chance=same_chance,
        different_chance=different_chance,
        size=size,
        itself=float(np.mean([jaccard(*twice).mean() for twice in drawn])),
        notes=(_who(rollouts, answers, order), *_left_out(unused)),
    )


def require_settled(tables: OverlapTables) -> None:
    """Check that the most-used experts are a rollout's own, and not drawn by lot among equally used ones.

    Raises
    ------
    NotApplicable
        When a rollout would not even share them with itself.
    """
    if tables.itself < SETTLED:
        raise NotApplicable(
            f"the rollouts are too short for so many experts: equally used ones are drawn by lot, and a rollout drawn "
            f"twice shares {tables.itself:.0%} of its most-used experts with itself; {SETTLED:.0%} are needed"
        )


def same_question(table: Float64Array) -> Float64Array:
    """Return the pairs that answer the same question, (L, Q), from a table (L, Q, Q)."""
    return np.diagonal(table, axis1=1, axis2=2)


def _who(rollouts: SequenceTrace, answers: Answers, order: IntArray) -> str:
    """Who is compared: numbers of authors, questions and rollouts, and how long these are."""
    tokens, prompt = rollouts.part_tokens[order], rollouts.part_numbers(prompt_part(rollouts))
    given = tokens[:, prompt].sum(axis=1)
    authors, questions = (len(np.unique(codes[order])) for codes in (answers.author, answers.question))
    return (
        f"{authors} authors, {questions} questions, {len(order):,} rollouts of first wordings; medians: "
        f"{np.median(given):,.0f} tokens of prompt, {np.median(tokens.sum(axis=1) - given):,.0f} generated."
    )


def _left_out(unused: int) -> tuple[str, ...]:
    return (f"{unused} rollouts without a token to count were left out.",) if unused else ()


@cache
def _chance(largest: int, experts: int) -> Float64Array:
    """Exact mean Jaccard of random sets of sizes 1 .. ``largest``; slow for hundreds of experts, and ever the same."""
    every = np.arange(1, largest + 1)
    return expected_jaccard(every[:, None], every, experts)


def _layer(
    members: BoolArray, largest: int, question: IntArray, author: IntArray, count: int
) -> tuple[Float64Array, ...]:
    """The tables of one layer, from the sets (S, E) of rollouts sorted by question, of at most ``largest`` experts."""
    sizes, experts = members.sum(axis=1), members.shape[1]
    chance = _chance(largest, experts)
    present, starts = np.unique(question, return_index=True)
    ends = [*starts[1:], len(question)]
    tables = [np.full((count, count), np.nan) for _ in range(4)]
    size = np.full(count, np.nan)
    for number, start, end in zip(present, starts, ends, strict=True):
        own = np.arange(start, end)
        measured = jaccard_matrix(members[own], members)
        expected = chance[sizes[own] - 1][:, sizes - 1]
        alike = author[own][:, None] == author
        pairs = (alike & (own[:, None] != np.arange(len(author))), ~alike)
        means = [_means(values, mask, starts) for values in (measured, expected) for mask in pairs]
        for table, row in zip(tables, means, strict=True):
            table[number, present] = row
        size[number] = sizes[own].mean() / experts
    return (*tables, size)


def _means(values: Float64Array, mask: BoolArray, starts: IntArray) -> Float64Array:
    """Mean of the marked pairs (m, S) by question of the second rollout, NaN where there is none."""
    total = np.add.reduceat((values * mask).sum(axis=0), starts)
    count = np.add.reduceat(mask.sum(axis=0, dtype=np.float64), starts)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


#: What the paper reports for different authors of one question.
PAPER = 0.6


def overlap_figure(tables: OverlapTables, tokens: str, sampling: Sampling) -> Figure:
    """Draw Fig. 6: the kinds of pairs that there are, the size-matched null, and the paper's 60 %."""
    lines = [
        ("same question, same author, other seed", _own(same_question(tables.same), sampling)),
        ("same question, different authors", _own(same_question(tables.different), sampling)),
        ("different questions, same author", _apart(tables.same, sampling)),
        ("different questions, different authors", _apart(tables.different, sampling)),
        ("sets of the same sizes, experts renamed", _own(same_question(tables.different_chance), sampling)),
    ]
    title = f"experts that two rollouts share, {'all tokens' if tokens == 'whole rollout' else 'generated tokens'}"
    series = [along(name, tables.layers, estimates) for name, estimates in lines if estimates]
    return layer_figure(title, "GEO Fig. 6", "Jaccard of top-p sets, p = 0.8", series, ("the paper's 60 %", PAPER))


def _own(table: Float64Array, sampling: Sampling) -> list[Estimate]:
    """One estimate a layer from values (L, Q), none where no question has a value."""
    if np.isnan(table).all():
        return []
    return [mean_over_questions(values, sampling) for values in table]


def _apart(table: Float64Array, sampling: Sampling) -> list[Estimate]:
    """One estimate a layer from pairs of different questions (L, Q, Q), none where there is no pair."""
    if np.isnan(table[:, ~np.eye(table.shape[1], dtype=np.bool_)]).all():
        return []
    return [mean_over_pairs(pairs, sampling) for pairs in table]
