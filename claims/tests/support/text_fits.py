"""Say of planted evidence how well the model predicts its text."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from claims.tests.support.verdicts import two_layers
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.text_fit import TextFit
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World
from metrics.arrays import Float64Array

Read = TypeVar("Read", Trace, SequenceTrace)

#: Nats a token by which each sequence is predicted better than by token frequencies: badly, and some well, some not.
BADLY, IN_PART = (0.3,), (0.1, 1.0)


def predicted(trace: Read, gain: float | Float64Array) -> Read:
    """Return the trace of a model that predicts every sequence by so many nats a token better than frequencies do."""
    unigram = np.full(trace.sequences, 6.0)
    return replace(trace, fit=TextFit(unigram - gain, unigram))


def text_with_gain(gains: tuple[float, ...]) -> Trace:
    """Return a trace whose sequences have these gains, in turn, for claims that ask no more of the trace."""
    world = World()
    return predicted(two_layers(world, 1, spectra=False), np.resize(gains, world.sequences).astype(np.float64))
