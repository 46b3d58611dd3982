"""Do experts respond less, and in fewer directions, than a dense twin's MLP, in a transformer?  PRB finding i."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured
from claims.core.record import Figure
from claims.shared.paired_differences import (
    SEEDS,
    arm_curves,
    by_training,
    difference,
    measured_difference,
    null_share_criterion,
    pair_notes,
    quoted,
    spanned,
)
from claims.trained_pairs.arm_functions import decay, functions_of, leading_value, mean_gate, mean_gates, values_of_rank
from claims.trained_pairs.arms import ArmLayer, Arms, in_all_arms, parameters_note, require_twin
from fixtures.evidence.experiments import FunctionExperiment
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

MEAN, SINGLE = "mean over own tokens", "at single own tokens"
WITHOUT, TIMES = "without", "times its mean"


class Spectra(NamedTuple):
    """Singular values of the arms' Jacobians.

    Attributes
    ----------
    leading : (K, 2, L), mean over experts, or tokens, of the largest, times the gate where that is wanted
    decay : (K, 2, L, T), mean of s_k / s_1; NaN from where an expert of one of the arms has no value by its width
    cut : the fewest values that both arms have in a layer
    """

    leading: Float64Array
    decay: Float64Array
    cut: int


@claim(
    id="moe-flattens-transformer",
    group="E",
    number=7,
    title="Experts have smaller leading singular values and faster decay than a dense twin, in a transformer",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding i",),
    statement="The Jacobians of a transformer's experts have smaller leading singular values, and faster decaying "
    "ones, than those of the MLP of its dense twin, trained alike, in the same layer.",
    equation="s_k the singular values of dE_e/dx;  ln mean_e s_1 (MoE) - ln s_1 (dense) < 0  and  "
    "mean over k = 2..T of s_k / s_1, MoE minus dense, < 0, over pairs of a layer and a seed",
    definition="reconstructed: the expert without its gate, or times its gate's mean over its own tokens, as its "
    "output enters the residual stream; the gate's own gradient is not part of either. T is the number of values that "
    "the evidence holds, and no more than both arms have: an expert of width m has a Jacobian of rank m at most, and "
    "the zeros beyond it are not counted as decay",
    null_says="Both arms with all weights reinitialised, of the same width and the same size of weights: the log ratio "
    "of their leading singular values, times the gate likewise. The null holds when that is more than half of the "
    "arms' log ratio for certain, the claim only when it is less; of a log ratio on the other side it gives no share. "
    "Their difference in decay is reported beside it.",
    paper="smaller and faster than dense in controlled training; no number known",
    thresholds={
        "smaller": Threshold(0.0, "the claim is about the sign of a paired difference"),
        "faster": Threshold(0.0, "the claim is about the sign of a paired difference"),
    },
    variants=tuple({"jacobian": jacobian, "gate": gate} for gate in (WITHOUT, TIMES) for jacobian in (MEAN, SINGLE)),
)
def test_moe_flattens_transformer(twin_experiment: FunctionExperiment, variant: Variant, sampling: Sampling) -> Finding:
    """Compare spectra of the experts' Jacobians with the dense MLP's, paired by layer and seed."""
    read = in_all_arms(twin_experiment, studied=True)
    require_twin(read)
    found, fresh, name = _spectra(read, variant), _spectra(read, variant, fresh=True), quoted(twin_experiment.arms)
    leading = difference(_log(found.leading))
    slower = difference(_mean_decay(found.decay))
    smaller = _measured(f"ln s_1, {name}", leading, "smaller", sampling)
    less, null = null_share_criterion(
        difference(_log(fresh.leading)), leading, "ln s_1 of reinitialised experts", "<", sampling
    )
    by_width = _measured(
        "mean s_k / s_1 of reinitialised experts", difference(_mean_decay(fresh.decay)), "faster", sampling
    )
    return Finding(
        criteria=(
            smaller,
            _measured(f"mean s_k / s_1, {name}", slower, "faster", sampling),
            *less,
            *by_training(leading, "<", "smaller", sampling),
        ),
        null=(*null, replace(by_width, decides=False)),
        layers=arm_curves("s_1", twin_experiment.arms, read.numbers, found.leading),
        figure=_figure(twin_experiment.arms, variant["jacobian"], found, fresh),
        notes=(
            *pair_notes(leading, read.notes, seeds_asked=SEEDS),
            f"The decay is over the first {found.cut} singular values, or as many as both arms have in a layer. A "
            "narrower MLP has fewer directions to respond in by its width alone, whatever it has learned.",
            "s_1 is that of one expert; the layer adds up the k that a token uses, each times its gate.",
            *parameters_note(twin_experiment),
        ),
    )


def _spectra(read: Arms, variant: Variant, *, fresh: bool = False) -> Spectra:
    """Collect leading values and decay at every seed, arm and layer, over as many values in both arms.

    Parameters
    ----------
    fresh : whether of experts whose weights are reinitialised
    """
    tables = [[[_table(layer, variant, fresh) for layer in arm] for arm in seed] for seed in read.layers]
    width = min(table.shape[1] for seed in tables for arm in seed for table in arm)
    shape = (len(read.layers), 2, len(read.numbers))
    found = Spectra(np.full(shape, np.nan), np.full((*shape, width), np.nan), width)
    fewest = width
    for seed, arms in enumerate(tables):
        for place, pair in enumerate(zip(*arms, strict=True)):
            cut = min(width, *(values_of_rank(table) for table in pair))
            fewest = min(fewest, cut) if cut else fewest
            for arm, table in enumerate(pair):
                gate = _gates(read.layers[seed][arm][place], variant)
                found.leading[seed, arm, place] = leading_value(table, gate)
                found.decay[seed, arm, place, :cut] = decay(table, cut)
    return found._replace(cut=fewest)


def _table(layer: ArmLayer, variant: Variant, fresh: bool) -> Float64Array:
    functions = functions_of(layer)
    if variant["jacobian"] == MEAN:
        found = functions.redrawn_leading if fresh else functions.leading
    else:
        found = functions.redrawn_token_leading if fresh else functions.token_leading
    return np.asarray(found, dtype=np.float64)


def _gates(layer: ArmLayer, variant: Variant) -> Float64Array | float:
    """Mean gate of each expert, (E,); over all visits where it is not known whose a single visit is; 1 without."""
    if variant["gate"] == WITHOUT:
        return 1.0
    return mean_gates(layer)[: len(functions_of(layer).leading)] if variant["jacobian"] == MEAN else mean_gate(layer)


def _mean_decay(values: Float64Array) -> Float64Array:
    """Mean over k = 2..T of what is known, (..., T) to (...); NaN where that is nothing."""
    after = values[..., 1:]
    count = np.isfinite(after).sum(axis=-1)
    return np.asarray(np.divide(np.nansum(after, axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0))


def _log(values: Float64Array) -> Float64Array:
    return np.log(values, out=np.full(values.shape, np.nan), where=values > 0)


def _measured(name: str, values: Float64Array, threshold: str, sampling: Sampling) -> Measured:
    return measured_difference(name, values, "<", threshold, sampling)


def _figure(arms: tuple[str, ...], jacobian: str, found: Spectra, fresh: Spectra) -> Figure:
    """Draw s_k by k for each arm, and of its reinitialised experts: means over layers, in bands that span the seeds.

    s_k is exp(mean ln s_1) times the mean of s_k / s_1: both that are judged can be read off.
    """
    ranks = [float(k) for k in range(1, found.decay.shape[-1] + 1)]
    lines = {arm: _values(found, place) for place, arm in enumerate(arms)}
    lines |= {f"{arm}, reinitialised": _values(fresh, place) for place, arm in enumerate(arms)}
    return Figure(
        kind="lines",
        title="singular values of the experts' Jacobians",
        redraws="PRB finding i",
        x_label=f"k, Jacobian: {jacobian}",
        y_label="s_k, mean and range over seeds",
        series=[spanned(label, ranks, values) for label, values in lines.items()],
        y_log=True,
    )


def _values(spectra: Spectra, arm: int) -> Float64Array:
    """Geometric mean over layers of s_1, times the mean of s_k / s_1, (K, T)."""
    leading = _log(spectra.leading[:, arm])
    known = np.isfinite(leading)
    count = known.sum(axis=1)
    mean = np.divide(
        np.where(known, leading, 0.0).sum(axis=1), count, out=np.full(len(leading), np.nan), where=count > 0
    )
    return np.asarray(np.exp(mean)[:, None] * _over_layers(spectra.decay[:, arm]))


def _over_layers(values: Float64Array) -> Float64Array:
    """Mean over the layers that have a spectrum, (K, L, T) to (K, T)."""
    found = np.full((len(values), values.shape[2]), np.nan)
    for seed, layers in enumerate(values):
        known = layers[np.isfinite(layers[:, 0])]
        if len(known):
            found[seed] = known.mean(axis=0)
    return found
