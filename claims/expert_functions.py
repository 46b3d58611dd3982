"""A checkpoint's experts as the functions that the metrics differentiate: one expert at a time in float64."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch

from fixtures import gated_experts
from fixtures.gated_experts import GatedExperts, Stack
from fixtures.gating import Gating, gate_slopes, gated
from metrics.arrays import Float64Array
from metrics.expert import Expert, OutputNorm
from metrics.gated_unit import Unit, activation, gated_unit


@dataclass(frozen=True, eq=False)
class ExpertFunctions(Sequence[Expert]):
    """The experts of one layer; each is copied to the host, in float64, when it is asked for and no earlier."""

    experts: GatedExperts

    def __len__(self) -> int:
        """E."""
        return self.experts.count

    @overload
    def __getitem__(self, number: int) -> Expert: ...
    @overload
    def __getitem__(self, number: slice) -> list[Expert]: ...
    def __getitem__(self, number: int | slice) -> Expert | list[Expert]:
        """Return one expert, or a list of some."""
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        held = self.experts
        gate, down = _float64(held.gate, number), _float64(held.down, number)
        assert gate is not None
        assert down is not None
        return Expert(
            gate=gate,
            up=_float64(held.up, number),
            down=down,
            unit=unit_of(held.gating),
            gate_bias=_float64(held.gate_bias, number),
            up_bias=_float64(held.up_bias, number),
            down_bias=_float64(held.down_bias, number),
            norm=_norm_of(held.norm, number),
        )


def unit_of(gating: Gating) -> Unit:
    """Value and slopes of a gating: in closed form, or differentiated by torch where it is the model's own."""
    if gating.own is None:
        return gated_unit(
            activation(gating.activation, gating.alpha),
            gate_max=gating.gate_max,
            act_max=gating.act_max,
            up_limit=gating.up_limit,
            up_shift=gating.up_shift,
        )

    def value(g: Float64Array, u: Float64Array) -> Float64Array:
        return np.asarray(gated(gating, torch.from_numpy(g), torch.from_numpy(u)).numpy())

    def slopes(g: Float64Array, u: Float64Array) -> tuple[Float64Array, Float64Array]:
        a, b = gate_slopes(gating, torch.from_numpy(g), torch.from_numpy(u))
        assert b is not None
        return np.asarray(a.numpy()), np.asarray(b.numpy())

    return Unit(value, slopes)


def _norm_of(norm: gated_experts.OutputNorm | None, number: int) -> OutputNorm | None:
    return None if norm is None else OutputNorm(_float64(norm.before, number), _float64(norm.after, number), norm.eps)


def _float64(stack: Stack | None, number: int) -> Float64Array | None:
    return None if stack is None else np.asarray(stack[number].detach().cpu().double().numpy())
