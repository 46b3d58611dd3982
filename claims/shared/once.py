"""A cache of one entry, for what all variants of a claim compute of the same evidence."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from metrics.stats.sampling import Sampling

Evidence = TypeVar("Evidence")
Computed = TypeVar("Computed")


class Once(Generic[Evidence, Computed]):
    """Remember what was computed of the evidence that was asked about last, as long as that is in memory."""

    def __init__(self, compute: Callable[[Evidence, Sampling], Computed]) -> None:
        self._compute = compute
        self._last: tuple[weakref.ref[Evidence], Sampling, Computed] | None = None

    def __call__(self, evidence: Evidence, sampling: Sampling) -> Computed:
        """Return what is computed of the evidence with this sampling; nothing is remembered of a refusal."""
        if self._last is not None and self._last[0]() is evidence and self._last[1] == sampling:
            return self._last[2]
        found = self._compute(evidence, sampling)
        self._last = weakref.ref(evidence, self._forget), sampling, found
        return found

    def _forget(self, gone: "weakref.ref[Evidence]") -> None:
        if self._last is not None and self._last[0] is gone:
            self._last = None
