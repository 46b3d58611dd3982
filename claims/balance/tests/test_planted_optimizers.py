"""Planted norms and angles: states of two optimizers."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_fig11_optimizers
from claims.balance.state_norms import BEFORE, INPUT
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import finding_of, outcome
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
    name: str,
    expected: Verdict,
    spreads: list[tuple[float, float]],
    means: tuple[float, float] = (1.0, 1.0),
    says: str = "",
) -> list[Case]:
    """Cases of the same states read before a norm, and as a router's input."""
    read = partial(optimized, 1, spreads, means)
    return [
        Case(
            f"{name}, before", expected, says=says, optimizer_experiment=lambda: before_norms(read()), variant=BOTH[0]
        ),
        Case(f"{name}, input", expected, says=says, optimizer_experiment=read, variant=BOTH[1]),
    ]


def around(more: float, seeds: int = 6, luck: float = 0.0) -> list[tuple[float, float]]:
    """Spreads whose difference is ``more``, of seeds that rise and fall together by so much luck."""
    return [(0.2 + more + up, 0.2 + up) for up in luck * np.linspace(-1, 1, seeds)]


def one_layer_in_two() -> Experiment:
    """The first layer alone spreads more under the first arm."""
    planted = optimized(1, around(0.2))
    other = optimized(2, around(-0.05))

    def mixed(one: Trace, two: Trace) -> Trace:
        return replace(one, layers=(one.layers[0], two.layers[1]))

    return replace(
        planted,
        traces=tuple(tuple(map(mixed, *pair)) for pair in zip(planted.traces, other.traces, strict=True)),
    )


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
            *both_readings("more spread under the first", Verdict.SUPPORTED, around(0.1)),
            *both_readings("seeds that differ by half", Verdict.SUPPORTED, around(0.1, luck=0.07)),
            *both_readings("angles apart", Verdict.PARTLY, around(0.1), (1.0, 2.0), says="median cosine"),
            Case(
                "in one layer of two", Verdict.PARTLY, says="what is stated: share of layers",
                optimizer_experiment=one_layer_in_two, variant=BOTH[1],
            ),
            *both_readings("less spread", Verdict.REFUTED, [(0.1, 0.3)] * 6),
            *both_readings("hardly more spread", Verdict.REFUTED, around(0.0)),
            *both_readings("seeds that differ as much", Verdict.VACUOUS, around(0.1, luck=0.19)),
            *both_readings("a sign that turns with the seed", Verdict.INCONCLUSIVE, [(0.1, 0.4), (0.4, 0.1)] * 3),
            *both_readings("two trainings", Verdict.INCONCLUSIVE, around(0.1, seeds=2), says="^2 trainings an arm"),
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
            Null(
                "optimizers alike",
                {"optimizer_experiment": lambda seed: optimized(seed, around(0.0, seeds=5)), "variant": BOTH[1]},
            ),
            Null(
                "true at its threshold plus a margin",
                {"optimizer_experiment": lambda seed: optimized(seed, around(0.03, seeds=5)), "variant": BOTH[1]},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far(
                {"optimizer_experiment": lambda seed: optimized(seed, around(0.06, seeds=5)), "variant": BOTH[1]}
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_a_norm_hides_how_much_lengths_vary() -> None:
    planted = before_norms(optimized(1, around(0.1)))
    assert outcome(optimizer_norms, optimizer_experiment=planted, variant=BOTH[1]).verdict == Verdict.REFUTED


def test_both_readings_of_one_set_of_states_agree() -> None:
    planted = optimized(5, [(0.3, 0.2)])
    planted = replace(planted, residuals=tuple(tuple(map(stream, seed)) for seed in planted.traces))
    before, after = (finding_of(optimizer_norms, optimizer_experiment=planted, variant=each) for each in BOTH)
    for (_, one), (_, other) in zip(before.by_role(), after.by_role(), strict=True):
        assert one.estimate.value == pytest.approx(other.estimate.value, abs=1e-6)


def test_where_some_norms_take_in_no_stream_the_other_layers_are_judged() -> None:
    finding_of(optimizer_norms, optimizer_experiment=without_norms(), variant=BOTH[1])
    planted = before_norms(optimized(1, [(0.3, 0.1)]))
    first, last = planted.residuals[0]
    one = replace(planted, residuals=((replace(first, layers=first.layers[1:], left_out={0: "no norm"}), last),))
    finding = finding_of(optimizer_norms, optimizer_experiment=one, variant=BOTH[0])
    assert {curve.layers for curve in finding.layers} == {(1,)}
    assert "Layers left out: 0 (no norm)." in finding.notes


def test_long_first_tokens_are_told_apart() -> None:
    planted = optimized(6, [(0.2, 0.2)])

    def lengthened(trace: Trace) -> Trace:
        scale = np.where(trace.position == 0, 400.0, 1.0)
        layers = (replace(layer, squared_norm=scale * layer.squared_norm) for layer in trace.layers)
        return replace(trace, layers=tuple(layers))

    first, last = planted.traces[0]
    longer = replace(planted, traces=((lengthened(first), last),))
    finding = finding_of(optimizer_norms, optimizer_experiment=longer, variant=BOTH[1])
    assert finding.headline[1].estimate.value > 1.0
    assert abs(finding.reported[0].estimate.value) < 0.05


def test_the_cv_is_that_of_all_tokens() -> None:
    planted = optimized(2, [(0.3, 0.1)])
    finding = finding_of(optimizer_norms, optimizer_experiment=planted, variant=BOTH[1])
    curve = next(curve for curve in finding.layers if curve.name == "CV, AdamW")
    length = np.sqrt(planted.traces[0][0].layers[1].squared_norm)
    assert curve.values[1] == pytest.approx(length.std() / length.mean())


def test_the_excess_is_over_what_two_seeds_of_one_optimizer_differ_by() -> None:
    finding = finding_of(optimizer_norms, optimizer_experiment=optimized(1, around(0.1, luck=0.07)), variant=BOTH[1])
    more, seeds, excess = (
        each.estimate.value for each in (finding.headline[1], finding.controls[0], finding.excess[0])
    )
    assert 0.03 < seeds < 0.09
    assert excess == pytest.approx(more - seeds)
