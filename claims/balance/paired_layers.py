"""Line up the layers of checkpoints that read the same tokens: any, or those whose routers are linear."""

from claims.core.finding import NotApplicable
from claims.shared.arm_layers import OTHER_TEXT, ArmLayers, line_up, same_tokens
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import LayerTrace


def in_all(experiment: Experiment, *, linear: bool = False) -> ArmLayers[LayerTrace]:
    """Return the layers that every checkpoint of the experiment has.

    Parameters
    ----------
    linear : whether only those whose router was measured to be linear in every checkpoint

    Raises
    ------
    NotApplicable
        When there is none, or the checkpoints did not read the same tokens.
    """
    first, *others = (trace for seed in experiment.traces for trace in seed)
    if any(not same_tokens(first, trace) for trace in others):
        raise NotApplicable(OTHER_TEXT)

    def known(layer: LayerTrace) -> LayerTrace | str:
        return layer if layer.router.linear or not linear else "its router is not linear"

    return line_up(
        [[{layer.router.layer: known(layer) for layer in trace.layers} for trace in seed] for seed in experiment.traces]
    )
