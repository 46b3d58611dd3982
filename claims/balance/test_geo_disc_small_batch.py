"""Does balancing inside single sequences cost specialization?  A possibility that GEO discusses."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.balance.paired_layers import in_all
from claims.core.claim import Threshold, claim
from claims.core.curves import layer_figure, rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import estimate_few, spanning
from metrics.stats.sampling import Sampling
from metrics.stats.stratified import estimate_stratified
from metrics.usage.divergence import jensen_shannon
from metrics.usage.profiles import usage

#: A corpus needs as many sequences to be resampled.
FEWEST = 2
#: Labellings drawn whose mean divergence is the floor: what sequences differ in, whatever their corpus.
SHUFFLES = 9


class Visits(NamedTuple):
    """What every sequence used in every checkpoint.

    Attributes
    ----------
    visits : (S, A, K, L, E), visits of each expert by sequence, arm, seed and layer, over the top k
    corpora : C, number of corpora
    """

    visits: Float64Array
    corpora: int


@claim(
    id="balance-small-batch",
    group="B",
    number=6,
    title="Balance over single sequences brings the corpora's experts together",
    source="GEO (arXiv 2604.09780v1), discussion after Prop. 2",
    figures=("GEO Prop. 2",),
    statement="Of checkpoints trained alike, the one whose balancing loss was taken over each sequence by itself uses "
    "its experts more alike on different corpora than the one balanced over whole batches.",
    equation="J = H(mean_c f_c) - mean_c H(f_c), f_c the expert usage of corpus c, in bits, less its mean over "
    "shuffled corpus labels;  J(one sequence) - J(whole batch) < 0, over sequences, and in every training",
    definition="ours: the paper offers it as a possibility. Every corpus counts alike; what sequences differ in "
    "whatever their corpus raises J under any labels, and is taken off as its floor",
    null_says="One more labelling of the sequences by shuffled corpora, in the place of the true one. It has no excess "
    "over other labellings but by luck.",
    paper="offered as a possible consequence; not measured",
    thresholds={"smaller": Threshold(0.0, "the claim is about the sign of a paired difference")},
)
def test_balance_small_batch(batch_experiment: Experiment, sampling: Sampling) -> Finding:
    """Compare both arms on the same sequences, mean over layers and seeds; resampled within each corpus."""
    read, trace = in_all(batch_experiment), batch_experiment.traces[0][0]
    _require_corpora(trace)
    used = _visits(batch_experiment, read.layers)
    rng = sampling.rng("balance-small-batch", "corpora")
    one_more, *floor = (rng.permutation(trace.corpus) for _ in range(SHUFFLES + 1))
    first, last = batch_experiment.arms
    trainings = len(batch_experiment.traces)

    name = f"{first!r} minus {last!r}"
    by_seed = _above_floor(used, trace.corpus, floor, np.ones((1, trace.sequences)))[0].mean(axis=1)
    judged = spanning(_estimate(used, trace, trace.corpus, floor, sampling), by_seed)
    by_layer = [
        _estimate(Visits(used.visits[:, :, :, i : i + 1], used.corpora), trace, trace.corpus, floor, sampling)
        for i in range(len(read.numbers))
    ]
    return Finding(
        criteria=(
            Measured(f"J above its floor, {name}", judged, "<", "smaller"),
            *_by_training(by_seed, name, sampling),
        ),
        null=(
            Measured(
                f"J of shuffled corpora above its floor, {name}",
                _estimate(used, trace, one_more, floor, sampling),
                "<",
                "smaller",
            ),
        ),
        layers=(Curve(f"J above its floor, {name}", read.numbers, tuple(by_layer), "smaller"),),
        figure=_figure(batch_experiment, read.numbers, used, trace, floor),
        notes=(
            f"The intervals are over the sequences that {trainings} training{'s' if trainings > 1 else ''} of each "
            f"arm read{', and hold what each training gives by itself' if trainings > 1 else ''}; they do not speak of "
            "other seeds.",
            *read.notes,
        ),
    )


def _require_corpora(trace: Trace) -> None:
    count = np.bincount(trace.corpus, minlength=len(trace.corpora))
    if len(trace.corpora) < 2 or count.min() < FEWEST:
        raise NotApplicable(
            f"usage is compared between two or more corpora of {FEWEST} sequences or more; of the text's "
            f"{len(trace.corpora)} the smallest has {count.min()}"
        )


def _visits(experiment: Experiment, layers: Sequence[Sequence[Sequence[LayerTrace]]]) -> Visits:
    """Collect the visits; the layers come by seed and arm.

    Raises
    ------
    NotApplicable
        When the routers have different numbers of experts.
    """
    sizes = sorted({layer.logits.shape[1] for seed in layers for arm in seed for layer in arm})
    if len(sizes) > 1:
        listed = ", ".join(map(str, sizes))
        raise NotApplicable(f"the routers have {listed} experts, and divergences of their usage do not compare")
    trace = experiment.traces[0][0]
    tokens = np.bincount(trace.sequence, minlength=trace.sequences)[:, None]

    def of(layer: LayerTrace) -> Float64Array:
        return np.asarray(tokens * usage(layer.experts, trace.sequence, trace.sequences, layer.logits.shape[1]))

    table = np.array([[[of(layer) for layer in arm] for arm in seed] for seed in layers])  # (K, A, L, S, E)
    return Visits(table.transpose(3, 1, 0, 2, 4), len(trace.corpora))


def _divergence(used: Visits, labels: IntArray, times: Float64Array) -> Float64Array:
    """J of each arm, seed and layer: times drawn (B, S) to (B, A, K, L)."""
    flat = used.visits.reshape(len(labels), -1)
    corpora = [(times * (labels == corpus)) @ flat for corpus in range(used.corpora)]
    profiles = np.stack([f.reshape(len(times), *used.visits.shape[1:]) for f in corpora], axis=-2)
    return jensen_shannon(profiles)


def _above_floor(used: Visits, labels: IntArray, floor: Sequence[IntArray], times: Float64Array) -> Float64Array:
    """J less its mean over the floor's labels, first arm minus last: times drawn (B, S) to (B, K, L)."""

    def difference(by: IntArray) -> Float64Array:
        found = _divergence(used, by, times)
        return found[:, 0] - found[:, -1]

    return np.asarray(difference(labels) - np.mean([difference(other) for other in floor], axis=0))


