"""A cache of two entries, for what all variants of a claim compute of the same evidence."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from metrics.stats.sampling import Sampling

Evidence = TypeVar("Evidence")
Computed = TypeVar("Computed")


class Once(Generic[Evidence, Computed]):
    """Remember what was computed of the last two pieces of evidence, as long as they are in memory.

    They are a checkpoint's and its untrained twin's, of which a claim is asked in turns.
    """

    def __init__(self, compute: Callable[[Evidence, Sampling], Computed]) -> None:
        self._compute = compute
        self._known: list[tuple[weakref.ref[Evidence], Sampling, Computed]] = []

    def __call__(self, evidence: Evidence, sampling: Sampling) -> Computed:
        """Return what is computed of the evidence with this sampling; nothing is remembered of a refusal."""
        for known, same, found in self._known:
            if known() is evidence and same == sampling:
                return found
        found = self._compute(evidence, sampling)
        self._known = [*self._known[-1:], (weakref.ref(evidence, self._forget), sampling, found)]
        return found

    def _forget(self, gone: "weakref.ref[Evidence]") -> None:
        self._known = [entry for entry in self._known if entry[0] is not gone]
