"""Token identity where it decides everything, and where it decides nothing."""

import numpy as np
import pytest

from metrics.arrays import Float64Array, Int64Array
from metrics.usage.profiles import cosine_matrix, usage
from metrics.usage.token_identity import other_occurrences
from metrics.usage.top_p import jaccard_matrix, top_p_set

SEQUENCES, LENGTH, VOCABULARY, EXPERTS, CHOICES = 40, 400, 30, 16, 2
OWNER = np.repeat(np.arange(SEQUENCES), LENGTH)
APART = ~np.eye(SEQUENCES, dtype=bool)


def text(rng: np.random.Generator) -> Int64Array:
    """Sequences that prefer ids of their own."""
    taste = rng.dirichlet(np.full(VOCABULARY, 0.5), SEQUENCES)
    return np.concatenate([rng.choice(VOCABULARY, LENGTH, p=own) for own in taste])


def chosen(scores: Float64Array) -> Int64Array:
    return np.argsort(-scores, axis=1)[:, :CHOICES]


def by_id(rng: np.random.Generator, token: Int64Array) -> Int64Array:
    """Each id has its experts, whatever surrounds it."""
    return chosen(rng.standard_normal((VOCABULARY, EXPERTS)))[token]


def by_sequence(rng: np.random.Generator, token: Int64Array) -> Int64Array:
    """Each sequence has its experts, whatever it says."""
    return chosen(2 * rng.standard_normal((SEQUENCES, EXPERTS))[OWNER] + rng.standard_normal((len(token), EXPERTS)))


def profiles(experts: Int64Array) -> Float64Array:
    return usage(experts, OWNER, SEQUENCES, EXPERTS)


def test_where_ids_decide_everything_the_usage_is_what_it_was() -> None:
    rng = np.random.default_rng(0)
    token = text(rng)
    experts, drawn = by_id(rng, token), other_occurrences(token, OWNER, rng)
    np.testing.assert_array_equal(experts[drawn], experts)


def test_where_ids_decide_nothing_every_sequence_gets_the_average() -> None:
    rng = np.random.default_rng(0)
    token = text(rng)
    experts, drawn = by_sequence(rng, token), other_occurrences(token, OWNER, rng)
    own, identity = profiles(experts), profiles(experts[drawn])
    average = own.mean(axis=0)
    assert np.abs(own - average).mean() > 0.03
    assert np.abs(identity - average).max() < 0.04  # 800 visits: a standard error of 0.01 at most
    assert cosine_matrix(own)[APART].mean() < 0.8 < 0.95 < cosine_matrix(identity)[APART].mean()
    measured, expected = (jaccard_matrix(*[top_p_set(rows)] * 2)[APART].mean() for rows in (own, identity))
    assert measured < expected - 0.2


def test_tokens_whose_ids_decide_keep_their_experts_and_the_others_do_not() -> None:
    rng = np.random.default_rng(0)
    token = text(rng)
    decided = rng.random(VOCABULARY) < 0.5
    experts = np.where(decided[token][:, None], by_id(rng, token), by_sequence(rng, token))
    drawn = other_occurrences(token, OWNER, rng)
    known = decided[token]
    np.testing.assert_array_equal(experts[drawn][known], experts[known])
    assert (experts[drawn][~known] != experts[~known]).any(axis=1).mean() > 0.5


def test_every_occurrence_in_another_sequence_is_drawn_alike_and_none_of_the_own() -> None:
    rng = np.random.default_rng(1)
    token, sequence = np.array([4, 4, 4, 4, 4, 9]), np.array([2, 0, 2, 1, 1, 3])
    drawn = np.stack([other_occurrences(token, sequence, rng) for _ in range(6000)])
    assert (sequence[drawn] != sequence).all()
    assert (token[drawn[:, :5]] == 4).all()
    for own in range(5):
        others = np.flatnonzero((token == 4) & (sequence != sequence[own]))
        counts = np.bincount(drawn[:, own], minlength=6)[others]
        assert np.abs(counts / len(drawn) - 1 / len(others)).max() < 0.03
    # The id 9 is nowhere else: any token of another sequence.
    assert np.abs(np.bincount(drawn[:, 5], minlength=6)[:5] / len(drawn) - 0.2).max() < 0.03


def test_one_sequence_tells_nothing() -> None:
    with pytest.raises(ValueError, match="needs two sequences"):
        other_occurrences(np.array([1, 1]), np.array([0, 0]), np.random.default_rng(0))
