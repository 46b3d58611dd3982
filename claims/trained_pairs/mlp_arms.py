"""The controlled MLP as its claims read it: all arms trained, and those that are a null before training."""

from claims.core.finding import NotApplicable
from fixtures.mlp.arms import ArmMeasures


def require_learned(*arms: ArmMeasures) -> None:
    """Refuse arms that learned nothing: on average no better at held-out tokens than the best constant answer.

    Raises
    ------
    NotApplicable
        With the error and the variance.
    """
    for arm in arms:
        error, variance = float(arm.error.mean()), float(arm.variance.mean())
        if not error < variance:
            raise NotApplicable(
                f"the arm {arm.arm.name!r} learned nothing: its mean squared error at held-out tokens is {error:.3g}, "
                f"and the variance of their targets {variance:.3g}"
            )


def errors_note(*arms: ArmMeasures) -> str:
    """Say how well the arms learned, over how many seeds."""
    listed = ", ".join(f"{arm.arm.name} {(arm.error / arm.variance).mean():.3g}" for arm in arms)
    return (
        f"{len(arms[0].error)} seeds, each of its own data and initial weights, the same for all arms. Share of the "
        f"targets' variance that is left at held-out tokens: {listed}."
    )


def soft_gates_note(soft: ArmMeasures, differ: str) -> str:
    """Say how far the soft gates are from uniform, and what follows where they are near it.

    Parameters
    ----------
    differ : what near-uniform gates make equal by construction
    """
    gate, uniform = float(soft.gate.mean()), 1 / soft.arm.experts
    said = f"Largest soft gate of a token: {gate:.3g} on average, {uniform:.3g} where all are equal."
    if gate < 2 * uniform:  # no expert weighs twice its even share: every group is nearly all the tokens
        said += f" The soft gates are near uniform, and that by itself makes {differ} nearly equal."
    return said
