"""Traces of a text that a model predicts well or badly, for the claims that ask no more of the trace."""

from dataclasses import replace

import numpy as np

from claims.tests.support.verdicts import two_layers
from fixtures.evidence.trace import TextFit, Trace
from fixtures.planted.tokens import World

#: Nats a token by which each sequence is predicted better than by token frequencies: badly, and some well, some not.
BADLY, IN_PART = (0.3,), (0.1, 1.0)


def text_with_gain(gains: tuple[float, ...]) -> Trace:
    """A trace whose sequences have these gains, in turn."""
    world = World()
    gain = np.resize(gains, world.sequences).astype(np.float64)
    unigram = np.full(world.sequences, 6.0)
    return replace(two_layers(world, 1, spectra=False), fit=TextFit(unigram - gain, unigram))
