"""The null of a claim that something is NOT there: a case where it must be seen, for the measure to see anything."""

import math
from dataclasses import replace

from claims.finding import Measured
from metrics.estimate import Estimate
from metrics.statistics import exact


def positive_control(measured: tuple[Measured, ...]) -> tuple[Measured, ...]:
    """Return the null that makes a claim of absence vacuous where its positive control shows nothing.

    Where the control is shown to lie above 0 it stands for itself: vacuous only if it meets the claim's own criteria.
    Where it is not, the measure may be blind, whatever those criteria say; then the lower end of its interval decides.

    Parameters
    ----------
    measured : the claim's criteria, measured on the control; the first is the quantity that must be above 0
    """
    seen = measured[0].estimate
    if seen.low > 0:
        return measured
    return (blind(measured[0].name, seen), *(replace(one, decides=False) for one in measured))


def blind(name: str, control: Estimate) -> Measured:
    """Return a null that holds where a control, which should lie above 0, is not shown to."""
    low = control.low if math.isfinite(control.low) else 0.0  # without an interval, nothing is shown either
    return Measured(f"{name}, lower end", exact(low, control.n, control.unit), "<=", 0.0)
