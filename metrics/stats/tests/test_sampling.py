"""Streams of random numbers: the same for the same seed and labels, and no two seeds share one."""

import numpy as np

from metrics.stats.few_units import student_mean
from metrics.stats.sampling import Sampling, stream_seed


def test_no_two_seeds_share_a_stream() -> None:
    few = [stream_seed(seed, number) for seed in range(6) for number in range(10_000)]
    assert len(set(few)) == len(few)
    many = np.sort([stream_seed(seed, 0) for seed in range(1000)])
    assert np.diff(many, append=many[0] + 2**32).min() > 1_000_000


def test_streams_of_seed_0_are_their_numbers() -> None:
    assert [stream_seed(0, number) for number in range(5)] == [0, 1, 2, 3, 4]
    assert stream_seed(2**40 + 3, 2**33) < 2**32


def test_the_draws_of_seeds_and_labels_are_their_own() -> None:
    def drawn(seed: int, *labels: str | int) -> tuple[float, ...]:
        return tuple(Sampling(seed).rng(*labels).random(4).tolist())

    keys = [(stream_seed(seed, number), label) for seed in range(6) for number in range(20) for label in ("a", "b")]
    assert len({drawn(*key) for key in keys}) == len(keys)
    assert drawn(3, "a", 1) == drawn(3, "a", 1)


def test_few_sequences_have_students_interval_and_equal_ones_their_own() -> None:
    values = np.random.default_rng(0).standard_normal((8, 2))
    assert Sampling(0).mean(values[:7, 0]) == student_mean(values[:7, 0], unit="sequence")
    assert Sampling(0).means(values[:7])[1] == student_mean(values[:7, 1], unit="sequence")
    assert Sampling(0).mean(values[:, 0]).method.startswith("BCa")
    assert Sampling(0).mean([2.0, 2.0]).method == "mean; all 2 units are equal, so no resampling"
