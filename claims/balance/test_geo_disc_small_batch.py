"""Does balancing inside single sequences cost specialization?  A possibility that GEO discusses."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.balance.paired_layers import in_all
from claims.core.claim import Threshold, claim
from claims.core.curves import layer_figure
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import all_model_text
from claims.shared.trainings import over_trainings
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.stats.sampling import Sampling
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
    "shuffled corpus labels;  J(one sequence) - J(whole batch) <= -0.01, mean over layers, over trainings",
    definition="ours: the paper offers it as a possibility. Every corpus counts alike; what sequences differ in "
    "whatever their corpus raises J under any labels, and is taken off as its floor",
    means="In these trainings balance over single sequences did not make the corpora's experts noticeably more "
    "alike than balance over whole batches did: the small batch is not what costs specialisation here.",
    check="The divergence of expert usage between your domains under both ways to balance, at your scale and "
    "over at least five seeds.",
    null_says="One more labelling of the sequences by shuffled corpora, in the place of the true one. It has no excess "
    "over other labellings but by luck.",
    paper="offered as a possible consequence; not measured",
    thresholds={
        "smaller": Threshold(-0.01, "bits of the 1 that two corpora without a common expert are apart"),
        "beyond": Threshold(-0.005, "half of the smallest difference that matters, less than shuffled corpora give"),
    },
)
def test_balance_small_batch(batch_experiment: Experiment, sampling: Sampling) -> Finding:
    """Compare both arms on the same sequences, mean over layers; trainings are the units."""
    read, trace = in_all(batch_experiment), batch_experiment.traces[0][0]
    _require_corpora(trace)
    used = _visits(batch_experiment, read.layers)
    rng = sampling.rng("balance-small-batch", "corpora")
    one_more, *floor = (rng.permutation(trace.corpus) for _ in range(SHUFFLES + 1))
    first, last = batch_experiment.arms
    name = f"Jensen-Shannon divergence between domains beyond shuffled labels, {first!r} minus {last!r}"
    true, shuffled = (_above_floor(used, labels, floor) for labels in (trace.corpus, one_more))
    return Finding(
        headline=(Measured(name, over_trainings(true), "<=", "smaller"),),
        excess=(Measured(f"{name}, minus that of shuffled corpora", over_trainings(true - shuffled), "<=", "beyond"),),
        premises=all_model_text(batch_experiment.fits, sampling),
        controls=(Measured(f"{name}, shuffled corpora", over_trainings(shuffled), "<=", "smaller"),),
        layers=(Curve(name, read.numbers, tuple(over_trainings(column) for column in true.T), "smaller"),),
        figure=_figure(batch_experiment, read.numbers, used, trace, floor),
        notes=read.notes,
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


def _divergence(used: Visits, labels: IntArray) -> Float64Array:
    """J of each arm, seed and layer, (A, K, L)."""
    corpora = [used.visits[labels == corpus].sum(axis=0) for corpus in range(used.corpora)]
    return jensen_shannon(np.stack(corpora, axis=-2))


def _above_floor(used: Visits, labels: IntArray, floor: Sequence[IntArray]) -> Float64Array:
    """J less its mean over the floor's labels, first arm minus last, (K, L)."""
    found = _divergence(used, labels) - np.mean([_divergence(used, other) for other in floor], axis=0)
    return np.asarray(found[0] - found[-1])


def _figure(
    experiment: Experiment, layers: tuple[int, ...], used: Visits, trace: Trace, floor: Sequence[IntArray]
) -> Figure:
    """J by layer for both arms, mean over seeds, and the level that shuffled labels give."""
    found = _divergence(used, trace.corpus).mean(axis=1)
    under = np.mean([_divergence(used, other).mean(axis=1) for other in floor], axis=0)
    x = [float(layer) for layer in layers]
    series = [
        Series(f"{arm}{extra}", x, rounded(values[index]))
        for values, extra in ((found, ""), (under, ", shuffled corpora"))
        for index, arm in enumerate(experiment.arms)
    ]
    title = "divergence of expert usage between corpora"
    return layer_figure(title, "ours (GEO's discussion)", "Jensen-Shannon divergence, bits", series)
