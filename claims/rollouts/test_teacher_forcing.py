"""Is a rollout routed, read in one pass, as it was when it was generated?  The premise of GEO Figs 6-9."""

import numpy as np
import numpy.typing as npt

from claims.core.claim import Threshold, claim
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
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
    definition="ours: the paper reads rollouts in one pass without showing that this is the same; in a type "
    "shorter than float32 most choices are within rounding of another one, and the share of visits that go to other "
    "experts is judged instead",
    null_says="The choices of one reading against those of the other for the next token: they must differ.",
    paper="assumed, not tested",
    thresholds={
        "sequences": Threshold(0, "in float32 both readings compute the same"),
        "visits": Threshold(0.05, "in shorter types: usage moves by less than the margins of the claims on rollouts"),
    },
)
def test_teacher_forcing(trace: Trace, generation: GenerationCheck, sampling: Sampling) -> Finding:
    """Compare the two readings of each generated token, layer by layer."""
    moved = np.stack([_moved(one.generated, one.forced) for one in generation.layers], axis=1)
    apart = moved > 0
    tied = np.stack([one.near_tie for one in generation.layers], axis=1)
    excused = tied | _downstream(apart & tied, generation.sequence)
    written = np.broadcast_to(generation.is_generated[:, None], apart.shape)
    counted = written & ~excused if generation.exact else written
    shifted, followed = _against_next(generation)
    if not counted.any() or not (written & followed).any():
        raise NotApplicable(
            f"of {written.sum():,} choices on generated tokens {counted.sum():,} are free of near-ties, and "
            f"{(written & followed).sum():,} have a next token to compare with"
        )
    largest = float(generation.prediction_difference.max())
    return Finding(
        criteria=(
            *_criteria(generation, moved, counted, noise_floor(trace), sampling),
            Measured(
                "largest relative difference of a next-token logit",
                exact(largest, generation.sequences, "sequence"),
                "<=",
                generation.tolerance,
                decides=False,
            ),
        ),
        null=tuple(_criteria(generation, shifted, written & followed, noise_floor(trace), sampling)),
        layers=(Curve("share of choices that differ", *_by_layer(generation, apart, written, sampling)),),
        figure=_figure(generation, apart, shifted > 0, written, written & followed, sampling),
        notes=(_note(apart, written, excused),),
    )


def _moved(one: IntArray, other: IntArray) -> Float64Array:
    """Share (N,) of each choice of k experts, (N, k), that is not in the other choice."""
    return np.asarray(1.0 - (one[:, :, None] == other[:, None, :]).any(axis=2).mean(axis=1))


def _criteria(
    check: GenerationCheck, moved: Float64Array, counted: BoolArray, floor: float | None, sampling: Sampling
) -> list[Measured]:
    """In float32 no sequence may differ; in shorter types few visits may go elsewhere."""
    apart = moved > 0
    share = sampling.mean(_shares(check, apart, counted))
    name = "share of choices that differ"
    if not check.exact:
        visits = sampling.mean(_shares(check, moved, counted))
        found = [Measured("share of visits that go to other experts", visits, "<=", "visits")]
        if floor is not None:
            beside = f"{name}, beside that of another batch size"
            found.append(Measured(beside, share, "<=", floor, decides=False))
        return found
    broken = np.unique(check.sequence[(apart & counted).any(axis=1)])
    return [
        Measured("sequences with a choice that differs", exact(len(broken), share.n, "sequence"), "<=", "sequences"),
        Measured(name, share, "<=", "sequences", decides=False),
    ]


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


def _by_layer(
    check: GenerationCheck, apart: BoolArray, counted: BoolArray, sampling: Sampling
) -> tuple[tuple[int, ...], tuple[Estimate, ...]]:
    """Layer numbers, and the share of differing choices at each."""
    columns = [_shares(check, apart[:, [i]], counted[:, [i]]) for i in range(len(check.layers))]
    return tuple(one.layer for one in check.layers), tuple(sampling.mean(column) for column in columns)


def _note(apart: BoolArray, written: BoolArray, excused: BoolArray) -> str:
    """How many choices were read, and how many near-ties were counted apart."""
    return (
        f"Of {written.sum():,} choices on generated tokens {(written & apart).sum():,} differ; "
        f"{(written & excused).sum():,} are near-ties, or follow one that fell differently."
    )


def _figure(
    check: GenerationCheck,
    apart: BoolArray,
    shifted: BoolArray,
    written: BoolArray,
    followed: BoolArray,
    sampling: Sampling,
) -> Figure:
    """Share of choices with the same experts, by layer: the two readings, and against the next token."""
    series = []
    for label, differ, counted in (("same token", apart, written), ("next token", shifted, followed)):
        layers, shares = _by_layer(check, ~differ, counted, sampling)
        series.append(along(label, [float(layer) for layer in layers], shares))
    redraws = "ours (the premise of GEO Fig. 6)"
    return layer_figure("the same experts in both readings", redraws, "share of generated tokens", series)
