"""One lower end as a null: it holds where something that must be there is not shown to be."""

import math

from claims.finding import Measured
from metrics.estimate import Estimate
from metrics.statistics import exact


def blind(name: str, control: Estimate) -> Measured:
    """Return a null that holds where a control, which should lie above 0, is not shown to."""
    low = control.low if math.isfinite(control.low) else 0.0  # without an interval, nothing is shown either
    return Measured(f"{name}, lower end", exact(low, control.n, control.unit), "<=", 0.0)
