"""How many of their most-used experts two sequences share, and how many sets of the same sizes share by chance."""

import numpy as np

from claims.core.finding import Measured
from claims.shared.sequence_pairs import over_sequences, pair_mean
from fixtures.evidence.token_routing import LayerRouting, TokenRouting
from metrics.arrays import Float64Array, Int64Array
from metrics.stats.sampling import Sampling
from metrics.usage.top_p import expected_jaccard, jaccard_matrix, top_p_set

#: Sequences that are compared at most, drawn at random where there are more: their pairs grow with the square.
MOST = 256


def shared_sets(routing: TokenRouting, sampling: Sampling) -> tuple[Measured, ...]:
    """Return the mean Jaccard of the top-p sets of two sequences (GEO Eqs 18-19), and what their sizes alone give.

    The mean over layers, then over all pairs of sequences, whatever their domains; sequences are resampled. Chance is
    exact: the mean over renamings of the experts of one of the two. Nothing where only counts of corpora are known.
    """
    if routing.counts_alone or routing.sequences < 2:
        return ()
    rng = sampling.rng("shared sets")
    chosen = np.sort(rng.permutation(routing.sequences)[:MOST])
    tables = [_tables(layer, chosen, rng) for layer in routing.layers]
    measured, chance = (np.mean(tables, axis=0)[i] for i in (0, 1))
    pairs = ~np.eye(len(chosen), dtype=np.bool_)
    shared, by_chance = (
        over_sequences(len(chosen), lambda times, table=table: pair_mean(times, table, pairs), sampling)  # type: ignore[misc]
        for table in (measured, chance)
    )
    return (
        Measured("Jaccard of the most-used experts of two sequences", shared, ">", by_chance.value, within=(0.0, 1.0)),
        Measured(
            "the same of sets of the same sizes, experts renamed", by_chance, "<", shared.value, within=(0.0, 1.0)
        ),
    )


def _tables(layer: LayerRouting, chosen: Int64Array, rng: np.random.Generator) -> Float64Array:
    """Jaccard of every pair of sequences, and its mean over renamings, (2, S, S)."""
    usage = layer.usage[chosen]
    members = top_p_set(usage, ties=rng)
    sizes = members.sum(axis=1)
    distinct, place = np.unique(sizes, return_inverse=True)
    expected = expected_jaccard(distinct[:, None], distinct, usage.shape[1])
    return np.stack([jaccard_matrix(members, members), expected[place][:, place]])
