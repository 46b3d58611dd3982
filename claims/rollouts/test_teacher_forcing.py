"""Is a rollout routed, read in one pass, as it was when it was generated?  The premise of GEO Figs 6-9."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claims.core.claim import Threshold, claim
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from fixtures.evidence.noise_floor import noise_floor
from fixtures.evidence.teacher_forcing import GenerationCheck
from fixtures.evidence.trace import Trace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


@claim(
    id="teacher-forcing",
    group="D",
    number=0,
    title="Routing read in one pass is the routing during generation",
    source="GEO (arXiv 2604.09780v1), its rollout experiments' premise",
    figures=("GEO Fig. 6",),
    statement="A model that reads its own text in one forward pass uses the same experts, at every layer, as it used "
    "while it generated that text token by token with its cache.",
    equation="experts(token t, layer l | generating) = experts(t, l | one pass), near-ties and what follows them apart",
    definition="ours: the paper reads rollouts in one pass without showing that this is the same. In float32 choices "
    "that are near-ties, or follow one that fell differently, are counted apart in every number, and of the others "
    "none may differ; in a shorter type most choices are within rounding of another one, and the share of visits that "
    "go to other experts is judged instead",
    null_says="A claim of absence has a positive control instead: the choices of one reading against those of the "
    "other for the next token must be seen to differ.",
    paper="assumed, not tested",
    kind="theorem",
    thresholds={
        "choices": Threshold(
            0, "in float32 both readings compute the same: a single choice beyond rounding refutes it"
        ),
        "visits": Threshold(0.05, "in shorter types: usage moves by less than the margins of the claims on rollouts"),
        "seen": Threshold(0.05, "as much as may differ in shorter types must differ for another token"),
    },
)
def test_teacher_forcing(trace: Trace, again: Trace, generation: GenerationCheck, sampling: Sampling) -> Finding:
    """Compare the two readings of each generated token, layer by layer."""
    moved = np.stack([_moved(one.generated, one.forced) for one in generation.layers], axis=1)
    tied = np.stack([one.near_tie for one in generation.layers], axis=1)
    written = np.broadcast_to(generation.is_generated[:, None], tied.shape)
    excused = tied | _downstream((moved > 0) & tied, generation.sequence) if generation.exact else np.zeros_like(tied)
    shifted, followed = _against_next(generation)

    def differing(share: Float64Array) -> Float64Array:
        return (share > 0).astype(np.float64) if generation.exact else share

    same = _Reading(differing(moved), written & ~excused)
    following = _Reading(differing(shifted), written & followed)
    if not same.counted.any() or not following.counted.any():
        raise NotApplicable(
            f"of {written.sum():,} choices on generated tokens {same.counted.sum():,} are free of near-ties, and "
            f"{following.counted.sum():,} have a next token to compare with"
        )
    what = "choices that differ" if generation.exact else "visits that go to other experts"
    control = sampling.mean(following.shares(generation))
    share = sampling.mean(same.shares(generation))
    return Finding(
        headline=(_headline(f"share of {what}", share, exact_type=generation.exact),),
        premises=(Measured(f"share of {what}, next token", control, ">=", "seen", within=(0.0, 1.0)),),
        reported=(
            *_floor(noise_floor(trace, again), generation, moved > 0, written, sampling),
            _predictions(generation),
        ),
        layers=(Curve(f"share of {what}", *same.by_layer(generation, sampling)),),
        notes=(_note(same, written, excused, what, share.value),),
    )


@dataclass(frozen=True)
class _Reading:
    """How far the choices of two readings differ, (N, L), and which of them are counted."""

    differ: Float64Array
    counted: BoolArray

    def shares(self, check: GenerationCheck) -> Float64Array:
        """Mean over each sequence's counted choices, one number a sequence that has any."""
        return _shares(check, self.differ, self.counted)

    def by_layer(
        self, check: GenerationCheck, sampling: Sampling
    ) -> tuple[tuple[int, ...], tuple[Estimate | None, ...]]:
        """Layer numbers, and the mean at each; None where no choice is counted."""
        columns = [_shares(check, self.differ[:, [i]], self.counted[:, [i]]) for i in range(len(check.layers))]
        found = tuple(sampling.mean(column) if len(column) else None for column in columns)
        return tuple(one.layer for one in check.layers), found


def _headline(name: str, share: Estimate, *, exact_type: bool) -> Measured:
    """In float32 an exact count, no choice of which may differ; in shorter types few visits may go elsewhere."""
    if exact_type:
        return Measured(f"{name} beyond near-ties", exact(share.value, share.n, "sequence"), "<=", "choices")
    return Measured(name, share, "<=", "visits", within=(0.0, 1.0))


def _floor(
    floor: float | None, check: GenerationCheck, apart: BoolArray, written: BoolArray, sampling: Sampling
) -> tuple[Measured, ...]:
    """In shorter types, the share of choices that differ beside that of another batch size."""
    if check.exact or floor is None:
        return ()
    share = sampling.mean(_shares(check, apart, written))
    return (Measured("share of choices that differ, beside that of another batch size", share, "<=", floor),)


def _predictions(check: GenerationCheck) -> Measured:
    largest = exact(float(check.prediction_difference.max()), check.sequences, "sequence")
    return Measured("largest relative difference of a next-token logit", largest, "<=", check.tolerance)


def _moved(one: IntArray, other: IntArray) -> Float64Array:
    """Share (N,) of each choice of k experts, (N, k), that is not in the other choice."""
    return np.asarray(1.0 - (one[:, :, None] == other[:, None, :]).any(axis=2).mean(axis=1))


def _shares(check: GenerationCheck, apart: Float64Array | BoolArray, counted: BoolArray) -> Float64Array:
    """Mean over each sequence's counted choices of whether, or how far, they differ; without any it is left out."""
    total = np.bincount(check.sequence, weights=counted.sum(axis=1), minlength=check.sequences)
    differ = np.bincount(check.sequence, weights=(apart * counted).sum(axis=1), minlength=check.sequences)
    return np.asarray(differ[total > 0] / total[total > 0])


def _downstream(flips: BoolArray, sequence: npt.NDArray[np.integer]) -> BoolArray:
    """Choices (N, L) that read a flipped one: at later layers, of the same token and of those after it."""
    reached = np.zeros_like(flips)
    for number in np.unique(sequence[flips.any(axis=1)]):
        own = sequence == number
        before = np.logical_or.accumulate(np.logical_or.accumulate(flips[own], axis=0), axis=1)
        reached[own, 1:] = before[:, :-1]
    return reached


def _against_next(check: GenerationCheck) -> tuple[Float64Array, BoolArray]:
    """How far choices differ from the next token's in the other reading (N, L), and tokens that have a next (N, 1)."""
    followed = np.append(check.sequence[1:] == check.sequence[:-1], False)[:, None]
    columns = [_moved(one.generated, np.roll(one.forced, -1, axis=0)) for one in check.layers]
    return np.stack(columns, axis=1) * followed, followed


def _note(same: _Reading, written: BoolArray, excused: BoolArray, what: str, share: float) -> str:
    """How many choices were read, how many near-ties were counted apart, and what of the others differs."""
    return (
        f"Of {written.sum():,} choices on generated tokens {(written & excused).sum():,} are near-ties, or follow one "
        f"that fell differently, and are counted apart; of the other {same.counted.sum():,} the share of {what} is "
        f"{share:.4g}, mean over sequences."
    )
