"""Line up the layers of an experiment's arms that can be compared in every checkpoint, and say which cannot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from claims.core.finding import NotApplicable
from fixtures.evidence.trace import Trace

Layer = TypeVar("Layer")
Other = TypeVar("Other")

#: Layers of one checkpoint by their number: the layer, or why it cannot be compared.
Known = Mapping[int, Layer | str]

OTHER_TEXT = "the checkpoints did not read the same text in the same tokens, so nothing is paired"


def same_tokens(one: Trace, other: Trace) -> bool:
    """Tell whether two checkpoints read the same tokens in the same sequences."""
    return (
        one.sequences == other.sequences
        and one.tokens == other.tokens
        and bool((one.sequence == other.sequence).all() and (one.token == other.token).all())
    )


@dataclass(frozen=True)
class ArmLayers(Generic[Layer]):
    """Layers of the arms, side by side.

    Attributes
    ----------
    numbers : L layer numbers
    layers : for each seed and arm, its L layers
    notes : which layers were left out and why, if any
    """

    numbers: tuple[int, ...]
    layers: tuple[tuple[tuple[Layer, ...], ...], ...]
    notes: tuple[str, ...]

    def map(self, of: Callable[[Layer], Other]) -> "ArmLayers[Other]":
        """Return the same arms with something else of each layer."""
        layers = tuple(tuple(tuple(of(layer) for layer in arm) for arm in seed) for seed in self.layers)
        return ArmLayers(self.numbers, layers, self.notes)


def line_up(checkpoints: Sequence[Sequence[Known[Layer]]]) -> ArmLayers[Layer]:
    """Return the layers that can be compared in every checkpoint of an experiment.

    Parameters
    ----------
    checkpoints : for each seed and arm, its layers

    Raises
    ------
    NotApplicable
        When there is no such layer, with the reasons.
    """
    there = [known for seed in checkpoints for known in seed]
    why = {number: _why_not(number, there) for number in sorted(set().union(*there))}
    kept = tuple(number for number, reason in why.items() if not reason)
    if not kept:
        reasons = "; ".join(sorted(set(why.values()))) or "there is none"
        raise NotApplicable(f"in no layer of all {len(there)} checkpoints can the arms be compared: {reasons}")
    out = [f"{number} ({reason})" for number, reason in why.items() if reason]
    return ArmLayers(
        numbers=kept,
        layers=tuple(tuple(tuple(_layer(known[n]) for n in kept) for known in seed) for seed in checkpoints),
        notes=(f"Layers left out: {', '.join(out)}.",) if out else (),
    )


def _why_not(number: int, there: Sequence[Known[Layer]]) -> str:
    """Why a layer cannot be compared in one of the checkpoints, or ""."""
    found = [known.get(number, "not in every checkpoint") for known in there]
    return next((each for each in found if isinstance(each, str)), "")


def _layer(known: Layer | str) -> Layer:
    assert not isinstance(known, str)
    return known
