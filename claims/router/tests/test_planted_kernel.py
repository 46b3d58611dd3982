"""Planted kernels: blind moves, and energy where a router looks or does not."""

from dataclasses import replace

import numpy as np
import pytest

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.router.test_geo_review_kernel import test_kernel_counterexample as kernel_counterexample
from claims.router.test_geo_review_kernel import test_kernel_energy as kernel_energy
from claims.tests.support.verdicts import SAMPLING, two_layers, verdict
from fixtures.evidence.null_space_moves import Kind, Move, NullSpaceMoves
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.


def moves(*, kernel_changes: float, row_changes: float, output: float, seed: int = 0) -> NullSpaceMoves:
    """Moves over 12 sequences of 8 tokens whose choices change at the given rates."""
    rng = np.random.default_rng(seed)
    sequence = np.repeat(np.arange(12, dtype=np.int32), 8)

    def move(kind: Kind, norm: float, rate: float) -> Move:
        return Move(
            layer=0,
            kind=kind,
            norm=norm,
            sequence=sequence,
            same_experts=rng.random(96) >= rate,
            near_tie=np.zeros(96, dtype=bool),
            weight_change=np.full(96, 1e-7),
            output_change=output * rng.uniform(0.8, 1.2, 96),
            example={"weight": np.eye(2), "hidden": np.ones(2), "moved": np.ones(2)},
        )

    kernel = [move("kernel", norm, kernel_changes) for norm in (0.1, 1.0, 10.0)]
    return NullSpaceMoves(moves=(*kernel, move("row", 1.0, row_changes)), not_applicable={})


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (moves(kernel_changes=0.0, row_changes=0.9, output=0.5), Verdict.SUPPORTED),
        (moves(kernel_changes=0.3, row_changes=0.9, output=0.5), Verdict.REFUTED),
        (moves(kernel_changes=0.0, row_changes=0.9, output=0.01), Verdict.REFUTED),
        (moves(kernel_changes=0.0, row_changes=0.0, output=0.5), Verdict.VACUOUS),
    ],
)
def test_kernel_counterexample(planted: NullSpaceMoves, expected: Verdict) -> None:
    arguments = {"trace": two_layers(World(), 6), "null_space_moves": planted, "sampling": SAMPLING}
    assert verdict(kernel_counterexample, variant={"move": "injected"}, **arguments) == expected


def test_an_impossible_reachable_move_is_not_applicable_with_its_reason() -> None:
    planted = moves(kernel_changes=0.0, row_changes=0.9, output=0.5)
    planted = replace(planted, not_applicable={0: "no norm feeds the block"})
    with pytest.raises(NotApplicable, match="no norm feeds the block"):
        kernel_counterexample(
            trace=two_layers(World(), 6), null_space_moves=planted, variant={"move": "reachable"}, sampling=SAMPLING
        )


def tilted(world: World, seed: int, towards: float) -> Trace:
    """States with energy moved into the row space (towards > 1) or out of it (< 1)."""
    rng = np.random.default_rng(seed)
    weight = world.router(rng)
    basis = np.linalg.svd(weight, full_matrices=False)[2]
    hidden = world.normal(rng)
    return planted_trace(world, [hidden + (towards - 1) * hidden @ basis.T @ basis], [weight])


@pytest.mark.parametrize("of", ["energy", "variance"])
def test_kernel_energy(of: str) -> None:
    for towards, expected in ((2.0, Verdict.SUPPORTED), (0.5, Verdict.REFUTED)):
        trace = tilted(World(), 7, towards)
        assert verdict(kernel_energy, trace=trace, variant={"of": of}, sampling=SAMPLING) == expected


def kernel_energy_null(seed: int) -> Verdict:
    return verdict(
        kernel_energy, trace=tilted(World(), seed, 1.0), variant={"of": "energy"}, sampling=Sampling(seed, 199)
    )
