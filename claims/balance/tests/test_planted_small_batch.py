"""Planted usage: arms whose corpora use the same experts, or their own."""

from dataclasses import replace

import numpy as np
import pytest

from claims.balance.test_geo_disc_small_batch import test_balance_small_batch as balance_small_batch
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

ARMS = ("one sequence", "whole batch")
WORLD = World(sequences=24, length=40, width=4, experts=8, top_k=1)


def used(seed: int, arm: int, by_corpus: float, by_sequence: float, corpora: int = 2) -> Trace:
    """Experts drawn from profiles that differ between corpora, and between sequences, by so much.

    The corpora's tastes are those of the seed, whatever the arm: only the experts are numbered anew.
    """
    shared, rng = np.random.default_rng(seed), np.random.default_rng([seed, arm])
    chosen = []
    for _ in range(2):
        corpus = np.repeat(shared.standard_normal((corpora, WORLD.experts)), WORLD.sequences // corpora, axis=0)
        own = rng.standard_normal((WORLD.sequences, WORLD.experts))
        taste = by_corpus * corpus[:, rng.permutation(WORLD.experts)] + by_sequence * own
        profile = np.exp(taste) / np.exp(taste).sum(axis=1, keepdims=True)
        chosen.append(np.concatenate([rng.choice(WORLD.experts, WORLD.length, p=row) for row in profile])[:, None])
    hidden = [WORLD.normal(rng) for _ in chosen]
    weight = [WORLD.router(rng) for _ in chosen]
    return planted_trace(WORLD, hidden, weight, experts=chosen, corpora=corpora, spectra=False)


def balanced(seed: int, first: tuple[float, float], last: tuple[float, float], corpora: int = 2) -> Experiment:
    return experiment(ARMS, 2, lambda k, arm: used(100 * seed + k, arm, *(first, last)[arm], corpora))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [((0.0, 0.3), (1.0, 0.3), Verdict.SUPPORTED), ((1.0, 0.3), (0.0, 0.3), Verdict.REFUTED)],
)
def test_balance_small_batch(first: tuple[float, float], last: tuple[float, float], expected: Verdict) -> None:
    found = verdict(balance_small_batch, batch_experiment=balanced(1, first, last), sampling=SAMPLING)
    assert found == expected


def test_sequences_alike_are_not_corpora_alike() -> None:
    # The first arm's sequences differ less from one another, whatever their corpus: that is not what is claimed.
    planted = balanced(2, (0.0, 0.0), (0.0, 1.5))
    assert verdict(balance_small_batch, batch_experiment=planted, sampling=SAMPLING) != Verdict.SUPPORTED
    figure = balance_small_batch(planted, SAMPLING).figure
    assert figure is not None
    one, whole = (np.mean(series.y) for series in figure.series[:2])
    assert one < 0.5 * whole


def test_the_null_calibrates() -> None:
    finding = balance_small_batch(balanced(4, (0.0, 0.3), (1.0, 0.3)), SAMPLING)
    assert finding.criteria[0].estimate.high < -0.05
    assert finding.null[0].estimate.low < 0 < finding.null[0].estimate.high


def test_a_sign_that_turns_with_the_seed_decides_nothing() -> None:
    def build(k: int, arm: int) -> Trace:
        return used(70 + k, arm, (0.0, 1.0)[arm] if k == 0 else (0.4, 0.0)[arm], 0.1)

    finding = balance_small_batch(experiment(ARMS, 2, build), SAMPLING)
    judged, by_training = (measured.estimate for measured in finding.criteria)
    assert not judged.draws  # a widened interval is none of a resampling
    assert by_training.low < 0 < by_training.high <= judged.high
    assert by_training.n == 2
    assert verdict(balance_small_batch, batch_experiment=experiment(ARMS, 2, build), sampling=SAMPLING) == (
        Verdict.INCONCLUSIVE
    )


def test_a_small_text_has_an_interval() -> None:
    # Eight sequences a corpus: in a few resamples a shuffled corpus is empty, which must not cost the interval.
    estimate = (
        balance_small_batch(balanced(5, (0.0, 0.3), (1.0, 0.3), corpora=3), Sampling(5, 9999)).criteria[0].estimate
    )
    assert estimate.low < estimate.value < estimate.high < 0
    assert estimate.method.startswith("percentile (no BCa)")


def test_other_numbers_of_experts_do_not_compare() -> None:
    planted = balanced(6, (0.0, 0.3), (1.0, 0.3))
    fewer = replace(
        planted.traces[0][0],
        layers=tuple(replace(layer, logits=layer.logits[:, :6]) for layer in planted.traces[0][0].layers),
    )
    with pytest.raises(NotApplicable, match="the routers have 6, 8 experts"):
        balance_small_batch(replace(planted, traces=((fewer, planted.traces[0][1]),)), SAMPLING)


def test_one_corpus_has_nothing_to_diverge_from() -> None:
    with pytest.raises(NotApplicable, match="of the text's 1 the smallest has 24"):
        balance_small_batch(balanced(3, (0.0, 0.3), (1.0, 0.3), corpora=1), SAMPLING)


def small_batch_null(seed: int) -> Verdict:
    alike = (0.5, 0.5)
    return verdict(balance_small_batch, batch_experiment=balanced(seed, alike, alike), sampling=Sampling(seed, 99))


def test_arms_alike_are_rarely_told_apart() -> None:
    found = [small_batch_null(seed) for seed in range(200)]
    assert found.count(Verdict.SUPPORTED) <= 10
    assert found.count(Verdict.REFUTED) <= 16  # 5 % of 200 and two deviations; with two trainings as units it was 30 %
