"""Singular values of the Jacobians of an MoE's experts and of its dense twin, in the controlled MLP."""

from collections.abc import Mapping

from claims.core.record import Figure
from claims.shared.paired_differences import spanned
from claims.trained_pairs.mlp_pairs import Pair
from fixtures.mlp.arms import ArmMeasures
from metrics.arrays import Float64Array


def last_compared(moe: ArmMeasures, dense: ArmMeasures) -> int:
    """Return m, the largest k whose s_k neither arm's hidden width forces to 0."""
    width: int = dense.splits["own"].decay.shape[-1]
    return min(width, moe.arm.hidden, dense.arm.hidden)


def leading_and_decay(moe: ArmMeasures, dense: ArmMeasures, split: str, jacobian: str) -> tuple[Pair, Pair]:
    """Compare s_1, and the mean over k = 2..m of s_k / s_1 (smaller: faster decay), one value a seed.

    Parameters
    ----------
    jacobian : "token", means over tokens of their Jacobians' spectra, or "mean", spectra of mean Jacobians
    """
    last = last_compared(moe, dense)
    spectra = [_spectrum(arm, split, jacobian) for arm in (moe, dense)]
    leading = Pair(*(first for first, _ in spectra))
    return leading, Pair(*(ratios[:, 1:last].mean(axis=1) for _, ratios in spectra))


def rank_note(moe: ArmMeasures, dense: ArmMeasures) -> tuple[str, ...]:
    """Say how much of a faster decay the narrower experts bring with them."""
    width = dense.splits["own"].decay.shape[-1]
    narrow, wide = min(width, moe.arm.hidden), min(width, dense.arm.hidden)
    if narrow >= wide:
        return (f"{moe.arm.name} and dense: either may have rank {wide}, so that their decay compares at equal rank.",)
    return (
        f"{moe.arm.name} and dense: an expert has rank {narrow} at most, the twin {wide}. A spectrum that must end at "
        f"{narrow} decays faster by construction, also before it ends.",
    )


def spectra_figure(arms: Mapping[str, ArmMeasures], split: str, jacobian: str) -> Figure:
    """Spectra of the arms, s_1 times s_k / s_1: mean and range over seeds."""
    series = []
    for label, arm in arms.items():
        leading, ratios = _spectrum(arm, split, jacobian)
        ranks = [float(k + 1) for k in range(ratios.shape[1])]
        series.append(spanned(label, ranks, leading[:, None] * ratios))
    return Figure(
        kind="lines",
        title=f"singular values of expert Jacobians, {jacobian} Jacobian",
        redraws="PRB finding i",
        x_label="k",
        y_label="s_k, mean and range over seeds",
        series=series,
    )


def _spectrum(arm: ArmMeasures, split: str, jacobian: str) -> tuple[Float64Array, Float64Array]:
    """s_1 (S,) and s_k / s_1 (S, d)."""
    found = arm.splits[split]
    return (found.leading, found.decay) if jacobian == "mean" else (found.token_leading, found.token_decay)
