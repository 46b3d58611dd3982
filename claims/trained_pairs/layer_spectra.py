"""Leading singular values and decay of the Jacobians of two transformers, layer by layer."""

from typing import NamedTuple

import numpy as np

from claims.core.claim import Variant
from claims.core.record import Figure
from claims.shared.paired_differences import spanned
from claims.trained_pairs.arm_functions import decay, functions_of, leading_value, values_of_rank
from claims.trained_pairs.arms import ArmLayer, Arms
from metrics.arrays import Float64Array, FloatArray
from metrics.stats.known_mean import known_mean

#: The function: what the layer contributes under its gates, or one expert without its gate.
WITH, WITHOUT = "with", "without"
#: The Jacobian: at single tokens, or its mean over tokens.
TOKEN, MEAN = "token", "mean"


class Spectra(NamedTuple):
    """Singular values of the arms' Jacobians.

    Attributes
    ----------
    leading : (K, 2, L), ln of the mean over tokens, or experts, of the largest; NaN of nothing
    ratios : (K, 2, L, T), mean of s_k / s_1; NaN from where an arm has no value by its width
    """

    leading: Float64Array
    ratios: Float64Array

    @property
    def decay(self) -> Float64Array:
        """Ln of the mean over k = 2..T of s_k / s_1, of what is known, (K, 2, L); NaN of nothing."""
        after = self.ratios[..., 1:]
        count = np.isfinite(after).sum(axis=-1)
        mean = np.divide(np.nansum(after, axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0)
        return _log(mean)

    @property
    def values(self) -> Float64Array:
        """s_k of both arms, geometric mean over layers of s_1 times the mean of s_k / s_1: (K, 2, T)."""
        return np.asarray(np.exp(_over_layers(self.leading[..., None])) * _over_layers(self.ratios))

    @property
    def cut(self) -> int:
        """The fewest values that both arms have in a layer."""
        counts = np.isfinite(self.ratios).sum(axis=-1)
        return int(counts[counts > 0].min(initial=self.ratios.shape[-1]))


def spectra(read: Arms, variant: Variant) -> Spectra:
    """Collect leading values and decay at every seed, arm and layer, over as many values in both arms."""
    tables = [[[_table(layer, variant) for layer in arm] for arm in seed] for seed in read.layers]
    width = min((table.shape[1] for seed in tables for arm in seed for table in arm), default=0)
    shape = (len(read.layers), 2, len(read.numbers))
    leading, ratios = np.full(shape, np.nan), np.full((*shape, width), np.nan)
    for seed, arms in enumerate(tables):
        for place, pair in enumerate(zip(*arms, strict=True)):
            cut = min(width, *(values_of_rank(table) for table in pair))
            for arm, table in enumerate(pair):
                leading[seed, arm, place] = leading_value(table)
                ratios[seed, arm, place, :cut] = decay(table, cut)
    return Spectra(_log(leading), ratios)


def spectra_figure(arms: tuple[str, ...], variant: Variant, after: Spectra, before: Spectra) -> Figure:
    """Draw s_k by k for each arm, and before training: means over layers, in bands that span the seeds."""
    series = [
        spanned(f"{arm}{when}", [float(k + 1) for k in range(found.ratios.shape[-1])], found.values[:, place])
        for found, when in ((after, ""), (before, ", before training"))
        for place, arm in enumerate(arms)
        if len(found.leading)
    ]
    return Figure(
        kind="lines",
        title=f"singular values of {'the layers' if variant['gate'] == WITH else 'an expert'}",
        redraws="PRB finding i",
        x_label=f"k, Jacobian: {variant['jacobian']}",
        y_label="s_k, mean over seeds",
        series=series,
        spread="range",
        y_log=True,
    )


def _table(layer: ArmLayer, variant: Variant) -> FloatArray:
    """Singular values, a row for each token, expert or layer."""
    functions = functions_of(layer)
    if variant["gate"] == WITHOUT:
        return functions.token_leading if variant["jacobian"] == TOKEN else functions.leading
    found = functions.layer_token_leading if variant["jacobian"] == TOKEN else functions.layer_leading
    assert found is not None
    return found


def _log(values: Float64Array) -> Float64Array:
    return np.log(values, out=np.full(values.shape, np.nan), where=values > 0)


def _over_layers(values: Float64Array) -> Float64Array:
    """Mean over the layers of which something is known, (K, 2, L, T) to (K, 2, T); NaN of nothing."""
    return known_mean(np.where(np.isfinite(values), values, np.nan), axis=2)
