"""How alike the usage of prompts is, at the prompt's end: of two wordings of one question, and of unrelated questions.

A prompt of few tokens uses experts unevenly by chance, which keeps even two prompts of equal usage apart. So likeness
is asked of prompts long enough that equal usage would be seen to reach it; it is supported where the counted cosine,
the paper's, shows it, and refuted where even the cosine without counting noise does not.
"""

from dataclasses import dataclass, replace

import numpy as np

from claims.core.claim import Threshold
from claims.core.finding import Curve, Measured
from claims.rollouts.usage_similarity import ceiling_tables, over_authors, renamed_tables, similarity_tables
from claims.shared.answers import Answers, answers_of, moe_layers, require_unrelated, unrelated_questions
from claims.shared.position_alone import first_prompts
from claims.shared.question_bootstrap import mean_over_pairs
from claims.shared.rollout_parts import prompt_part
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.position import same_length

NEAR = Threshold(0.9, "cosines of independent profiles reach 0.8 where usage is nearly balanced")
REACH = Threshold(0.92, "two points above the cosine asked for: of shorter prompts not even equal usage would reach it")
#: What the claims' definitions say of counting noise.
NOISE = (
    "Supported by the cosine as counted, refuted only where it lies below without counting noise too: the counted one "
    "over what equal usage would reach, tokens taken as independent. Words that two prompts share have their noise in "
    "common, which makes it too high, even above 1, and refutes too seldom"
)


@dataclass(frozen=True)
class PromptUsage:
    """Usage cosines of the prompts of every pair of questions, by one author, mean over authors.

    Tables are float64 (L, Q, Q), NaN where there is no pair: on the diagonal two wordings of one question; off it the
    first wordings of two unrelated questions, and of no others.

    Attributes
    ----------
    layers : numbers of the L layers
    answers : labels of the rollouts
    called : what unrelated questions are called
    counted : the cosines
    noiseless : without counting noise
    ceiling : what counting noise would leave of equal usage
    renamed : exact mean of the counted cosine when the experts of one prompt are renamed at random
    tokens : median length of a prompt
    as_long : bool (Q, Q), whether the first prompts of two questions are of the same length, to a factor of sqrt(2)
    """

    layers: tuple[int, ...]
    answers: Answers
    called: str
    counted: Float64Array
    noiseless: Float64Array
    ceiling: Float64Array
    renamed: Float64Array
    tokens: float
    as_long: BoolArray

    def note(self) -> str:
        """Say how long the prompts are, and what else makes them alike."""
        return (
            f"Half of the prompts have {self.tokens:.0f} tokens or fewer. A chat template, and worked examples, add "
            "the same tokens to prompts, unrelated ones included; the evidence does not tell them from the question's."
        )


def prompt_usage(rollouts: SequenceTrace) -> PromptUsage:
    """Compare all prompts of one author, layer by layer.

    Raises
    ------
    NotApplicable
        When labels or parts are missing, or there are too few questions, or unrelated ones.
    """
    answers, parts = answers_of(rollouts), prompt_part(rollouts)
    apart, called = unrelated_questions(answers)
    asked = apart | np.eye(len(apart), dtype=np.bool_)
    counted, noiseless, ceiling, renamed = (
        np.where(asked, over_authors(table), np.nan)
        for table in (
            similarity_tables(rollouts, answers, parts),
            similarity_tables(rollouts, answers, parts, noiseless=True),
            ceiling_tables(rollouts, answers, parts),
            renamed_tables(rollouts, answers, parts),
        )
    )
    require_unrelated(counted[0], f"{called} that one author was asked")
    tokens = rollouts.part_tokens[:, rollouts.part_numbers(parts)].sum(axis=1)
    layers = tuple(layer.layer for layer in moe_layers(rollouts))
    as_long = same_length(first_prompts(rollouts, answers))
    return PromptUsage(layers, answers, called, counted, noiseless, ceiling, renamed, float(np.median(tokens)), as_long)


def unrelated_curve(prompts: PromptUsage, sampling: Sampling) -> Curve:
    """Return the counted cosine of unrelated prompts at each layer, which more than one claim shows."""
    found = tuple(mean_over_pairs(table, sampling) for table in prompts.counted)
    return Curve(f"prompts of {prompts.called}", prompts.layers, found)


def long_enough(reached: Estimate) -> Measured:
    """Return the premise that counting noise leaves prompts of equal usage alike: of those that were read, exactly."""
    exactly = exact(reached.value, reached.n, reached.unit)
    return Measured("cosine that prompts of equal usage would reach", exactly, ">=", "reach", within=(0.0, 1.0))


def with_and_without(counted: Estimate, noiseless: Estimate) -> Estimate:
    """Widen the interval of a counted quantity until it holds that of the same without counting noise as well.

    Its value stays the counted one. The union of two intervals has no draws, and so no p-value.
    """
    low, high = np.minimum(counted.low, noiseless.low), np.maximum(counted.high, noiseless.high)
    method = f"{counted.method}; widened to the interval without counting noise"
    return replace(counted, low=float(low), high=float(high), method=method, draws=())
