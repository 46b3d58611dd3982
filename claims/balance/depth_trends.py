"""Estimate whether token states grow alike with depth, for mixtures of experts (GEO Fig. 2) and dense models (12)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claims.core.curves import along
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.layer_permutations import share_of_orders
from fixtures.evidence.sequences import SequenceSpectrum
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

#: Three layers can be in order by luck, one time in six.
FEWEST_LAYERS = 4


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
    energy: Float64Array
    cosine: Float64Array
    left_out: int


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
    keep = np.isfinite(energy).all(axis=0) & np.isfinite(cosine).all(axis=0)
    if not keep.any():
        raise NotApplicable("no sequence has two tokens, so none has tokens to compare")
    return Depth(tuple(layers), energy[:, keep], cosine[:, keep], int((~keep).sum()))


def trend_finding(depth: Depth, direction: str, figure: Figure, curves: Sequence[Curve], sampling: Sampling) -> Finding:
    """Judge both trends with depth against the threshold ``growth``, and growth against ``luck``.

    Sequences cannot tell whether a trend is one: all of them read the same few layers. So growth has to be more than
    what one order of the layers in twenty shows; where no growth is claimed there is no such null.

    Parameters
    ----------
    direction : claimed side of ``growth``: ``>`` where similarity grows, ``<=`` where it does not
    figure, curves : those of the claim
    """
    tables = {"energy": depth.energy, "cosine": depth.cosine}
    left_out = f"Sequences of fewer than two tokens, left out: {depth.left_out}."
    return Finding(
        criteria=tuple(
            Measured(f"Spearman(layer, {name})", sampling.mean(_trend(table)), direction, "growth")
            for name, table in tables.items()
        ),
        null=(_luck(depth, sampling),) if direction == ">" else (),
        layers=tuple(curves),
        figure=figure,
        notes=(left_out,) if depth.left_out else (),
    )


def similarity_curve(name: str, layers: Sequence[int], table: Float64Array, sampling: Sampling) -> Curve:
    """Mean over sequences at each layer, with its interval; ``table`` is (L, S), NaN where a sequence has none."""
    known = [row[np.isfinite(row)] for row in table]
    return Curve(name, tuple(layers), tuple(sampling.mean(row) if len(row) else None for row in known))


def series(label: str, curve: Curve) -> Series:
    """A curve of estimates as a series of a figure; layers without an estimate are left out."""
    known = [(layer, e) for layer, e in zip(curve.layers, curve.values, strict=True) if isinstance(e, Estimate)]
    return along(label, [layer for layer, _ in known], [estimate for _, estimate in known])


def _trend(table: Float64Array) -> Float64Array:
    """Spearman(layer, value) of each sequence, (S,); a sequence that is alike at all layers has no trend, 0."""
    depth = np.broadcast_to(np.arange(len(table), dtype=np.float64), table.T.shape)
    return np.nan_to_num(row_spearman(depth, table.T))


def _luck(depth: Depth, sampling: Sampling) -> Measured:
    """How many orders of the layers rise as much, in energy or in cosine: the one with the larger share."""
    shares = {
        name: share_of_orders(table, sampling) for name, table in (("energy", depth.energy), ("cosine", depth.cosine))
    }
    name, share = max(shares.items(), key=lambda item: item[1].value)
    return Measured(f"share of orders of the layers with as large a Spearman(layer, {name})", share, ">", "luck")
