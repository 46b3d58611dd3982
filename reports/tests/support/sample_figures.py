"""Figures and curves of the sample records, from seeded random numbers."""

import numpy as np
import numpy.typing as npt

from claims.core.record import Figure, LayerCurve, Series


def distances(name: str) -> Figure:
    """Scatter of logit distances against hidden distances, under the Lipschitz line."""
    rng = _rng(name)
    x = rng.gamma(9, 0.12, 1200)
    y = x * rng.beta(3, 5, 1200) * 1.4
    return Figure(
        kind="scatter",
        title=f"layer {_depth(name) // 2}",
        redraws="GEO Fig. 1",
        x_label="RMS hidden distance",
        y_label="RMS logit distance",
        series=[Series("token pairs", _list(x), _list(y))],
        reference=[Series("Lipschitz bound", [0.0, 2.5], [0.0, 3.5])],
    )


def tightness(name: str) -> Figure:
    """Cumulative share of pairs by actual / bound."""
    rng = _rng(name)
    share = np.linspace(0, 1, 101)
    centres = {"naive": 0.12, "exact data span": 0.13, "rank r plus remainder": 0.2, "whitened": 0.3}
    series = [
        Series(label, _list(np.quantile(rng.normal(c, c / 4, 4000).clip(0), share)), _list(share))
        for label, c in centres.items()
    ]
    return Figure(
        kind="ecdf",
        title=f"layer {_depth(name) // 2}",
        redraws="GEO Fig. 13",
        x_label="actual logit distance / bound",
        y_label="share of token pairs",
        series=series,
    )


def kernel_curves(name: str) -> list[LayerCurve]:
    """Kernel share by layer, with a band, and chance as a threshold."""
    rng = _rng(name)
    depth = _depth(name)
    value = 0.86 - 0.1 * np.linspace(0, 1, depth) + rng.normal(0, 0.01, depth)
    layers = list(range(depth))
    chance = [0.9] * depth
    return [
        LayerCurve("kernel share", layers, [*_list(value)], [*_list(value - 0.02)], [*_list(value + 0.02)], 0.9),
        LayerCurve("random router", layers, [*_list(np.array(chance) - 0.04 + rng.normal(0, 0.004, depth))]),
    ]


def alignment(name: str) -> Figure:
    """Router-data alignment by singular direction, a curve for each of twelve layers."""
    rng = _rng(name)
    index = np.arange(1, 33, dtype=float)
    series = [
        Series(f"layer {layer}", _list(index), _list(2.5 * index**-0.4 * rng.lognormal(0, 0.1, 32)))
        for layer in range(min(12, _depth(name)))
    ]
    return Figure(
        kind="lines",
        title="",
        redraws="GEO Fig. 2",
        x_label="singular direction i",
        y_label="||W v_i||^2 over a random router's",
        series=series,
        reference=[Series("random router", [1.0, 32.0], [1.0, 1.0])],
        x_log=True,
        y_log=True,
    )


def similarity(name: str) -> Figure:
    """Usage similarity against hidden similarity, within and across corpora."""
    rng = _rng(name)
    series = []
    for label, centre in (("prose", 0.85), ("maths", 0.8), ("code", 0.75), ("across corpora", 0.5)):
        x = rng.normal(centre, 0.07, 250).clip(-1, 1)
        series.append(Series(label, _list(x), _list((0.2 + 0.75 * x + rng.normal(0, 0.05, 250)).clip(0, 1))))
    return Figure(
        kind="scatter",
        title="all layers, mean",
        redraws="GEO Fig. 5",
        x_label="pooled hidden similarity (Eq. 17)",
        y_label="usage similarity (Eq. 14)",
        series=series,
    )


def moves(name: str) -> Figure:
    """Share changed by kind of move, with intervals."""
    ticks = ["kernel x0.1", "kernel x1", "kernel x10", "reachable", "row x0.1", "row x1", "row x10"]
    x = [float(i) for i in range(len(ticks))]
    changed = [0.0, 0.0, 0.0, 0.0, 0.12, 0.61, 0.93]
    output = [0.08, 0.71, 2.3, 0.9, 0.09, 0.68, 2.1]
    return Figure(
        kind="bars",
        title="kernel moves against row-space moves",
        redraws="ours (review of GEO Prop. 1)",
        x_label="move",
        y_label="share changed / relative change",
        series=[
            Series("choices changed", x, changed),
            Series("MoE output change", x, output, [v * 0.9 for v in output], [v * 1.12 for v in output]),
        ],
        ticks=ticks,
    )


def _depth(name: str) -> int:
    return 26 if name.startswith("example") else 6


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(sum(name.encode()))


def _list(values: npt.NDArray[np.float64]) -> list[float]:
    return [round(float(v), 5) for v in values]
