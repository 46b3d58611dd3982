"""What the router cannot see: the kernel of W.  The public review's objection to GEO Prop. 1."""

import math

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Counterexample, Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import left_out, linear_layers
from claims.shared.token_pairs import over_layers, sequence_means
from fixtures.evidence.null_space_moves import Move, NullSpaceMoves
from fixtures.evidence.trace import Trace
from metrics.arrays import Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.sampling import Sampling


@claim(
    id="kernel-counterexample",
    group="A",
    number=8,
    kind="theorem",
    title="Moves inside the router's kernel change the output, never the routing",
    source="public review of GEO",
    figures=("GEO Prop. 1",),
    statement="Moving a token inside ker(W), in the running model, leaves its experts and weights as they are "
    "while the MoE block's output changes.",
    equation="h' = h + s ||h|| u, W u = 0:  experts(h') = experts(h), ||y(h') - y(h)|| / ||y(h)|| >= 0.1 at s = 1; "
    "reachable: h' is the other point of the norm's ellipsoid along Pi_ker h, injected before the norm",
    definition="ours, after the review's argument",
    null_says="A positive control in its place: the same length inside the row space, that of the reachable move token "
    "by token, must change the experts, else blindness along the kernel says nothing.",
    paper="not tested",
    thresholds={
        "changes": Threshold(0, "the kernel is exactly invisible: one changed choice breaks it"),
        "weight change": Threshold(1e-4, "combine weights within float32 rounding of ten norms"),
        "output": Threshold(0.1, "a tenth of the block's output: far above rounding"),
        "row-space changes": Threshold(0.1, "a router that changes fewer choices than this sees nothing anyway"),
    },
    variants=({"move": "injected"}, {"move": "reachable"}),
    version=2,
)
def test_kernel_counterexample(
    trace: Trace, null_space_moves: NullSpaceMoves, variant: Variant, sampling: Sampling
) -> Finding:
    """Read what the moves inside the running model did to experts, weights and output."""
    linear = {layer.router.layer for layer in linear_layers(trace)}
    kind = "kernel" if variant["move"] == "injected" else "reachable"
    moves = [m for m in null_space_moves.moves if m.kind == kind and m.layer in linear]
    if not moves:
        reasons = sorted(set(null_space_moves.not_applicable.values())) or [f"no {kind} move was possible at any layer"]
        raise NotApplicable("; ".join(reasons[:2]))
    at_one = [m for m in moves if kind == "reachable" or m.norm == 1.0]
    clear = [~m.near_tie for m in moves]
    changed = sum(int((~m.same_experts & ok).sum()) for m, ok in zip(moves, clear, strict=True))
    tokens = sum(int(ok.sum()) for ok in clear)
    drift = max(float(m.weight_change[ok].max(initial=0.0)) for m, ok in zip(moves, clear, strict=True))
    rows = _as_long(null_space_moves, at_one)
    return Finding(
        headline=(
            Measured("choices changed by kernel moves", exact(changed, tokens, "token"), "<=", "changes"),
            Measured("largest change of a combine weight", exact(drift, tokens, "token"), "<=", "weight change"),
            Measured(
                "relative change of the MoE output",
                sampling.mean(_by_sequence(at_one, "output_change")),
                ">=",
                "output",
                within=(0.0, math.inf),
            ),
        ),
        premises=(
            Measured(
                "share of choices changed by as long a move inside the row space",
                sampling.mean(1.0 - _by_sequence(rows, "same_experts")),
                ">=",
                "row-space changes",
                within=(0.0, 1.0),
            ),
        ),
        layers=(
            Curve(
                "relative output change",
                tuple(m.layer for m in at_one),
                tuple(sampling.mean(_by_sequence([m], "output_change")) for m in at_one),
                "output",
            ),
        ),
        figure=_figure([m for m in null_space_moves.moves if m.layer in linear]),
        counterexample=_example(at_one[len(at_one) // 2]),
        notes=(
            f"{sum(int(m.near_tie.sum()) for m in moves):,} near-tied (token, move) pairs were counted apart.",
            *left_out(trace, linear_layers(trace)),
        ),
    )


def _as_long(made: NullSpaceMoves, moves: list[Move]) -> list[Move]:
    """Moves inside the row space that are as long as these, in the same layers.

    Raises
    ------
    NotApplicable
        When there is none: evidence of an earlier version has none as long as the reachable moves.
    """
    lengths = {(m.layer, m.norm) for m in moves}
    rows = [m for m in made.moves if m.kind == "row" and (m.layer, m.norm) in lengths]
    if not rows:
        raise NotApplicable("no move inside the row space is as long, so that blindness along the kernel says nothing")
    return rows


def _by_sequence(moves: list[Move], field: str) -> Float64Array:
    """One value a sequence: the mean over its tokens and over layers."""
    count = max(int(m.sequence.max()) for m in moves) + 1
    table = []
    for m in moves:
        values = np.asarray(getattr(m, field), dtype=np.float64)
        table.append(sequence_means(values, np.ones(len(values)), m.sequence, count))
    return over_layers(np.stack(table))


def _figure(moves: list[Move]) -> Figure:
    """Share of changed choices and relative output change, for moves of the token's own length and reachable ones."""
    names = {"kernel": "kernel", "reachable": "reachable", "row": "row space"}
    found = {kind: [m for m in moves if m.kind == kind and (kind == "reachable" or m.norm == 1.0)] for kind in names}
    kinds = [kind for kind in names if found[kind]]
    groups = [found[kind] for kind in kinds]
    changed = [float(np.mean([1 - m.same_experts.mean() for m in group])) for group in groups]
    output = [float(np.mean([m.output_change.mean() for m in group])) for group in groups]
    x = [float(i) for i in range(len(kinds))]
    return Figure(
        kind="bars",
        title="moves as long as the token",
        redraws="ours (review of GEO Prop. 1)",
        x_label="move",
        y_label="share of choices, or relative output change",
        series=[
            Series("choices changed", x, rounded(changed)),
            Series("MoE output change", x, rounded(output)),
        ],
        ticks=[names[kind] for kind in kinds],
    )


def _example(move: Move) -> Counterexample:
    """One token's move, with both outputs."""
    return Counterexample(
        check="blind-move",
        says=f"at layer {move.layer} two inputs of the MoE block with the same router logits and other outputs",
        arrays=dict(move.example),
        numbers={"norm": move.norm},
    )
