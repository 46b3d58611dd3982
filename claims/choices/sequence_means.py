"""Means over sequences of what the tokens of each did at every layer, and the evidence that such means need."""

from collections.abc import Sequence

import numpy as np

from claims.core.curves import along, layer_figure
from claims.core.figure_data import rounded
from claims.core.finding import Curve, NotApplicable
from claims.core.record import Figure, Series
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array, FloatArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


def require_tokens(routing: TokenRouting) -> None:
    """Refuse routing of which only the visits of experts are known.

    Raises
    ------
    NotApplicable
        With the number of sequences.
    """
    if any(layer.neighbours is None for layer in routing.layers):
        raise NotApplicable(
            "whole corpora were counted: only the visits of experts are known, not which token used which"
        )


def known_sequences(*tables: FloatArray) -> list[Float64Array]:
    """Return the columns of tables (L, S) that are known at every layer of every table."""
    known = np.all([np.isfinite(table).all(axis=0) for table in tables], axis=0)
    return [np.asarray(table[:, known], dtype=np.float64) for table in tables]


def curve_of_sequences(
    name: str, routing: TokenRouting, table: Float64Array, sampling: Sampling, threshold: str | None = None
) -> Curve:
    """Mean over sequences at every layer, of a table (L, S)."""
    return Curve(name, numbers_of(routing), tuple(sampling.means(table.T)), threshold)


def figure_of_curves(title: str, source: str, y_label: str, curves: Sequence[Curve]) -> Figure:
    """Draw curves by layer, those of estimates with their intervals."""
    return layer_figure(title, source, y_label, [_series(curve) for curve in curves])


def numbers_of(routing: TokenRouting) -> tuple[int, ...]:
    """The model's numbers of the layers."""
    return tuple(layer.layer for layer in routing.layers)


def _series(curve: Curve) -> Series:
    estimates = [value for value in curve.values if isinstance(value, Estimate)]
    if estimates:
        return along(curve.name, curve.layers, estimates)
    exact = [value for value in curve.values if isinstance(value, float)]
    return Series(curve.name, [float(layer) for layer in curve.layers], rounded(exact))
