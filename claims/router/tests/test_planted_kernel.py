"""Planted routers and moves: what the kernel hides, and whether the states are where the router looks."""

from typing import Any

import numpy as np

from claims.core.verdict import Verdict
from claims.router import test_geo_review_kernel, test_geo_review_kernel_energy
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_moves import NO_MOVES, moves, reached
from claims.tests.support.planted_routers import WORLD, nonlinear, unread, without_kernel
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import planted_trace

REACHABLE = {"move": "reachable"}
ENERGY, VARIANCE = {"of": "energy"}, {"of": "variance"}
TRACE: dict[str, Any] = {"trace": lambda: two_layers(WORLD, 6)}


def tilted(seed: int, towards: float) -> Trace:
    """States with energy moved into the row space (towards > 1) or out of it (< 1)."""
    rng = np.random.default_rng(seed)
    weight = WORLD.router(rng)
    basis = np.linalg.svd(weight, full_matrices=False)[2]
    hidden = WORLD.normal(rng)
    return planted_trace(WORLD, [hidden + (towards - 1) * hidden @ basis.T @ basis], [weight])


def one_direction(seen: float, seed: int = 1) -> Trace:
    """States along one direction, this share of whose energy the router sees."""
    rng = np.random.default_rng(seed)
    weight = WORLD.router(rng)
    basis = np.linalg.svd(weight)[2]
    direction = np.sqrt(seen) * basis[0] + np.sqrt(1 - seen) * basis[-1]
    return planted_trace(WORLD, [_along(direction, rng)], [weight])


def one_direction_at_random(seed: int) -> Trace:
    """States along one direction, under a router drawn at random: what it sees of them is luck."""
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal(WORLD.width)
    return planted_trace(WORLD, [_along(direction / np.linalg.norm(direction), rng)], [WORLD.router(rng)])


def _along(direction: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    signs = rng.choice([-1.0, 1.0], (WORLD.tokens, 1))
    return np.asarray(signs * direction + 0.02 * WORLD.normal(rng))


CONTRACTS = (
    Contract(
        test_geo_review_kernel.test_kernel_counterexample,
        (
            Case("moves that no router sees", Verdict.SUPPORTED, proves=True, null_space_moves=moves, **TRACE),
            Case("moves seen", Verdict.REFUTED, null_space_moves=lambda: moves(kernel=0.3), **TRACE),
            Case("weights changed", Verdict.REFUTED, null_space_moves=lambda: moves(drift=1e-3), **TRACE),
            Case("an output changed too little", Verdict.REFUTED, null_space_moves=lambda: moves(output=0.09), **TRACE),
            Case(
                "an effect at the threshold", Verdict.INCONCLUSIVE, null_space_moves=lambda: moves(output=0.1), **TRACE
            ),
            *(
                Case(f"{name}, reachable", expected, null_space_moves=world, variant=REACHABLE, **TRACE)
                for name, expected, world in (
                    ("moves that no router sees", Verdict.SUPPORTED, reached),
                    ("moves seen", Verdict.REFUTED, lambda: reached(seen=0.3)),
                    ("an output changed too little", Verdict.REFUTED, lambda: reached(output=0.09)),
                )
            ),
            *refused(
                "null_space_moves",
                ("as far in the row space, nothing changes", "inside the row space = 0", lambda: reached(as_far=0.0)),
                ("nothing moved as far in the row space", "no move .* is as long", lambda: reached(as_far=None)),
                variant=REACHABLE, **TRACE,
            ),
            *refused(
                "null_space_moves",
                ("a router that sees nothing", "inside the row space = 0", lambda: moves(row=0.0)),
                ("one that sees half of what it should", "inside the row space = 0", lambda: moves(row=0.02)),
                **TRACE,
            ),
            Case(
                "an impossible reachable move", Verdict.NOT_APPLICABLE, says="no norm feeds the block",
                null_space_moves=lambda: NO_MOVES, variant=REACHABLE, **TRACE,
            ),
            nonlinear(null_space_moves=moves),
        ),
        cannot={
            Verdict.PARTLY: "it has neither a null nor parts",
            Verdict.VACUOUS: "whether the router sees anything is a premise",
        },
    ),
    Contract(
        test_geo_review_kernel_energy.test_kernel_energy,
        (
            Case("energy where the router looks", Verdict.SUPPORTED, trace=lambda: tilted(7, 2.0), variant=ENERGY),
            Case("variance where the router looks", Verdict.SUPPORTED, trace=lambda: tilted(7, 2.0), variant=VARIANCE),
            Case("energy where it does not", Verdict.REFUTED, trace=lambda: tilted(7, 0.5), variant=ENERGY),
            Case("variance where it does not", Verdict.REFUTED, trace=lambda: tilted(7, 0.5), variant=VARIANCE),
            Case("isotropic states", Verdict.REFUTED, trace=lambda: tilted(7, 1.0)),
            Case(
                "one direction, of which random routers see as much", Verdict.VACUOUS,
                trace=lambda: one_direction(0.45),
            ),
            Case("one direction, of which they see half", Verdict.SUPPORTED, trace=lambda: one_direction(0.95)),
            Case("a share at the threshold", Verdict.INCONCLUSIVE, trace=lambda: tilted(7, 1.08)),
            Case("a router without a kernel", Verdict.NOT_APPLICABLE, says="no kernel", trace=without_kernel),
            nonlinear(),
            unread(lambda: tilted(7, 2.0)),
        ),
        (
            Null("isotropic data", {"trace": lambda seed: tilted(seed, 1.0)}),
            Null("one direction, seen by luck", {"trace": one_direction_at_random}),
            Null(
                "true at its threshold plus a margin", {"trace": lambda seed: tilted(seed, 1.1)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": lambda seed: tilted(seed, 2.0)}),
        ),
        cannot={Verdict.PARTLY: "the lowest of 19 random routers leaves no more than chance in its kernel"},
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
