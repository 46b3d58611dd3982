"""Declare a claim: a sentence with a source, an equation, thresholds with reasons, variants of its definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from claims.core.record import Kind

Test = TypeVar("Test", bound=Callable[..., Any])

Variant = Mapping[str, str]

Asks = Literal["choice", "logits", "states"]

#: Attribute of a test function under which its claim is found.
ATTRIBUTE = "__claim__"


@dataclass(frozen=True)
class Threshold:
    """A number that a verdict hangs on, and why it is this one. Overridable: ``--threshold id.name=value``."""

    value: float
    why: str


@dataclass(frozen=True)
class Claim:
    """One entry of the catalogue.

    Attributes
    ----------
    id : permanent identifier, for example ``kernel-energy``
    group : letter of the catalogue's group
    title : a few words for the report's heading
    source : paper and place
    figures : the paper's figures that it belongs to, for example ("GEO Fig. 13",)
    statement : one sentence, in our words
    equation : the quantity, in plain text
    definition : "paper", "read" or "reconstructed: ..." and what was reconstructed
    thresholds : named numbers with their reasons
    variants : of the definition; the first is the primary one
    null_says : one sentence: what the null is
    paper : what the paper reports for the quantity
    number : place in its group, which orders the report
    kind : "finding" (empirical, on a checkpoint), "theorem" (true by algebra, or a premise of the measurement, and
        checked on every checkpoint) or "identity" (a theorem on generated cases)
    asks : what it asks routers about: which experts they choose ("choice"), what their logits are ("logits"), or
        neither ("states")
    means : what it means for whoever trains, prunes or serves a model that the claim does not hold on it, no more than
        was measured; "" for a theorem
    check : what to check on such a model; "" for a theorem
    version : raised by one whenever a threshold, the equation or the definition changes
    """

    id: str
    group: str
    title: str
    source: str
    figures: tuple[str, ...]
    statement: str
    equation: str
    definition: str
    null_says: str
    paper: str
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    variants: tuple[Mapping[str, str], ...] = ({},)
    kind: Kind = "finding"
    number: int = 99
    asks: Asks = "choice"
    means: str = ""
    check: str = ""
    version: int = 1


def claim(**fields: Any) -> Callable[[Test], Test]:
    """Attach a `Claim` to a test function; the keywords are the claim's fields."""
    declared = Claim(**fields)

    def attach(test: Test) -> Test:
        setattr(test, ATTRIBUTE, declared)
        return test

    return attach


def identity(**fields: Any) -> Callable[[Test], Test]:
    """Attach a claim that is a theorem: of group A, in the paper, and without a null, unless the keywords say else."""
    usual = {"group": "A", "null_says": "not needed: a theorem.", "paper": "a theorem"}
    return claim(**usual | {"kind": "identity"} | fields)


def claim_of(test: Callable[..., Any]) -> Claim | None:
    """Return the claim that a test function carries, or None."""
    found = getattr(test, ATTRIBUTE, None)
    return found if isinstance(found, Claim) else None
