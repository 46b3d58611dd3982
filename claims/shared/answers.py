"""Who answered which question in which wording: the labels of rollouts as numbers, and their premises."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claims.core.finding import Measured, NotApplicable
from claims.shared.premises import NATS
from claims.shared.question_bootstrap import mean_over_questions
from fixtures.evidence.sequences import LayerSequences, SequenceTrace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.sampling import Sampling

#: Fewer questions give no interval worth the name.
QUESTIONS = 8
#: What unrelated questions are called where they cannot be of different kinds.
DIFFERENT = "different questions"
#: With fewer questions beside the commonest kind, many a resample would hold that kind alone, and no pair of kinds.
OTHERS = 4


@dataclass(frozen=True)
class Answers:
    """Labels of S rollouts.

    Attributes
    ----------
    question, author : int64 (S,), place in ``questions`` and ``authors``
    wording : int64 (S,), 0 for the first of the question's wordings that there are, 1 for the second ...
    questions, authors : Q and A names, sorted
    kind : int64 (Q,), number of each question's kind
    """

    question: IntArray
    author: IntArray
    wording: IntArray
    questions: tuple[str, ...]
    authors: tuple[str, ...]
    kind: IntArray


def answers_of(rollouts: SequenceTrace) -> Answers:
    """Return the labels of rollouts as numbers.

    Raises
    ------
    NotApplicable
        When a label is missing, or there are fewer than 8 questions.
    """
    questions, question = _codes(rollouts, "question")
    authors, author = _codes(rollouts, "author")
    _, kind_of_rollout = _codes(rollouts, "kind")
    kind = np.zeros(len(questions), dtype=np.int64)
    kind[question] = kind_of_rollout
    if len(questions) < QUESTIONS:
        raise NotApplicable(f"rollouts of {len(questions)} questions are too few; {QUESTIONS} are needed")
    return Answers(question, author, _wordings(rollouts, question), questions, authors, kind)


def unrelated_questions(answers: Answers) -> tuple[BoolArray, str]:
    """Return the pairs of questions (Q, Q) that have nothing in common, and what they are called.

    Questions of different kinds; where nearly all are of one kind, different questions.
    """
    if len(answers.kind) - np.bincount(answers.kind).max() >= OTHERS:
        return answers.kind[:, None] != answers.kind[None, :], "questions of different kinds"
    return ~np.eye(len(answers.kind), dtype=np.bool_), DIFFERENT


def require_questions(there: npt.ArrayLike, have: str) -> None:
    """Check that enough questions, marked in bool (Q,), have what is compared; ``have`` says it in the message.

    Raises
    ------
    NotApplicable
        When fewer than 8 questions have it, with the count.
    """
    count = int(np.count_nonzero(there))
    if count < QUESTIONS:
        raise NotApplicable(f"{count} questions {have}; {QUESTIONS} are needed")


def require_unrelated(table: Float64Array, called: str) -> None:
    """Check the same of questions in a pair of unrelated ones, by a table (Q, Q), NaN where a pair has no value."""
    known = ~np.isnan(table)
    np.fill_diagonal(known, False)
    require_questions(known.any(axis=0) | known.any(axis=1), f"are in pairs of {called}")


def models_rollouts(rollouts: SequenceTrace, answers: Answers, sampling: Sampling) -> tuple[Measured, ...]:
    """Return the premise that the model models the rollouts that it read, resampling questions.

    Nothing where the evidence does not say, or the model is an untrained control, as in `models_text`.
    """
    if rollouts.fit is None or rollouts.checkpoint.get("control"):
        return ()
    gain = rollouts.fit.unigram - rollouts.fit.nll
    known = np.isfinite(gain)
    questions = answers.question[known]
    total, count = np.bincount(questions, weights=gain[known]), np.bincount(questions)
    name = "nats a token gained on the rollouts over token frequencies"
    return (Measured(name, mean_over_questions(total[count > 0] / count[count > 0], sampling), ">=", NATS),)


def moe_layers(rollouts: SequenceTrace, fewest: int = 1) -> tuple[LayerSequences, ...]:
    """Return the layers that have experts.

    Raises
    ------
    NotApplicable
        When they are fewer than ``fewest``.
    """
    found = tuple(layer for layer in rollouts.layers if layer.usage.shape[2] > 0)
    if len(found) < fewest:
        raise NotApplicable(f"{len(found)} layers with experts were read; {fewest} are needed")
    return found


def _codes(rollouts: SequenceTrace, label: str) -> tuple[tuple[str, ...], IntArray]:
    """The distinct values of a label, sorted, and the number of each sequence's."""
    if label not in rollouts.labels:
        raise NotApplicable(f"the sequences have no label {label!r}")
    names, codes = np.unique(np.asarray(rollouts.labels[label], dtype=np.str_), return_inverse=True)
    return tuple(str(name) for name in names), codes.astype(np.int64)


def _wordings(rollouts: SequenceTrace, question: IntArray) -> IntArray:
    """Rank of each rollout's wording among those of its question, (S,)."""
    if "wording" not in rollouts.labels:
        return np.zeros(len(question), dtype=np.int64)
    names = rollouts.labels["wording"]
    ordered = sorted(set(names), key=lambda name: (len(name), name))  # "2" before "10"
    wording = np.array([ordered.index(name) for name in names], dtype=np.int64)
    distinct, place = np.unique(question * len(ordered) + wording, return_inverse=True)
    owner = distinct // len(ordered)
    return np.asarray((np.arange(len(distinct)) - np.searchsorted(owner, owner))[place])
