"""The finding that a claim's function returns, not yet judged: measured criteria, a null, curves, a figure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from claims.core.record import Figure
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate


class NotApplicable(Exception):
    """A premise of the claim is not met; the message is the reason, with what was measured."""


@dataclass(frozen=True)
class Measured:
    """A measured quantity and the side of which threshold it is claimed to lie on.

    ``threshold`` is the name of one of the claim's thresholds, or a number where the bound follows from
    the checkpoint itself (for example a tolerance that depends on the compute dtype).
    ``decides`` is False for a number reported beside the deciding ones.
    """

    name: str
    estimate: Estimate
    direction: str
    threshold: str | float
    decides: bool = True


@dataclass(frozen=True)
class Curve:
    """A quantity by layer: an estimate or an exact number a layer, None where a layer has no unit.

    ``threshold`` is drawn beside it: the name of one of the claim's thresholds, a number, or nothing.
    """

    name: str
    layers: tuple[int, ...]
    values: tuple[Estimate | float | None, ...]
    threshold: str | float | None = None


@dataclass(frozen=True)
class Counterexample:
    """Arrays that prove ``says`` to anyone with numpy; ``check`` names the rule in `claims.recheck`."""

    check: str
    says: str
    arrays: Mapping[str, npt.NDArray[np.generic]]
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Everything a claim measured on one checkpoint in one variant.

    ``control`` says that the null is a positive control: a case where what the claim says is absent must be seen, so
    that a claim of absence is supported only where the control fails a criterion outright.
    """

    criteria: tuple[Measured, ...]
    null: tuple[Measured, ...] = ()
    control: bool = False
    layers: tuple[Curve, ...] = ()
    figure: Figure | None = None
    counterexample: Counterexample | None = None
    notes: tuple[str, ...] = ()


def unproven_control(name: str, control: Estimate) -> Measured:
    """Return a null that holds where a control, which should lie above 0, is not shown to."""
    low = control.low if math.isfinite(control.low) else 0.0  # without an interval, nothing is shown either
    return Measured(f"{name}, lower end", exact(low, control.n, control.unit), "<=", 0.0)
