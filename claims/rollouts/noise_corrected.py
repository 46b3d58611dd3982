"""Verdicts that counting noise alone cannot make: support of what was counted, refutation of what lies behind it.

A prompt of few tokens uses experts unevenly by chance, which keeps even two prompts of equal usage apart. So a claim
of likeness is supported where the counted cosine, the paper's, shows it, and refuted where even the cosine without
counting noise does not.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from claims.rollouts.answers import Answers, moe_layers
from claims.rollouts.rollout_parts import prompt_part
from claims.rollouts.usage_similarity import ceiling_tables, indistinguishable_from_noise, over_authors
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.usage.counting_noise import noiseless_cosine

#: Chance that any pair is taken to lie below, where all of them reach the threshold.
ANY_WRONG = 0.05


def with_and_without(counted: Estimate, noiseless: Estimate) -> Estimate:
    """Widen the interval of a counted quantity until it holds that of the same without counting noise as well.

    Its value stays the counted one. The union of two intervals has no draws, and so no p-value.
    """
    low, high = np.minimum(counted.low, noiseless.low), np.maximum(counted.high, noiseless.high)
    method = f"{counted.method}; widened to the interval without counting noise"
    return replace(counted, low=float(low), high=float(high), method=method, draws=())


def share_that_reach(counted: Float64Array, noiseless: Float64Array, error: Float64Array, near: float) -> Estimate:
    """Share of pairs of prompts that reach ``near``: from those that are counted to do so to those not shown below.

    A pair is shown below where its cosine without counting noise is less by more than z of its own standard errors,
    z such that among pairs that all reach it none is in 19 cases of 20 (Bonferroni, normal).

    Parameters
    ----------
    counted, noiseless, error : (Q,), of one pair a question, NaN where there is none
    """
    known = ~np.isnan(counted)
    pairs = int(known.sum())
    z = float(norm.isf(ANY_WRONG / pairs))
    reach = counted[known] >= near
    below = ~reach & ((noiseless + z * error)[known] < near)
    share, high = float(reach.mean()), 1.0 - float(below.mean())
    method = f"exact count; upper end: pairs not below by {z:.2f} standard errors without counting noise"
    return Estimate(share, share, high, pairs, "prompt pair", method)


def pair_errors(rollouts: SequenceTrace, answers: Answers) -> Float64Array:
    """Bound the standard error of each question's two prompts' cosine without counting noise, mean over layers, (Q,).

    The mean over layers, rollouts and authors of each bound: a bound for their mean, however they depend on each other.
    Infinite where the tokens cannot tell, NaN where a question has no two wordings.
    """
    parts = prompt_part(rollouts)
    tokens = rollouts.part_tokens[:, rollouts.part_numbers(parts)].sum(axis=1)
    same = (answers.question[:, None] == answers.question) & (answers.author[:, None] == answers.author)
    first, second = np.nonzero(same & (answers.wording[:, None] == 0) & (answers.wording == 1))
    shape = (len(answers.authors), len(answers.questions))
    cell = answers.author[first] * shape[1] + answers.question[first]
    tables = []
    for layer in moe_layers(rollouts):
        visits = rollouts.usage_of(layer, parts)
        _, error = noiseless_cosine(visits[first], tokens[first], visits[second], tokens[second])
        some = visits[first].any(axis=1) & visits[second].any(axis=1)
        total = np.bincount(cell[some], np.nan_to_num(error, nan=np.inf)[some], minlength=shape[0] * shape[1])
        count = np.bincount(cell[some], minlength=len(total))
        mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        tables.append(mean.reshape(shape))
    return np.asarray(over_authors(np.stack(tables)).mean(axis=0))


def say_ceiling(rollouts: SequenceTrace, answers: Answers, pairs: BoolArray, what: str) -> tuple[str, ...]:
    """Say what counting noise leaves of equal usage, and which prompts are too short to tell.

    Parameters
    ----------
    pairs : (L, Q, Q), True for the layers and pairs of questions that the claim speaks of
    what : what is compared, for example ``two wordings``
    """
    parts = prompt_part(rollouts)
    prompt = rollouts.part_tokens[:, rollouts.part_numbers(parts)].sum(axis=1)
    short = indistinguishable_from_noise(rollouts, parts)
    left = (f"{short} of {len(prompt)} prompts are too short to tell; their cosines without noise count as 1.",)
    reached = over_authors(ceiling_tables(rollouts, answers, parts))[pairs]
    if not np.isfinite(reached).any():
        return left
    return (
        f"Half of the prompts have {np.median(prompt):.0f} tokens or fewer. By counting noise alone prompts of equal "
        f"usage would reach {np.nanmean(reached):.3f} on average ({what}). A cosine without that noise is the counted "
        "one over what equal usage would reach, tokens taken as independent. Words that two prompts share have their "
        "noise in common: it is then too high, even above 1, and refutes too seldom.",
        *(left if short else ()),
    )
