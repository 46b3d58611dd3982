"""What moves along a router's null space would have shown, planted: at which rates choices change, and how far."""

from typing import Any

import numpy as np

from fixtures.evidence.null_space_moves import Kind, Move, NullSpaceMoves

#: Sequences that were moved, and tokens of each.
SEQUENCES, TOKENS = 12, 8
NO_MOVES = NullSpaceMoves((), {0: "no reachable move: no norm feeds the block"})


def planted_move(
    kind: Kind, norm: float, rate: float, output: float, *, drift: float = 1e-7, example: dict[str, Any] | None = None
) -> Move:
    """Return a move that changes this share of the choices, and the output by about ``output``."""
    rng, count = np.random.default_rng(0), SEQUENCES * TOKENS
    return Move(
        layer=0,
        kind=kind,
        norm=norm,
        sequence=np.repeat(np.arange(SEQUENCES, dtype=np.int32), TOKENS),
        same_experts=rng.random(count) >= rate,
        near_tie=np.zeros(count, dtype=bool),
        weight_change=np.full(count, drift),
        output_change=output * rng.uniform(0.8, 1.2, count),
        example=example or {"weight": np.eye(2), "hidden": np.ones(2), "moved": np.ones(2)},
    )


def moves(*, kernel: float = 0.0, row: float = 0.9, output: float = 0.5, drift: float = 1e-7) -> NullSpaceMoves:
    """Return kernel moves of three lengths and one in the row space, whose choices change at the given rates."""
    injected = [planted_move("kernel", norm, kernel, output, drift=drift) for norm in (0.1, 1.0, 10.0)]
    return NullSpaceMoves((*injected, planted_move("row", 1.0, row, output)), {0: NO_MOVES.not_applicable[0]})


def reached(*, seen: float = 0.0, as_far: float | None = 0.9, output: float = 0.5) -> NullSpaceMoves:
    """Return a reachable move of 1.4 norms, and moves in the row space, of which that of one norm changes all choices.

    Parameters
    ----------
    seen, as_far : share of the choices that the reachable move changes, and a row-space move of its length, if any
    """
    found = (planted_move("reachable", 1.4, seen, output), planted_move("row", 1.0, 1.0, output))
    longer = () if as_far is None else (planted_move("row", 1.4, as_far, output),)
    return NullSpaceMoves((*found, *longer), {})


def reachable(distance: float, *, seen: float = 0.0, longer: float = 1.0) -> NullSpaceMoves:
    """Return a reachable move of this length over ||h||, of a router of one expert in two dimensions.

    Parameters
    ----------
    distance : below 2
    seen : how far the move goes along the direction that the router reads
    longer : factor on the length before the gains of the moved state, 1 for one that the norm returns
    """
    across = distance / 2
    hidden = np.array([np.sqrt(1 - across**2), across])
    moved = (hidden * np.array([1.0, -1.0]) + np.array([seen, 0.0])) * longer
    shown = {"weight": np.array([[2.0 if longer == 1.0 else 0.0, 0.0]]), "gains": np.array([1.0, 2.0])}
    move = planted_move("reachable", distance, 0.0, 0.5, example=shown | {"hidden": hidden, "moved": moved})
    return NullSpaceMoves((move,), {})