def _estimate(used: Visits, trace: Trace, labels: IntArray, floor: Sequence[IntArray], sampling: Sampling) -> Estimate:
    """Mean over seeds and layers, resampling sequences within their corpus."""
    return estimate_stratified(
        trace.corpus,
        lambda times: _above_floor(used, labels, floor, times).mean(axis=(1, 2)),
        seed=sampling.seed,
        resamples=sampling.resamples,
    )


def _by_training(by_seed: Float64Array, name: str, sampling: Sampling) -> tuple[Measured, ...]:
    """The same difference with trainings as units, where there are two or more; reported, not deciding."""
    if len(by_seed) < 2:
        return ()
    estimate = estimate_few(by_seed, "seed", sampling)
    return (Measured(f"J above its floor, {name}, by training", estimate, "<", "smaller", decides=False),)


def _figure(
    experiment: Experiment, layers: tuple[int, ...], used: Visits, trace: Trace, floor: Sequence[IntArray]
) -> Figure:
    """J by layer for both arms, mean over seeds, and the level that shuffled labels give."""
    once = np.ones((1, trace.sequences))
    found = _divergence(used, trace.corpus, once)[0].mean(axis=1)
    under = np.mean([_divergence(used, other, once)[0].mean(axis=1) for other in floor], axis=0)
    x = [float(layer) for layer in layers]
    series = [
        Series(f"{arm}{extra}", x, rounded(values[index]))
        for values, extra in ((found, ""), (under, ", shuffled corpora"))
        for index, arm in enumerate(experiment.arms)
    ]
    title = "divergence of expert usage between corpora"
    return layer_figure(title, "ours (GEO's discussion)", "Jensen-Shannon divergence, bits", series)
