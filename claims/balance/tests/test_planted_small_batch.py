"""Planted usage: arms whose corpora use the same experts, or their own."""

from dataclasses import replace
from functools import partial

import numpy as np

from claims.balance import test_geo_disc_small_batch
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import SAMPLING, finding_of, outcome
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

balance_small_batch = test_geo_disc_small_batch.test_balance_small_batch
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


def turning() -> Experiment:
    """Two trainings that disagree about the sign."""
    return experiment(ARMS, 2, lambda k, arm: used(70 + k, arm, ((0.0, 1.0), (0.4, 0.0))[k][arm], 0.1))


def other_numbers_of_experts() -> Experiment:
    """Arms of which one has six experts in the place of eight."""
    planted = balanced(6, *CLAIMED)
    one, other = planted.traces[0]
    layers = tuple(
        replace(
            layer,
            router=replace(layer.router, weight=layer.router.weight[:6]),
            logits=layer.logits[:, :6],
            experts=layer.experts % 6,
        )
        for layer in one.layers
    )
    return replace(planted, traces=((replace(one, layers=layers), other),))


CLAIMED = (0.0, 0.3), (1.0, 0.3)
CONTRACTS = (
    Contract(
        balance_small_batch,
        (
            Case("corpora alike in the first arm", Verdict.SUPPORTED, batch_experiment=partial(balanced, 1, *CLAIMED)),
            Case("in the last arm", Verdict.REFUTED, batch_experiment=partial(balanced, 1, *CLAIMED[::-1])),
            Case(
                "a bound that shuffled corpora meet", Verdict.VACUOUS, at={"smaller": 1.0},
                batch_experiment=partial(balanced, 1, *CLAIMED),
            ),
            Case("a sign that turns with the seed", Verdict.INCONCLUSIVE, batch_experiment=turning),
            *refused(
                "batch_experiment",
                ("other numbers of experts", "the routers have 6, 8 experts", other_numbers_of_experts),
                ("one corpus", "of the text's 1 the smallest has 24", partial(balanced, 3, *CLAIMED, corpora=1)),
            ),
        ),
        (
            Null(  # with two trainings as units 30 % were refuted
                "arms alike", {"batch_experiment": partial(balanced, first=(0.5, 0.5), last=(0.5, 0.5))},
                resamples=99, limits={Verdict.SUPPORTED: 0.5, Verdict.REFUTED: 0.975},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_sequences_alike_are_not_corpora_alike() -> None:
    # The first arm's sequences differ less from one another, whatever their corpus: that is not what is claimed.
    planted = balanced(2, (0.0, 0.0), (0.0, 1.5))
    assert outcome(balance_small_batch, batch_experiment=planted).verdict != Verdict.SUPPORTED
    figure = finding_of(balance_small_batch, batch_experiment=planted).figure
    assert figure is not None
    one, whole = (np.mean(series.y) for series in figure.series[:2])
    assert one < 0.5 * whole


def test_the_null_calibrates() -> None:
    finding = balance_small_batch(balanced(4, (0.0, 0.3), (1.0, 0.3)), SAMPLING)
    assert finding.criteria[0].estimate.high < -0.05
    assert finding.null[0].estimate.low < 0 < finding.null[0].estimate.high


def test_a_widened_interval_is_none_of_a_resampling() -> None:
    judged, by_training = (measured.estimate for measured in balance_small_batch(turning(), SAMPLING).criteria)
    assert not judged.draws
    assert by_training.low < 0 < by_training.high <= judged.high
    assert by_training.n == 2


def test_a_small_text_has_an_interval() -> None:
    # Eight sequences a corpus: in a few resamples a shuffled corpus is empty, which must not cost the interval.
    estimate = (
        balance_small_batch(balanced(5, (0.0, 0.3), (1.0, 0.3), corpora=3), Sampling(5, 9999)).criteria[0].estimate
    )
    assert estimate.low < estimate.value < estimate.high < 0
    assert estimate.method.startswith("percentile (no BCa)")
