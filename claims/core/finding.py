"""The finding that a claim's function returns, not yet judged: measured criteria by role, curves, a figure."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from claims.core.record import Figure
from claims.core.verdict import Role
from metrics.stats.estimate import Estimate


class NotApplicable(Exception):
    """A premise of the claim is not met; the message is the reason, with what was measured.

    ``figure`` shows the claim's quantities all the same, where they can be read without the premise.
    """

    def __init__(self, reason: str, figure: Figure | None = None) -> None:
        super().__init__(reason)
        self.figure = figure


@dataclass(frozen=True)
class Measured:
    """A measured quantity and the side of which threshold it is claimed to lie on.

    Attributes
    ----------
    name : what was measured, as a phrase
    estimate : the value with its interval
    direction : ``>``, ``>=``, ``<`` or ``<=``: the claimed side
    threshold : the name of one of the claim's thresholds, or a number where the bound follows from the checkpoint
        itself (for example a tolerance that depends on the compute dtype)
    within : the smallest and largest value that the quantity can have, where its interval ends
    fails_open : it can hold or leave the question open, but never refute: a p-value that is large tells nothing
    """

    name: str
    estimate: Estimate
    direction: str
    threshold: str | float
    within: tuple[float, float] = (-math.inf, math.inf)
    fails_open: bool = False


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

    Attributes
    ----------
    headline : the sentence's own quantity
    excess : what of it lies beyond the null, paired over the same units; empty where there is no null by nature
    parts : what the sentence says besides
    premises : where they fail, the sentence cannot be asked
    controls : what the null itself, or a case known beforehand, gives; decides nothing
    reported : other numbers beside
    certified : the counterexample refutes the claim, whatever was measured
    layers, figure, more_figures : what the report draws
    counterexample : arrays that prove something to a third party
    notes : sentences for the reader
    """

    headline: tuple[Measured, ...]
    excess: tuple[Measured, ...] = ()
    parts: tuple[Measured, ...] = ()
    premises: tuple[Measured, ...] = ()
    controls: tuple[Measured, ...] = ()
    reported: tuple[Measured, ...] = ()
    certified: bool = False
    layers: tuple[Curve, ...] = ()
    figure: Figure | None = None
    more_figures: tuple[Figure, ...] = ()
    counterexample: Counterexample | None = None
    notes: tuple[str, ...] = ()

    def by_role(self) -> Iterator[tuple[Role, Measured]]:
        """Yield every measured quantity with its role, the headline first."""
        groups = {
            Role.HEADLINE: self.headline,
            Role.EXCESS: self.excess,
            Role.PART: self.parts,
            Role.PREMISE: self.premises,
            Role.CONTROL: self.controls,
            Role.REPORTED: self.reported,
        }
        for role, group in groups.items():
            yield from ((role, measured) for measured in group)
