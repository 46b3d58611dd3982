"""What routers make of each sequence's own directions, beside what a random router would, and how large these are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.core.figure_data import rounded
from claims.core.finding import NotApplicable
from claims.core.record import Figure, Series
from fixtures.evidence.trace import LayerTrace
from metrics.arrays import Float64Array

#: Names of the axes of the two curves.
HEARD = ("direction index i", "||W v_i||^2")


class RouterGain(NamedTuple):
    """What routers make of each sequence's own directions, of the sequences that have at least two.

    Attributes
    ----------
    energy : (L, S, R), share of the squared norm along each direction, the largest singular value first
    heard : (L, S, R), ||W v_i||^2
    chance : (L,), what a random router of the norm of W makes of any direction, ||W||_F^2 / D
    drawn : (L, S, M, 2), a_1 and the median of a_2..a_R of M routers drawn at random, half of them normal ones, the
        others W itself, turned at random
    """

    energy: Float64Array
    heard: Float64Array
    chance: Float64Array
    drawn: Float64Array

    @property
    def alignment(self) -> Float64Array:
        """a_i, Eq 4: (L, S, R); NaN where a direction does not exist."""
        return self.heard / self.chance[:, None, None]

    def leads(self) -> Float64Array:
        """a_1, the median of a_2..a_R, and a_2 of each sequence: (S, 3, L)."""
        a = self.alignment
        return np.stack([a[..., 0], np.nanmedian(a[..., 1:], axis=2), a[..., 1]]).transpose(2, 0, 1)

    def luck(self) -> dict[str, Float64Array]:
        """The first two of these numbers for either half of the drawn routers, by what they are: (S, draws, 2, L)."""
        normal, turned = np.split(self.drawn.transpose(1, 2, 3, 0), 2, axis=1)
        return {"random routers": normal, "the router turned at random": turned}


def router_gain(layers: Sequence[LayerTrace]) -> RouterGain:
    """Collect Eq 4 by sequence.

    Raises
    ------
    NotApplicable
        When the evidence holds no spectra, or no sequence has two directions.
    """
    known = [(layer, layer.spectrum) for layer in layers if layer.spectrum is not None]
    if len(known) < len(layers):
        raise NotApplicable("the evidence holds no spectrum of each sequence's states")
    chance = np.array([float((layer.router.weight.astype(np.float64) ** 2).mean(axis=1).sum()) for layer in layers])
    heard = np.stack([s.router_gain for _, s in known]).astype(np.float64)
    energy = np.stack([s.energy for _, s in known]).astype(np.float64)
    drawn = np.stack([s.drawn for _, s in known]).astype(np.float64)
    keep = np.isfinite(heard[:, :, :2]).all(axis=(0, 2)) & np.isfinite(drawn).all(axis=(0, 2, 3))
    if not keep.any():
        raise NotApplicable("no sequence's states have a second direction to compare with the shared one")
    return RouterGain(energy[:, keep], heard[:, keep], chance, drawn[:, keep])


def gain_figure(layers: Sequence[LayerTrace], gain: RouterGain) -> Figure:
    """Both absolute curves by direction at three layers, and the singular values, means over sequences: Figs 16-22."""
    ends = [1.0, float(gain.heard.shape[2])]

    def panel(place: int) -> Figure:
        heard = _by_direction("router, ||W v_i||^2", gain.heard[place])
        chance = Series("random router", ends, rounded([gain.chance[place]] * 2))
        return Figure("lines", names[place], "", *HEARD, [heard], [chance], y_log=True)

    names = {place: f"{name}: layer {layers[place].router.layer}" for place, name in _shown(len(layers)).items()}
    sizes = [
        _by_direction(f"singular values, {name} layer", _singular(gain.energy[place]))
        for place, name in _shown(len(layers)).items()
    ]
    values = Figure("lines", "singular values", "", "direction index i", "s_i / s_1", sizes, y_log=True)
    return Figure(
        kind="panels",
        title="what routers make of each direction of a sequence's states, and how large it is",
        redraws="GEO Figs 16-22",
        x_label="",
        y_label="",
        series=[],
        panels=[*map(panel, names), values],
        units=f"{gain.heard.shape[1]} sequences",
    )


def _shown(count: int) -> dict[int, str]:
    """Places of the layers that the figure shows, with their names; of a single layer there is but the first."""
    return {0: "first"} | {place: name for place, name in ((count // 2, "middle"), (count - 1, "last")) if place > 0}


def figure_note(layers: Sequence[LayerTrace]) -> str:
    """Say which layers the figure shows."""
    listed = ", ".join(str(layers[place].router.layer) for place in _shown(len(layers)))
    return f"Layers in the figure: {listed}."


def _singular(energy: Float64Array) -> Float64Array:
    return np.sqrt(energy / energy[:, :1])


def _by_direction(label: str, table: Float64Array) -> Series:
    """Mean over sequences of what is known of each direction; what is zero has no logarithm."""
    known = np.isfinite(table)
    mean = np.sum(table, axis=0, where=known) / np.maximum(known.sum(axis=0), 1)
    there = np.flatnonzero(mean > 0)
    return Series(label, [float(place + 1) for place in there], rounded(mean[there]))
