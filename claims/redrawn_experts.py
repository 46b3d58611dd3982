"""Experts drawn anew: the control of the claims about functions, computed from the checkpoint itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from claims.sampling import Sampling
from metrics.arrays import Float64Array, FloatArray
from metrics.expert import Expert


@dataclass(frozen=True, eq=False)
class RedrawnExperts(Sequence[Expert]):
    """The same architecture at initialisation, reconstructed: experts whose weights are drawn anew.

    Every weight matrix becomes one of independent normal entries of mean 0 and the same standard deviation, every
    bias 0; the gains of output norms and the activation stay. What initialisation a checkpoint really had is not
    known from it, and neither is that of its states: these are the trained checkpoint's.

    Attributes
    ----------
    experts : those they stand for
    layer : with the expert's number and the sampling's seed all that the draw depends on
    """

    experts: Sequence[Expert]
    layer: int
    sampling: Sampling

    def __len__(self) -> int:
        """E."""
        return len(self.experts)

    @overload
    def __getitem__(self, number: int) -> Expert: ...
    @overload
    def __getitem__(self, number: slice) -> list[Expert]: ...
    def __getitem__(self, number: int | slice) -> Expert | list[Expert]:
        """Draw one expert, or a list of some; the same each time."""
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        held = self.experts[number]
        rng = self.sampling.rng("redrawn experts", self.layer, range(len(self))[number])
        return replace(
            held,
            gate=_drawn(held.gate, rng),
            up=None if held.up is None else _drawn(held.up, rng),
            down=_drawn(held.down, rng),
            gate_bias=None if held.gate_bias is None else np.zeros_like(held.gate_bias),
            up_bias=None if held.up_bias is None else np.zeros_like(held.up_bias),
            down_bias=None if held.down_bias is None else np.zeros_like(held.down_bias),
        )


def _drawn(weight: FloatArray, rng: np.random.Generator) -> Float64Array:
    return np.asarray(rng.standard_normal(weight.shape) * np.std(weight))
