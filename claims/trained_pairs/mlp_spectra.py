"""Spectra of two arms of the controlled MLP: of the whole layer with its gates, or of one expert without."""

from collections.abc import Mapping

import numpy as np

from claims.core.record import Figure
from claims.shared.paired_differences import spanned
from claims.trained_pairs.layer_spectra import MEAN, WITH
from fixtures.mlp.arms import ArmMeasures
from metrics.arrays import Float64Array


def last_compared(moe: ArmMeasures, dense: ArmMeasures, gate: str) -> int:
    """Return m, the largest k whose s_k neither arm's hidden width forces to 0."""
    width: int = dense.splits["own"].decay.shape[-1]
    return min(width, _hidden(moe, gate), dense.arm.hidden)


def _hidden(moe: ArmMeasures, gate: str) -> int:
    """Hidden units that a token uses of the layer, or that one expert has: no Jacobian has a higher rank without gates.

    The gradients of its k gates add k to that at most, which are not counted.
    """
    return moe.arm.hidden * (moe.arm.top_k if gate == WITH else 1)


def leading_and_decay(
    moe: ArmMeasures, dense: ArmMeasures, gate: str, jacobian: str
) -> tuple[Float64Array, Float64Array]:
    """Compare ln s_1, and ln of the mean over k = 2..m of s_k / s_1 (smaller: faster decay), (S,) each."""
    last = last_compared(moe, dense, gate)
    spectra = [_spectrum(arm, gate, jacobian) for arm in (moe, dense)]
    logs = [(np.log(first), np.log(ratios[:, 1:last].mean(axis=1))) for first, ratios in spectra]
    return logs[0][0] - logs[1][0], logs[0][1] - logs[1][1]


def rank_note(moe: ArmMeasures, dense: ArmMeasures, gate: str) -> str:
    """Say how much of a faster decay the narrower experts bring with them."""
    width = dense.splits["own"].decay.shape[-1]
    narrow, wide = min(width, _hidden(moe, gate)), min(width, dense.arm.hidden)
    if narrow >= wide:
        return f"{moe.arm.name} and dense: either may have rank {wide}, so that their decay compares at equal rank."
    return (
        f"{moe.arm.name} and dense: the experts of a token have rank {narrow} at most, the twin {wide}. A spectrum "
        f"that must end at {narrow} decays faster by construction, also before it ends."
    )


def mlp_spectra_figure(arms: Mapping[str, ArmMeasures], gate: str, jacobian: str) -> Figure:
    """Spectra of the arms, s_1 times s_k / s_1: mean and range over seeds."""
    series = []
    for label, arm in arms.items():
        leading, ratios = _spectrum(arm, gate, jacobian)
        ranks = [float(k + 1) for k in range(ratios.shape[1])]
        series.append(spanned(label, ranks, leading[:, None] * ratios))
    return Figure(
        kind="lines",
        title=f"singular values of {'the layer' if gate == WITH else 'an expert'}, {jacobian} Jacobian",
        redraws="PRB finding i",
        x_label="k",
        y_label="s_k, mean over seeds",
        series=series,
        spread="range",
    )


def _spectrum(arm: ArmMeasures, gate: str, jacobian: str) -> tuple[Float64Array, Float64Array]:
    """s_1 (S,) and s_k / s_1 (S, d)."""
    found = arm.splits["layer" if gate == WITH else "own"]
    return (found.leading, found.decay) if jacobian == MEAN else (found.token_leading, found.token_decay)
