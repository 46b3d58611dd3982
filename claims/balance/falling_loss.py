"""Check that the arms of an experiment on the balancing loss come with the largest coefficient first."""

from itertools import pairwise

from claims.core.finding import NotApplicable
from fixtures.evidence.experiments import Experiment


def require_falling_loss(experiment: Experiment) -> None:
    """Refuse arms whose checkpoints state coefficients that do not fall from arm to arm.

    Raises
    ------
    NotApplicable
        When they are stated, and do not fall, with what they are.
    """
    for seed in experiment.traces:
        stated = [trace.checkpoint.get("balancing_loss") for trace in seed]
        known = [float(coefficient) for coefficient in stated if coefficient is not None]
        if len(known) == len(stated) and any(b >= a for a, b in pairwise(known)):
            listed = ", ".join(f"{coefficient:g}" for coefficient in known)
            raise NotApplicable(f"the coefficients of the balancing loss should fall from arm to arm, and are {listed}")
