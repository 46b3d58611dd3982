"""Whether token states grow alike with depth: what the claims about Mixture-of-Experts and dense models share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claims.curves import along
from claims.finding import Curve, Finding, Measured, NotApplicable
from claims.record import Figure, Series
from claims.sampling import Sampling
from fixtures.sequence_trace import SequenceSpectrum
from metrics.estimate import Estimate
from metrics.rank_correlation import row_spearman

FloatArray = npt.NDArray[np.float64]

#: Three layers can be in order by luck, one time in six.
FEWEST_LAYERS = 4
#: Orders of the layers drawn; the best of them is what luck alone gives once in twenty.
ORDERS = 19


@dataclass(frozen=True)
class Depth:
    """Similarity of each sequence's tokens, layer by layer.

    Attributes
    ----------
    layers : L layer numbers
    energy : (L, S), share of the squared norm along the sequence's shared direction, Eq 7
    cosine : (L, S), mean cosine over pairs of different tokens
    left_out : sequences with fewer than two tokens
    """

    layers: tuple[int, ...]
    energy: FloatArray
    cosine: FloatArray
    left_out: int


def depth_of(layers: Sequence[int], spectra: Sequence[SequenceSpectrum | None]) -> Depth:
    """Collect energy and cosine of the sequences that have both at every layer.

    Raises
    ------
    NotApplicable
        When there are fewer than four layers, no spectra, or no such sequence.
    """
    if len(layers) < FEWEST_LAYERS:
        raise NotApplicable(f"{len(layers)} layers are too few for a trend with depth; {FEWEST_LAYERS} are needed")
    known = [spectrum for spectrum in spectra if spectrum is not None]
    if len(known) < len(layers):
        raise NotApplicable("the evidence holds no spectrum of each sequence's states")
    energy = np.stack([spectrum.energy[:, 0] for spectrum in known]).astype(np.float64)
    cosine = np.stack([spectrum.cosine for spectrum in known]).astype(np.float64)
    keep = np.isfinite(energy).all(axis=0) & np.isfinite(cosine).all(axis=0)
    if not keep.any():
        raise NotApplicable("no sequence has two tokens, so none has tokens to compare")
    return Depth(tuple(layers), energy[:, keep], cosine[:, keep], int((~keep).sum()))


def trend_finding(depth: Depth, direction: str, figure: Figure, curves: Sequence[Curve], sampling: Sampling) -> Finding:
    """Judge both trends with depth against the threshold ``growth``.

    Parameters
    ----------
    direction : claimed side of ``growth``: ``>`` where similarity grows, ``<=`` where it does not
    figure, curves : those of the claim
    """
    tables = {"energy": depth.energy, "cosine": depth.cosine}
    shuffled = {name: _shuffled(table, sampling) for name, table in tables.items()}
    return Finding(
        criteria=(
            *(_measured(f"Spearman(layer, {name})", _trend(t), direction, sampling) for name, t in tables.items()),
            _luck(depth.energy, direction, sampling),
        ),
        null=tuple(
            _measured(f"Spearman(shuffled layer, {name})", _trend(t), direction, sampling)
            for name, t in shuffled.items()
        ),
        layers=tuple(curves),
        figure=figure,
        notes=(f"{depth.left_out} sequences of fewer than two tokens were left out.",) if depth.left_out else (),
    )


def similarity_curve(name: str, layers: Sequence[int], table: FloatArray, sampling: Sampling) -> Curve:
    """Mean over sequences at each layer, with its interval; ``table`` is (L, S), NaN where a sequence has none."""
    known = [row[np.isfinite(row)] for row in table]
    return Curve(name, tuple(layers), tuple(sampling.mean(row) if len(row) else None for row in known))


def series(label: str, curve: Curve) -> Series:
    """A curve of estimates as a series of a figure; layers without an estimate are left out."""
    known = [(layer, e) for layer, e in zip(curve.layers, curve.values, strict=True) if isinstance(e, Estimate)]
    return along(label, [layer for layer, _ in known], [estimate for _, estimate in known])


def _trend(table: FloatArray, order: npt.NDArray[np.integer] | None = None) -> FloatArray:
    """Spearman(layer, value) of each sequence, (S,); a sequence that is alike at all layers has no trend, 0."""
    depth = np.arange(len(table), dtype=np.float64) if order is None else order.astype(np.float64)
    found = row_spearman(np.broadcast_to(depth, table.T.shape), table.T)
    return np.where(np.isnan(found), 0.0, found)


def _shuffled(table: FloatArray, sampling: Sampling) -> FloatArray:
    """The table with every sequence's layers in an order of their own, the same for energy and cosine."""
    return sampling.rng("depth", "layers").permuted(table, axis=0)


def _measured(name: str, trend: FloatArray, direction: str, sampling: Sampling) -> Measured:
    return Measured(name, sampling.mean(trend), direction, "growth")


def _luck(energy: FloatArray, direction: str, sampling: Sampling) -> Measured:
    """The trend against the best of 19 orders of the layers, one order for all sequences; reported, not deciding."""
    rng = sampling.rng("depth", "orders")
    orders = [_trend(energy, rng.permutation(len(energy))) for _ in range(ORDERS)]
    best = (max if direction == ">" else min)(orders, key=lambda trend: float(trend.mean()))
    name = f"Spearman(layer, energy) minus the best of {ORDERS} shared orders of the layers"
    side = ">=" if direction == ">" else "<="
    return Measured(name, sampling.mean(_trend(energy) - best), side, "growth", decides=False)
