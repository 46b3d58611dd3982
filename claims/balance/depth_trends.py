"""Estimate whether token states grow alike with depth, for mixtures of experts (GEO Fig. 2) and dense models (12)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from claims.core.curves import along
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Series
from claims.shared.layer_trends import layer_trend, share_of_orders, trend_is_open
from fixtures.evidence.sequences import SequenceSpectrum
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Three layers can be in order by luck, one time in six.
FEWEST_LAYERS = 4


@dataclass(frozen=True)
class Depth:
    """Similarity of each sequence's tokens, layer by layer.

    Attributes
    ----------
    layers : L layer numbers
    kept : (S,), which sequences have two tokens; those alone are in the tables, K of them
    energy : (L, K), share of the squared norm along the sequence's shared direction, Eq 7
    cosine : (L, K), mean cosine over pairs of different tokens
    """

    layers: tuple[int, ...]
    kept: BoolArray
    energy: Float64Array
    cosine: Float64Array


def depth_of(layers: Sequence[int], spectra: Sequence[SequenceSpectrum | None]) -> Depth:
    """Collect energy and cosine of the sequences that have both at every layer.

    Raises
    ------
    NotApplicable
        When there are fewer than four layers, no spectra, or no such sequence.
    """
    if len(layers) < FEWEST_LAYERS:
        raise NotApplicable(f"a trend with depth needs {FEWEST_LAYERS} layers; measured: {len(layers)}")
    known = [spectrum for spectrum in spectra if spectrum is not None]
    if len(known) < len(layers):
        raise NotApplicable("the evidence holds no spectrum of each sequence's states")
    energy = np.stack([spectrum.energy[:, 0] for spectrum in known]).astype(np.float64)
    cosine = np.stack([spectrum.cosine for spectrum in known]).astype(np.float64)
    kept = np.asarray(np.isfinite(energy).all(axis=0) & np.isfinite(cosine).all(axis=0))
    if not kept.any():
        raise NotApplicable("no sequence has two tokens, so none has tokens to compare")
    return Depth(tuple(layers), kept, energy[:, kept], cosine[:, kept])


def rising(depth: Depth, luck: float, sampling: Sampling) -> Finding:
    """Judge that similarity grows with depth: the energy as the headline, the cosine as a part.

    Sequences cannot tell whether a trend is one: all of them read the same few layers. So the trend has to be more
    than what a share ``luck`` of the orders of the layers shows as well; where none is, up or down, nothing is refuted.
    """
    energy, cosine = (
        (
            _trend(name, table, ">=", trend_is_open(table, luck, sampling), sampling),
            replace(_orders(name, table, sampling), fails_open=True),
        )
        for name, table in (("energy", depth.energy), ("cosine", depth.cosine))
    )
    return Finding(headline=energy, parts=cosine, notes=_notes(depth))


def not_rising(depth: Depth, luck: float, sampling: Sampling) -> Finding:
    """Judge that similarity does not grow with depth; what more orders than ``luck`` show as well refutes nothing."""
    tables = {"energy": depth.energy, "cosine": depth.cosine}
    orders = {name: _orders(name, table, sampling) for name, table in tables.items()}
    energy, cosine = (
        _trend(name, table, "<", orders[name].estimate.value > luck, sampling) for name, table in tables.items()
    )
    return Finding(headline=(energy,), parts=(cosine,), reported=tuple(orders.values()), notes=_notes(depth))


def similarity_curve(name: str, layers: Sequence[int], table: Float64Array, sampling: Sampling) -> Curve:
    """Mean over sequences at each layer, with its interval; ``table`` is (L, S), NaN where a sequence has none."""
    known = [row[np.isfinite(row)] for row in table]
    return Curve(name, tuple(layers), tuple(sampling.mean(row) if len(row) else None for row in known))


def series(label: str, curve: Curve) -> Series:
    """A curve of estimates as a series of a figure; layers without an estimate are left out."""
    known = [(layer, e) for layer, e in zip(curve.layers, curve.values, strict=True) if isinstance(e, Estimate)]
    return along(label, [layer for layer, _ in known], [estimate for _, estimate in known])


def _trend(name: str, table: Float64Array, direction: str, opens: bool, sampling: Sampling) -> Measured:
    """The mean over sequences of the rank correlation with depth; ``opens`` where luck explains the trend."""
    mean = sampling.mean(layer_trend(table))
    return Measured(f"Spearman(layer, {name})", mean, direction, "growth", within=(-1.0, 1.0), fails_open=opens)


def _orders(name: str, table: Float64Array, sampling: Sampling) -> Measured:
    """How many orders of the layers rise as much."""
    share = share_of_orders(table, sampling)
    return Measured(f"permutation p over layer orders, {name}", share, "<=", "luck")


def _notes(depth: Depth) -> tuple[str, ...]:
    left_out = int((~depth.kept).sum())
    return (f"Sequences of fewer than two tokens, left out: {left_out}.",) if left_out else ()
