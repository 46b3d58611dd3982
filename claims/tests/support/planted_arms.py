"""Planted arms of an experiment on experts: their states and routing, and the products of their Jacobians, by hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fixtures.evidence.experiments import FunctionExperiment, TrainedArm
from fixtures.evidence.experts import ExpertStates, ExpertTrace, LayerExperts
from fixtures.evidence.jacobians import FunctionTrace, LayerFunctions
from fixtures.evidence.text_fit import TextFit
from metrics.arrays import Float64Array, Int64Array
from metrics.jacobians.token_cosines import TokenCosines

SEQUENCES, LENGTH = 4, 40
TOKENS = SEQUENCES * LENGTH
WIDTH, EXPERTS, KEPT = 12, 4, 40
#: Layers of a planted checkpoint, and trainings of a planted experiment.
LAYERS, SEEDS = 3, 5


@dataclass(frozen=True)
class Routed:
    """States (N, D) of a layer's N tokens, and where each goes, (N, k), under which weights."""

    states: Float64Array
    chosen: Int64Array
    weights: Float64Array


@dataclass(frozen=True)
class Alike:
    """Mean alignment that each reading of the Jacobians shall have, and its deviation from layer to layer."""

    own: float = 0.0
    weighted: float = 0.0
    shared: float = 0.0
    single: float = 0.0
    noise: float = 0.02


@dataclass(frozen=True)
class Spectrum:
    """Singular values s_1 decay^(k - 1) of an expert, or a layer, of which ``rank`` are not 0."""

    leading: float = 1.0
    decay: float = 0.9
    rank: int = 6
    noise: float = 0.05


Pair = tuple[tuple[LayerExperts, LayerFunctions], tuple[LayerExperts, LayerFunctions]]
Build = Callable[[np.random.Generator], Pair]


def experiment(
    arms: tuple[str, str], build: Build, before: Build, *, seed: int = 0, seeds: int = SEEDS, layers: int = LAYERS
) -> FunctionExperiment:
    """Return an experiment whose layers ``build`` draws, of both arms at once, and ``before`` those before training."""

    def trained(draw: Build, stage: int) -> tuple[tuple[TrainedArm, ...], ...]:
        found = []
        for number in range(seeds):
            pairs = [draw(np.random.default_rng([seed, stage, number, layer])) for layer in range(layers)]
            found.append(tuple(_arm(f"{arm}-{number}", [pair[i] for pair in pairs]) for i, arm in enumerate(arms)))
        return tuple(found)

    return FunctionExperiment("planted", arms, trained(build, 0), trained(before, 1))


def not_modelled(planted: FunctionExperiment) -> FunctionExperiment:
    """The same experiment, of which one arm predicts its text by a fifth of a nat better than token frequencies."""
    first, *others = planted.trainings
    gain = np.random.default_rng(0).normal(0.2, 0.01, SEQUENCES)
    fits = (TextFit(5.0 - gain, np.full(SEQUENCES, 5.0)), TextFit(np.full(SEQUENCES, 2.0), np.full(SEQUENCES, 5.0)))
    fitted = tuple(replace(arm, fit=fit) for arm, fit in zip(first, fits, strict=True))
    return replace(planted, trainings=(fitted, *others))


def changed(planted: FunctionExperiment, seed: int, arm: int, **fields: object) -> FunctionExperiment:
    """The same experiment with other fields of one arm's expert trace."""
    trainings = [list(training) for training in planted.trainings]
    held = trainings[seed][arm]
    trainings[seed][arm] = replace(held, experts=replace(held.experts, **fields))  # type: ignore[arg-type]
    return replace(planted, trainings=tuple(tuple(training) for training in trainings))


def mixed(one: FunctionExperiment, other: FunctionExperiment) -> FunctionExperiment:
    """Trainings of one experiment and of another, in turn."""
    pairs = zip(one.trainings, other.trainings, strict=True)
    return replace(one, trainings=tuple(pair[number % 2] for number, pair in enumerate(pairs)))


def some(planted: FunctionExperiment, seeds: int) -> FunctionExperiment:
    """The first so many trainings."""
    return replace(planted, trainings=planted.trainings[:seeds], untrained=planted.untrained[:seeds])


def never_untrained(planted: FunctionExperiment) -> FunctionExperiment:
    """The same trainings, whose initialisations are not known."""
    return replace(planted, untrained=())


def swapped(planted: FunctionExperiment) -> FunctionExperiment:
    """The arms in the other order."""
    trained, untrained = (
        tuple(tuple(reversed(training)) for training in stage) for stage in (planted.trainings, planted.untrained)
    )
    return replace(planted, trainings=trained, untrained=untrained)


def without(planted: FunctionExperiment, arm: int, layers: int) -> FunctionExperiment:
    """The same experiment, one arm's experts unread in the first so many layers."""

    def unread(held: TrainedArm) -> TrainedArm:
        kept = held.functions.layers
        blind = tuple(replace(layer, note="its experts cannot be read") for layer in kept[:layers])
        return replace(held, functions=replace(held.functions, layers=(*blind, *kept[layers:])))

    trainings = [
        tuple(unread(held) if place == arm else held for place, held in enumerate(training))
        for training in planted.trainings
    ]
    return replace(planted, trainings=tuple(trainings))


def one_expert(states: Float64Array, cluster: Int64Array) -> Routed:
    """Every token at the expert of its number, under its whole weight."""
    return Routed(states, cluster[:, None], np.ones((TOKENS, 1)))


def all_experts(states: Float64Array, gates: Float64Array) -> Routed:
    """Every token at all experts, under gates (N, E)."""
    return Routed(states, np.tile(np.arange(gates.shape[1]), (TOKENS, 1)), gates)


