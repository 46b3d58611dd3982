"""An estimate: a number, its interval, and how both were obtained."""

from dataclasses import dataclass

#: Coverage of intervals.
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """One measured quantity.

    Attributes
    ----------
    value : float
        Point estimate.
    low, high : float
        Ends of the 95 % interval; equal to ``value`` for an exact count.
    n : int
        Number of resampled units.
    unit : str
        What a unit is: ``sequence``, ``question``, ``seed``, or ``pair`` for exact counts.
    method : str
        For example ``BCa bootstrap of the mean, 9999 resamples`` or ``exact count``.
    seed : int or None
        Seed of the resampling; None when nothing was drawn.
    draws : tuple of float
        Bootstrap distribution in the order drawn (empty for exact counts): estimates over the same units with the
        same seed were drawn alike. Not part of a record.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str
    method: str
    seed: int | None = None
    draws: tuple[float, ...] = ()
