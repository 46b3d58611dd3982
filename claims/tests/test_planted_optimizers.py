"""Planted norms and angles: states of two optimizers."""

from dataclasses import replace

import numpy as np
import pytest

from claims.finding import NotApplicable
from claims.sampling import Sampling
from claims.test_geo_fig11_optimizers import test_optimizer_norms as optimizer_norms
from claims.tests.planted_experiments import experiment
from claims.tests.verdicts import SAMPLING, verdict
from claims.verdict import Verdict
from fixtures.experiments import Experiment
from fixtures.planted import World, planted_trace
from fixtures.trace import Trace

# The claims are imported under names that pytest does not collect.

ARMS = ("AdamW", "Muon")
WORLD = World(sequences=32, length=8, width=8)


def lengths(seed: int, spread: float, mean: float = 1.0) -> Trace:
    """Directions around a mean, lengths log-normal with a standard deviation of about ``spread``."""
    rng = np.random.default_rng(seed)
    hidden = []
    for _ in range(2):
        states = WORLD.normal(rng) + mean
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        hidden.append(states * np.exp(spread * rng.standard_normal((WORLD.tokens, 1))))
    return planted_trace(WORLD, hidden, [WORLD.router(rng) for _ in hidden], spectra=False)


def optimized(seed: int, spreads: list[tuple[float, float]], means: tuple[float, float] = (1.0, 1.0)) -> Experiment:
    """One pair of spreads, of the first arm and the last, for each seed."""
    return experiment(
        ARMS, len(spreads), lambda k, arm: lengths(1000 * seed + 10 * k + arm, spreads[k][arm], means[arm])
    )


@pytest.mark.parametrize(
    ("spreads", "means", "expected"),
    [
        ([(0.3, 0.1)] * 2, (1.0, 1.0), Verdict.SUPPORTED),
        ([(0.3, 0.1)], (1.0, 1.0), Verdict.SUPPORTED),
        ([(0.1, 0.3)] * 2, (1.0, 1.0), Verdict.REFUTED),
        ([(0.3, 0.1)] * 2, (1.0, 2.0), Verdict.REFUTED),  # angles differ by more than the margin
        ([(0.6, 0.1), (0.2, 0.1)], (1.0, 1.0), Verdict.VACUOUS),  # seeds of one optimizer differ as much
        ([(0.1, 0.4), (0.3, 0.2)], (1.0, 1.0), Verdict.INCONCLUSIVE),  # the sign turns with the seed
    ],
)
def test_optimizer_norms(spreads: list[tuple[float, float]], means: tuple[float, float], expected: Verdict) -> None:
    found = verdict(optimizer_norms, optimizer_experiment=optimized(1, spreads, means), sampling=SAMPLING)
    assert found == expected


def test_the_cv_is_that_of_all_tokens() -> None:
    planted = optimized(2, [(0.3, 0.1)])
    finding = optimizer_norms(planted, SAMPLING)
    curve = next(curve for curve in finding.layers if curve.name == "CV, AdamW")
    length = np.sqrt(planted.traces[0][0].layers[1].squared_norm)
    assert curve.values[1] is not None
    assert not isinstance(curve.values[1], float)
    assert curve.values[1].value == pytest.approx(length.std() / length.mean())


def test_arms_of_other_lengths_can_be_swapped() -> None:
    # Lengths ten times as large in one arm, spread alike: swapped sequences must not mix the two scales.
    planted = optimized(4, [(0.2, 0.2)])
    first, last = planted.traces[0]
    longer = replace(
        last, layers=tuple(replace(layer, squared_norm=100.0 * layer.squared_norm) for layer in last.layers)
    )
    same, scaled = (optimizer_norms(replace(planted, traces=((first, other),)), SAMPLING) for other in (last, longer))
    for a, b in zip((*same.criteria, *same.null), (*scaled.criteria, *scaled.null), strict=True):
        assert a.estimate.value == pytest.approx(b.estimate.value, abs=1e-12)


def test_one_sampled_token_has_no_angle() -> None:
    planted = optimized(3, [(0.3, 0.1)])

    def cut(trace: Trace) -> Trace:
        return replace(
            trace,
            sample=trace.sample[:1],
            layers=tuple(replace(layer, hidden=layer.hidden[:1]) for layer in trace.layers),
        )

    with pytest.raises(NotApplicable, match="no angle"):
        optimizer_norms(replace(planted, traces=(tuple(cut(t) for t in planted.traces[0]),)), SAMPLING)


def optimizer_null(seed: int) -> Verdict:
    planted = optimized(seed, [(0.2, 0.2)])  # one seed: with more, the null may call it vacuous besides
    return verdict(optimizer_norms, optimizer_experiment=planted, sampling=Sampling(seed, 199))


def test_optimizers_alike_are_rarely_told_apart() -> None:
    assert [optimizer_null(seed) for seed in range(200)].count(Verdict.SUPPORTED) <= 10
