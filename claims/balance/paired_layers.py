"""The layers of an experiment that can be compared: measured at every arm of every seed."""

from typing import NamedTuple

from claims.core.finding import NotApplicable
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import LayerTrace, Trace


class Compared(NamedTuple):
    """Layers of the arms, side by side.

    Attributes
    ----------
    numbers : L layer numbers
    layers : for each seed and arm, its L layers
    notes : which layers were left out, if any
    """

    numbers: tuple[int, ...]
    layers: tuple[tuple[tuple[LayerTrace, ...], ...], ...]
    notes: tuple[str, ...]


def in_all(experiment: Experiment) -> Compared:
    """Return the layers that every checkpoint of the experiment has.

    Raises
    ------
    NotApplicable
        When there is none, or the checkpoints did not read the same tokens.
    """
    return _compared(experiment, linear=False)


def linear_in_all(experiment: Experiment) -> Compared:
    """Return the layers whose router was measured to be linear in every checkpoint of the experiment.

    Raises
    ------
    NotApplicable
        As for `in_all`.
    """
    return _compared(experiment, linear=True)


def _compared(experiment: Experiment, *, linear: bool) -> Compared:
    traces = [trace for seed in experiment.traces for trace in seed]
    if any(not _same_tokens(traces[0], trace) for trace in traces[1:]):
        raise NotApplicable("the checkpoints did not read the same text in the same tokens, so nothing is paired")
    there = [{layer.router.layer: layer for layer in trace.layers} for trace in traces]
    every = sorted(set().union(*there))
    usable = [n for n in every if all(n in own and (own[n].router.linear or not linear) for own in there)]
    if not usable:
        raise NotApplicable(f"no layer has a {'linear ' if linear else ''}router in all {len(traces)} checkpoints")
    out = [str(n) for n in every if n not in usable]
    layers = tuple(
        tuple(tuple(layer for layer in trace.layers if layer.router.layer in usable) for trace in seed)
        for seed in experiment.traces
    )
    notes = (f"Layers left out, not comparable in all checkpoints: {', '.join(out)}.",) if out else ()
    return Compared(tuple(usable), layers, notes)


def _same_tokens(one: Trace, other: Trace) -> bool:
    return (
        one.sequences == other.sequences
        and one.tokens == other.tokens
        and bool((one.sequence == other.sequence).all() and (one.token == other.token).all())
    )
