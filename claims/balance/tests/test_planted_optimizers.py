"""Planted norms and angles: states of two optimizers."""

from dataclasses import replace

import numpy as np
import pytest

from claims.balance.state_norms import BEFORE, INPUT
from claims.balance.test_geo_fig11_optimizers import test_optimizer_norms as optimizer_norms
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.residual import ResidualLayer, ResidualStates
from fixtures.evidence.trace import LayerTrace, Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling
from metrics.usage.profiles import cosine_matrix

# The claims are imported under names that pytest does not collect.

ARMS = ("AdamW", "Muon")
BOTH = ({"states": BEFORE}, {"states": INPUT})
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


def stream(trace: Trace) -> ResidualStates:
    """The states of a trace as the residual stream."""
    return ResidualStates(
        sequence=trace.sequence.astype(np.int32),
        sample=trace.sample.astype(np.int64),
        layers=tuple(ResidualLayer(n, f"norm{n}", *read(layer, trace)) for n, layer in enumerate(trace.layers)),
        left_out={},
    )


def read(layer: LayerTrace, trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Norms, and cosines of the pairs of every sequence."""
    owner = trace.sequence[trace.sample]
    tables = [cosine_matrix(layer.hidden[owner == number]) for number in range(trace.sequences)]
    pairs = [table[np.triu_indices(len(table), 1)] for table in tables]
    return np.sqrt(layer.squared_norm), np.concatenate(pairs).astype(np.float32)


def normed(trace: Trace) -> Trace:
    """The same states after a norm, all of one length."""
    return replace(
        trace,
        layers=tuple(
            replace(
                layer,
                hidden=layer.hidden / np.linalg.norm(layer.hidden, axis=1, keepdims=True),
                squared_norm=np.ones_like(layer.squared_norm),
            )
            for layer in trace.layers
        ),
    )


def before_norms(planted: Experiment) -> Experiment:
    """The planted states before a norm, and the router's input after it."""
    return replace(
        planted,
        traces=tuple(tuple(map(normed, seed)) for seed in planted.traces),
        residuals=tuple(tuple(map(stream, seed)) for seed in planted.traces),
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
    planted = optimized(1, spreads, means)
    for evidence, variant in zip((before_norms(planted), planted), BOTH, strict=True):
        assert verdict(optimizer_norms, optimizer_experiment=evidence, variant=variant, sampling=SAMPLING) == expected


def test_a_norm_hides_how_much_lengths_vary() -> None:
    planted = before_norms(optimized(1, [(0.3, 0.1)] * 2))
    before, after = (
        verdict(optimizer_norms, optimizer_experiment=planted, variant=variant, sampling=SAMPLING) for variant in BOTH
    )
    assert before == Verdict.SUPPORTED
    assert after != Verdict.SUPPORTED


def test_both_readings_of_one_set_of_states_agree() -> None:
    planted = optimized(5, [(0.3, 0.2)])
    planted = replace(planted, residuals=tuple(tuple(map(stream, seed)) for seed in planted.traces))
    before, after = (optimizer_norms(planted, variant, SAMPLING) for variant in BOTH)
    for one, other in zip((*before.criteria, *before.null), (*after.criteria, *after.null), strict=True):
        assert one.estimate.value == pytest.approx(other.estimate.value, abs=1e-6)


def test_where_no_norm_takes_in_the_stream_only_the_routers_input_is_judged() -> None:
    planted = before_norms(optimized(1, [(0.3, 0.1)]))
    first, last = planted.residuals[0]
    without = replace(first, layers=(), left_out={0: "no norm", 1: "something else"})
    nowhere = replace(planted, residuals=((without, last),))
    with pytest.raises(NotApplicable, match=r"in no layer of all 2 checkpoints .*: no norm; something else"):
        optimizer_norms(nowhere, BOTH[0], SAMPLING)
    optimizer_norms(nowhere, BOTH[1], SAMPLING)
    one = replace(planted, residuals=((replace(first, layers=first.layers[1:], left_out={0: "no norm"}), last),))
    finding = optimizer_norms(one, BOTH[0], SAMPLING)
    assert {curve.layers for curve in finding.layers} == {(1,)}
    assert "Layers left out: 0 (no norm)." in finding.notes


def test_long_first_tokens_are_told_apart() -> None:
    planted = optimized(6, [(0.2, 0.2)])

    def lengthened(trace: Trace) -> Trace:
        scale = np.where(trace.position == 0, 400.0, 1.0)
        layers = (replace(layer, squared_norm=scale * layer.squared_norm) for layer in trace.layers)
        return replace(trace, layers=tuple(layers))

    first, last = planted.traces[0]
    finding = optimizer_norms(replace(planted, traces=((lengthened(first), last),)), BOTH[1], SAMPLING)
    more, without = finding.criteria[0].estimate, finding.criteria[-1]
    assert more.low > 1.0
    assert not without.decides
    assert abs(without.estimate.value) < 0.05


def test_the_cv_is_that_of_all_tokens() -> None:
    planted = optimized(2, [(0.3, 0.1)])
    finding = optimizer_norms(planted, BOTH[1], SAMPLING)
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
    same, scaled = (
        optimizer_norms(replace(planted, traces=((first, other),)), BOTH[1], SAMPLING) for other in (last, longer)
    )
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

    lonely = replace(planted, traces=(tuple(map(cut, planted.traces[0])),))
    for evidence, variant in zip((before_norms(lonely), lonely), BOTH, strict=True):
        with pytest.raises(NotApplicable, match="no angle"):
            optimizer_norms(evidence, variant, SAMPLING)


def optimizer_null(seed: int) -> Verdict:
    planted = optimized(seed, [(0.2, 0.2)])  # one seed: with more, the null may call it vacuous besides
    return verdict(optimizer_norms, optimizer_experiment=planted, variant=BOTH[1], sampling=Sampling(seed, 199))


def test_optimizers_alike_are_rarely_told_apart() -> None:
    assert [optimizer_null(seed) for seed in range(200)].count(Verdict.SUPPORTED) <= 10
