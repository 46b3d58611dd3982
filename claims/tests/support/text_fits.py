"""Say of planted evidence how well the model predicts its text."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.text_fit import TextFit
from fixtures.evidence.trace import Trace
from metrics.arrays import Float64Array

Read = TypeVar("Read", Trace, SequenceTrace)


def predicted(trace: Read, gain: float | Float64Array) -> Read:
    """Return the trace of a model that predicts every sequence by so many nats a token better than frequencies do."""
    unigram = np.full(trace.sequences, 6.0)
    return replace(trace, fit=TextFit(unigram - gain, unigram))