def layer_of(rng: np.random.Generator, routed: Routed, experts: int, *, outputs: bool = True) -> LayerExperts:
    """What a capture would keep of the tokens: a random few visits of each expert, and all tokens as the sample.

    Outputs are the states times a diagonal that is the expert's.
    """
    kept = np.full((experts, KEPT), -1)
    states, weight = np.zeros((experts, KEPT, WIDTH), np.float32), np.zeros((experts, KEPT), np.float32)
    visits, total = np.zeros(experts, np.int64), np.zeros(experts)
    gains = 1 + rng.random((experts, WIDTH))
    for number in range(experts):
        token, slot = np.nonzero(routed.chosen == number)
        visits[number], total[number] = len(token), routed.weights[token, slot].sum()
        some = rng.permutation(len(token))[:KEPT]
        kept[number, : len(some)] = token[some]
        states[number, : len(some)] = routed.states[token[some]]
        weight[number, : len(some)] = routed.weights[token[some], slot[some]]
    return LayerExperts(
        layer=0,
        path="planted",
        source="experts",
        note="" if outputs else "no module holds its experts",
        visits=visits,
        weight=total,
        inputs=_side(states),
        outputs=_side(states * gains[:, None].astype(np.float32)) if outputs else None,
        kept_token=kept,
        kept_sequence=np.where(kept >= 0, kept // LENGTH, -1),
        kept_weight=weight,
        sample=routed.states.astype(np.float32),
        sample_experts=routed.chosen,
        sample_weights=routed.weights.astype(np.float32),
    )


def functions(
    rng: np.random.Generator,
    experts: int,
    alike: Alike | None = None,
    spectrum: Spectrum | None = None,
    layer: Spectrum | None = None,
) -> LayerFunctions:
    """Products with the wanted alignments, and the wanted spectra of experts and of their layer, but for noise."""
    wanted = alike or Alike()
    rows = _spectra(rng, experts, spectrum or Spectrum())
    together = _spectra(rng, 1, layer or spectrum or Spectrum())
    at_token = TokenCosines(*2 * (_cosines(rng, experts, wanted.single, wanted.noise),), np.array([5, 5]), "planted")
    nothing = TokenCosines(*2 * (_cosines(rng, experts, 0.0, wanted.noise),), np.array([5, 5]), "planted")
    return LayerFunctions(
        layer=0,
        path="planted",
        note="",
        experts=np.arange(experts),
        count=experts,
        visits=np.full((experts, 2), 5),
        own=_products(rng, experts, wanted.own, wanted.noise),
        weighted=_products(rng, experts, wanted.weighted, wanted.noise),
        gated=None,
        shared=_products(rng, experts, wanted.shared, wanted.noise),
        redrawn_own=_products(rng, experts, 0.0, wanted.noise),
        redrawn_shared=_products(rng, experts, 0.0, wanted.noise),
        at_token=at_token,
        redrawn_at_token=nothing,
        two_tokens=np.ones((2, experts)),
        outputs=np.zeros((2, experts, experts)),
        next_layer=np.zeros((experts, 0)),
        leading=rows,
        token_leading=np.repeat(rows, 2, axis=0),
        layer_leading=together,
        layer_token_leading=np.repeat(together, 2, axis=0),
    )


def _spectra(rng: np.random.Generator, count: int, shape: Spectrum) -> npt.NDArray[np.float32]:
    """Rows of 8 singular values that differ by noise in size and decay."""
    ranks = np.arange(8)
    size, slope = np.exp(shape.noise * rng.standard_normal((2, count, 1)))
    rows = shape.leading * size * shape.decay ** (ranks * slope)
    rows[:, shape.rank :] = 0.0
    return np.asarray(rows, dtype=np.float32)


def _arm(name: str, layers: list[tuple[LayerExperts, LayerFunctions]]) -> TrainedArm:
    population = {"name": "planted", "digest": "0"}
    experts = ExpertTrace(
        checkpoint={"name": name, "parameters": 1000},
        population=population,
        lengths=np.full(SEQUENCES, LENGTH),
        corpus=np.zeros(SEQUENCES, np.int16),
        corpora=("planted",),
        documents=tuple(str(number) for number in range(SEQUENCES)),
        sample=np.arange(TOKENS),
        layers=tuple(replace(found, layer=number) for number, (found, _) in enumerate(layers)),
    )
    studied = tuple(replace(found, layer=number) for number, (_, found) in enumerate(layers))
    return TrainedArm(name, experts, FunctionTrace(experts.checkpoint, population, np.arange(SEQUENCES) % 2, studied))


def _side(kept: npt.NDArray[np.float32]) -> ExpertStates:
    return ExpertStates(np.zeros(kept.shape[2]), kept)


def _products(rng: np.random.Generator, experts: int, level: float, noise: float) -> npt.NDArray[np.float32]:
    """Products over two blocks, each half of every Jacobian, with off-diagonal cosines around ``level``."""
    table = _table(rng, experts, level, noise)
    return np.tile((table / 4)[:, None, :, None], (1, 2, 1, 2)).astype(np.float32)


def _cosines(rng: np.random.Generator, experts: int, level: float, noise: float) -> npt.NDArray[np.float32]:
    return np.stack([_table(rng, experts, level, noise) for _ in range(2)]).astype(np.float32)


def _table(rng: np.random.Generator, experts: int, level: float, noise: float) -> Float64Array:
    table = np.full((experts, experts), level + noise * rng.standard_normal())
    np.fill_diagonal(table, 1.0)
    return table
