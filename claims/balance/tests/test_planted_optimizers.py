"""Planted norms and angles: states of two optimizers."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_fig11_optimizers
from claims.balance.state_norms import BEFORE, INPUT
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import SAMPLING, outcome
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.residual import ResidualLayer, ResidualStates
from fixtures.evidence.trace import LayerTrace, Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.usage.profiles import cosine_matrix

optimizer_norms = test_geo_fig11_optimizers.test_optimizer_norms
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


def both_readings(
    name: str, expected: Verdict, spreads: list[tuple[float, float]], means: tuple[float, float] = (1.0, 1.0)
) -> list[Case]:
    """Cases of the same states read before a norm, and as a router's input."""
    read = partial(optimized, 1, spreads, means)
    return [
        Case(f"{name}, before", expected, optimizer_experiment=lambda: before_norms(read()), variant=BOTH[0]),
        Case(f"{name}, input", expected, optimizer_experiment=read, variant=BOTH[1]),
    ]


def lonely() -> Experiment:
    """One sampled token."""
    planted = optimized(3, [(0.3, 0.1)])

    def cut(trace: Trace) -> Trace:
        layers = tuple(replace(layer, hidden=layer.hidden[:1]) for layer in trace.layers)
        return replace(trace, sample=trace.sample[:1], layers=layers)

    return replace(planted, traces=(tuple(map(cut, planted.traces[0])),))


def without_norms() -> Experiment:
    """A first arm in whose layers no norm takes in the stream."""
    planted = before_norms(optimized(1, [(0.3, 0.1)]))
    first, last = planted.residuals[0]
    without = replace(first, layers=(), left_out={0: "no norm", 1: "something else"})
    return replace(planted, residuals=((without, last),))


CONTRACTS = (
    Contract(
        optimizer_norms,
        (
            *both_readings("more spread under the first", Verdict.SUPPORTED, [(0.3, 0.1)] * 2),
            *both_readings("one training", Verdict.SUPPORTED, [(0.3, 0.1)]),
            *both_readings("less spread", Verdict.REFUTED, [(0.1, 0.3)] * 2),
            *both_readings("angles beyond the margin", Verdict.REFUTED, [(0.3, 0.1)] * 2, (1.0, 2.0)),
            *both_readings("seeds differ as much", Verdict.VACUOUS, [(0.6, 0.1), (0.2, 0.1)]),
            *both_readings("a sign that turns with the seed", Verdict.INCONCLUSIVE, [(0.1, 0.4), (0.3, 0.2)]),
            *refused(
                "optimizer_experiment",
                ("no norm takes in the stream", r"in no layer of all 2 .*: no norm; something else", without_norms),
                ("one sampled token, before", "no angle", lambda: before_norms(lonely())),
                variant=BOTH[0],
            ),
            Case(
                "one sampled token, input", Verdict.NOT_APPLICABLE, says="no angle", variant=BOTH[1],
                optimizer_experiment=lonely,
            ),
        ),
        (
            Null(  # one training: with more, the null may call it vacuous besides
                "optimizers alike",
                {"optimizer_experiment": lambda seed: optimized(seed, [(0.2, 0.2)]), "variant": BOTH[1]},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_a_norm_hides_how_much_lengths_vary() -> None:
    planted = before_norms(optimized(1, [(0.3, 0.1)] * 2))
    assert outcome(optimizer_norms, optimizer_experiment=planted, variant=BOTH[1]).verdict != Verdict.SUPPORTED


def test_both_readings_of_one_set_of_states_agree() -> None:
    planted = optimized(5, [(0.3, 0.2)])
    planted = replace(planted, residuals=tuple(tuple(map(stream, seed)) for seed in planted.traces))
    before, after = (optimizer_norms(planted, variant, SAMPLING) for variant in BOTH)
    for one, other in zip((*before.criteria, *before.null), (*after.criteria, *after.null), strict=True):
        assert one.estimate.value == pytest.approx(other.estimate.value, abs=1e-6)


def test_where_some_norms_take_in_no_stream_the_other_layers_are_judged() -> None:
    optimizer_norms(without_norms(), BOTH[1], SAMPLING)
    planted = before_norms(optimized(1, [(0.3, 0.1)]))
    first, last = planted.residuals[0]
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
