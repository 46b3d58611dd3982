"""How strong the strongest ties between the experts of each layer are, beside random draws and fixed groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from claims.core.finding import NotApplicable
from claims.shared.once import Once
from fixtures.evidence.token_routing import LayerRouting, TokenRouting
from fixtures.messages.progress import progress
from metrics.arrays import Float64Array, FloatArray, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import expanded_level
from metrics.stats.sampling import Sampling
from metrics.usage.random_choices import draw_at_loads
from metrics.usage.together import chosen_together, grouped, lift

#: What a lift is over.
PRODUCT, DRAWS = "the product of loads", "draws at the same loads"
#: Whose ties: the router's, those of experts drawn at random, and of experts in fixed groups.
MEASURED, DRAWN, GROUPED = "measured", "draws at the same loads", "fixed groups"
#: Share of the pairs of a layer that lie below the one that is judged.
QUANTILE = 0.95
#: Draws of blocks of sequences, at most, behind an interval: each takes a percentile of all pairs of every layer.
RESAMPLES = 999
#: Numbers of one chunk of tables.
_CHUNK = 1 << 21


class _Layer(NamedTuple):
    """Tokens that chose two experts, (B, E, E) by block of sequences: as measured, and drawn at the same loads."""

    number: int
    top_k: int
    measured: Float64Array
    drawn: Float64Array


@dataclass(frozen=True)
class Ties:
    """Percentiles of lift of every layer, over what is expected.

    Attributes
    ----------
    layers : their numbers, (L,)
    lifts : over the product of loads, of each layer (E, E)
    found : by whose ties they are and what they are over, estimates of each layer and, last, of the mean over layers
    """

    layers: tuple[int, ...]
    lifts: tuple[Float64Array, ...]
    found: Mapping[tuple[str, str], tuple[Estimate, ...]]

    def strongest(self, expected: str) -> int:
        """Place of the layer whose own ties are the strongest."""
        return int(np.argmax([each.value for each in self.found[MEASURED, expected][:-1]]))


def _measure(routing: TokenRouting, sampling: Sampling) -> Ties:
    layers = _layers(routing, sampling)
    blocks = len(layers[0].measured)
    keys = [(whose, expected) for expected in (PRODUCT, DRAWS) for whose in (MEASURED, DRAWN, GROUPED)]

    def statistics(weights: Float64Array) -> FloatArray:
        over = np.stack([_percentiles(layer, weights.reshape(-1, blocks)) for layer in layers], axis=1)
        drawn = over[1]
        relative = np.divide(over, drawn, out=np.full_like(over, np.nan), where=drawn > 0)
        table = np.concatenate([over, relative])  # 6, L, R
        whole = np.concatenate([table, table.mean(axis=1, keepdims=True)], axis=1)
        return np.asarray(whole.reshape(-1, *weights.shape[:-1]))

    fewer = Sampling(sampling.seed, min(sampling.resamples, RESAMPLES))
    level = expanded_level(blocks)
    found = fewer.several(np.arange(blocks), statistics, counted=True, unit="sequence block", level=level)
    size = len(layers) + 1
    return Ties(
        tuple(layer.number for layer in layers),
        tuple(lift(layer.measured.sum(axis=0), layer.top_k) for layer in layers),
        {key: tuple(found[place * size : (place + 1) * size]) for place, key in enumerate(keys)},
    )


#: Of the last routing: the variants judge the same layers.
ties_of = Once(_measure)


def _layers(routing: TokenRouting, sampling: Sampling) -> list[_Layer]:
    """The layers whose tokens use more experts than one, with experts drawn at the same loads beside them."""
    if any(layer.together is None for layer in routing.layers):
        raise NotApplicable("whole corpora were counted: only the visits of experts are known, not which together")
    found = []
    with progress("drawing experts at the same loads", len(routing.layers), "layers") as step:
        for layer in routing.layers:
            if layer.together is not None and layer.top_k > 1:
                found.append(_drawn_beside(layer, layer.together, sampling))
            step(1)
    if not found:
        raise NotApplicable("one expert a token: none is chosen together with another")
    return found


def _drawn_beside(layer: LayerRouting, blocks: IntArray, sampling: Sampling) -> _Layer:
    visits = np.diagonal(blocks.sum(axis=0))
    tokens = np.trace(blocks, axis1=1, axis2=2) // layer.top_k
    rng = sampling.rng("co-activation", layer.layer)
    rows = draw_at_loads(visits, int(tokens.sum()), int(tokens.sum()), rng)
    parts = np.split(rows[:, None], tokens.cumsum()[:-1])
    drawn = np.stack([chosen_together(part, len(visits))[0] for part in parts])
    return _Layer(layer.layer, layer.top_k, blocks.astype(np.float64), drawn.astype(np.float64))


def _percentiles(layer: _Layer, weights: Float64Array) -> Float64Array:
    """The lift at the quantile, (3, R): measured, drawn and in groups, with each block counted as often as it says."""
    blocks, experts = layer.measured.shape[:2]
    step = max(1, _CHUNK // experts**2)
    found = []
    for some in np.split(weights, range(step, len(weights), step)):
        measured, drawn = (
            (some @ tables.reshape(blocks, -1)).reshape(-1, experts, experts)
            for tables in (layer.measured, layer.drawn)
        )
        together = grouped(np.diagonal(measured, axis1=1, axis2=2), layer.top_k)
        found.append(np.stack([_at_quantile(lift(table, layer.top_k)) for table in (measured, drawn, together)]))
    return np.concatenate(found, axis=1)


def _at_quantile(lifts: Float64Array) -> Float64Array:
    """The lift at the quantile of each table, (R,), over pairs of experts that were used; NaN without one."""
    pairs = lifts[(slice(None), *np.triu_indices(lifts.shape[1], 1))]
    if not np.isnan(pairs).any():
        return np.asarray(np.quantile(pairs, QUANTILE, axis=1))
    used = [row[np.isfinite(row)] for row in pairs]
    return np.array([np.quantile(row, QUANTILE) if len(row) else np.nan for row in used])
