"""Figures and curves of the sample records, from seeded random numbers."""

import numpy as np
import numpy.typing as npt

from claims.core.record import Figure, LayerCurve, Series


def distances(name: str) -> Figure:
    """Scatter of logit distances against hidden distances, under the Lipschitz line."""
    x = _rng(name).gamma(9, 0.12, 1200)
    pairs = Series("token pairs", _list(x), _list(x * _rng(name).beta(3, 5, 1200) * 1.4))
    bound = [Series("Lipschitz bound", [0.0, 2.5], [0.0, 3.5])]
    title = f"layer {_depth(name) // 2}"
    return Figure("scatter", title, "GEO Fig. 1", "RMS hidden distance", "RMS logit distance", [pairs], bound)


def tightness(name: str) -> Figure:
    """Cumulative share of pairs by actual / bound."""
    share = np.linspace(0, 1, 101)
    centres = {"naive": 0.12, "exact data span": 0.13, "rank r plus remainder": 0.2, "whitened": 0.3}
    draws = {label: _rng(name + label).normal(c, c / 4, 4000).clip(0) for label, c in centres.items()}
    series = [Series(label, _list(np.quantile(found, share)), _list(share)) for label, found in draws.items()]
    title = f"layer {_depth(name) // 2}"
    return Figure("ecdf", title, "GEO Fig. 13", "actual logit distance / bound", "share of token pairs", series)


def kernel_curves(name: str) -> list[LayerCurve]:
    """Kernel share by layer, with a band, and chance as a threshold."""
    layers = list(range(_depth(name)))
    value = 0.86 - 0.1 * np.linspace(0, 1, len(layers)) + _rng(name).normal(0, 0.01, len(layers))
    chance = 0.86 + _rng(name).normal(0, 0.004, len(layers))
    return [
        LayerCurve("kernel share", layers, [*_list(value)], [*_list(value - 0.02)], [*_list(value + 0.02)], 0.9),
        LayerCurve("random router", layers, [*_list(chance)]),
    ]


def alignment(name: str) -> Figure:
    """Router-data alignment by singular direction, a curve for each of twelve layers."""
    index = np.arange(1, 33, dtype=float)
    noise = _rng(name).lognormal(0, 0.1, (min(12, _depth(name)), 32))
    series = [Series(f"layer {i}", _list(index), _list(2.5 * index**-0.4 * row)) for i, row in enumerate(noise)]
    chance = [Series("random router", [1.0, 32.0], [1.0, 1.0])]
    labels = ("singular direction i", "||W v_i||^2 over a random router's")
    return Figure("lines", "", "GEO Fig. 2", *labels, series, chance, x_log=True, y_log=True)


def similarity(name: str) -> Figure:
    """Usage similarity against hidden similarity, within and across corpora."""
    rng, series = _rng(name), []
    for label, centre in (("prose", 0.85), ("maths", 0.8), ("code", 0.75), ("across corpora", 0.5)):
        x = rng.normal(centre, 0.07, 250).clip(-1, 1)
        series.append(Series(label, _list(x), _list((0.2 + 0.75 * x + rng.normal(0, 0.05, 250)).clip(0, 1))))
    labels = ("pooled hidden similarity (Eq. 17)", "usage similarity (Eq. 14)")
    return Figure("scatter", "all layers, mean", "GEO Fig. 5", *labels, series)


def moves(name: str) -> Figure:
    """Share changed by kind of move, with intervals."""
    ticks = ["kernel x0.1", "kernel x1", "kernel x10", "reachable", "row x0.1", "row x1", "row x10"]
    x = [float(i) for i in range(len(ticks))]
    output = [0.08, 0.71, 2.3, 0.9, 0.09, 0.68, 2.1]
    series = [
        Series("choices changed", x, [0.0, 0.0, 0.0, 0.0, 0.12, 0.61, 0.93]),
        Series("MoE output change", x, output, [v * 0.9 for v in output], [v * 1.12 for v in output]),
    ]
    title, labels = "kernel moves against row-space moves", ("move", "share changed / relative change")
    return Figure("bars", title, "ours (review of GEO Prop. 1)", *labels, series, ticks=ticks)


def _depth(name: str) -> int:
    return 26 if name.startswith("example") else 6


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(sum(name.encode()))


def _list(values: npt.NDArray[np.float64]) -> list[float]:
    return [round(float(v), 5) for v in values]
