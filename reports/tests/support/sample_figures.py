"""Figures and curves of the sample records, from seeded random numbers."""

import numpy as np
import numpy.typing as npt

from claims.core.record import Figure, LayerCurve, Series


def distances(name: str) -> Figure:
    """Scatter of logit distances against hidden distances, under the Lipschitz line."""
    x = _rng(name).gamma(9, 0.12, 1200)
    pairs = Series("token pairs", _list(x), _list(x * _rng(name).beta(3, 5, 1200) * 1.4))
    bound = [Series("Lipschitz bound", [0.0, 2.5], [0.0, 3.5])]
    return Figure("scatter", "layer 3", "GEO Fig. 1", "RMS hidden distance", "RMS logit distance", [pairs], bound)


def tightness(name: str) -> Figure:
    """Cumulative share of pairs by actual / bound."""
    share = np.linspace(0, 1, 101)
    draws = {label: _rng(name + label).normal(c, c / 4, 4000) for label, c in (("naive", 0.12), ("whitened", 0.3))}
    series = [Series(label, _list(np.quantile(found, share)), _list(share)) for label, found in draws.items()]
    return Figure("ecdf", "layer 3", "GEO Fig. 13", "actual logit distance / bound", "share of token pairs", series)


def kernel_curves(name: str) -> list[LayerCurve]:
    """Kernel share by layer, with a band, and chance as a threshold."""
    layers = list(range(6))
    value, chance = 0.86 - 0.02 * np.arange(6, dtype=np.float64), 0.86 + _rng(name).normal(0, 0.004, 6)
    return [
        LayerCurve("kernel share", layers, [*_list(value)], [*_list(value - 0.02)], [*_list(value + 0.02)], 0.9),
        LayerCurve("random router", layers, [*_list(chance)]),
    ]


def alignment(name: str) -> Figure:
    """Router-data alignment by singular direction, a curve for each of twelve layers."""
    index = np.arange(1, 33, dtype=float)
    noise = _rng(name).lognormal(0, 0.1, (12, 32))
    series = [Series(f"layer {i}", _list(index), _list(2.5 * index**-0.4 * row)) for i, row in enumerate(noise)]
    chance = [Series("random router", [1.0, 32.0], [1.0, 1.0])]
    labels = ("singular direction i", "||W v_i||^2 over a random router's")
    return Figure("lines", "", "GEO Fig. 2", *labels, series, chance, x_log=True, y_log=True)


def similarity(name: str) -> Figure:
    """Usage similarity against hidden similarity, within and across corpora."""
    x = _rng(name).normal(0.7, 0.07, (2, 250)).clip(-1, 1)
    series = [Series(label, _list(row), _list(row**2)) for label, row in zip(("prose", "across"), x, strict=True)]
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


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(sum(name.encode()))


def _list(values: npt.NDArray[np.float64]) -> list[float]:
    return [round(float(v), 5) for v in values]
