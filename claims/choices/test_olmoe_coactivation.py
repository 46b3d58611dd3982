"""Are experts of a layer chosen together more often than their loads say?  OLMoE, section 5.2."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.once import Once
from claims.shared.premises import models_text
from fixtures.evidence.token_routing import TokenRouting
from fixtures.messages.progress import progress
from metrics.arrays import Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.jackknife import estimate_jackknife
from metrics.stats.sampling import Sampling
from metrics.usage.random_choices import draw_at_loads
from metrics.usage.together import chosen_together, grouped, lift

PRODUCT, DRAWS = "the product of loads", "draws at the same loads"
#: Share of the pairs of a layer that lie below the one that is judged.
QUANTILE = 0.95
#: Experts that the drawn table shows at most.
SHOWN = 32


class _Layer(NamedTuple):
    """One layer: lifts at the quantile of all blocks, then without each, (1 + B,), and the table of all, (E, E)."""

    number: int
    measured: Float64Array
    drawn: Float64Array
    grouped: Float64Array
    lifts: Float64Array


@claim(
    id="co-activation",
    group="F",
    number=5,
    title="Experts are not chosen together more often than their loads say",
    source="OLMoE (arXiv 2409.02060), section 5.2",
    figures=("OLMoE section 5.2",),
    statement="The experts of a layer are not chosen for one token much more often than their loads say.",
    equation="95th percentile over pairs of experts of lift_ij < 2, mean over layers, and in every layer;  "
    "lift_ij = P(i and j) / (P(i) P(j)), over tokens",
    definition="reconstructed: the paper shows how often expert j comes with expert i, and no rule; over the load of j "
    "that is the lift. Expected is the product of loads or (variant) what draws at the same loads give at the same "
    "percentile: of two experts without replacement, half the product. Experts that no token used are left out",
    means="Some experts are chosen together at least twice as often as their loads say: placing such pairs on "
    "one device may save traffic between devices.",
    check="Which pairs they are on your own text, and the traffic with them placed together and apart.",
    null_says="k experts drawn for each token without replacement, each exactly as often as it was measured and "
    "without other ties, as many tokens as were counted. The claim is that routing is like this null, so that there is "
    "no excess over it: it stands where its own percentile, which counting noise raises, could refute the claim, and "
    "fixed groups of k experts, the strongest ties that the loads allow, stand where theirs could not.",
    paper="few strong ties among the experts of a layer, in tables of the 32 experts with the strongest; no lift is "
    "known to us",
    thresholds={
        "lift": Threshold(2.0, "twice as often as expected: a tie that a reader would see in a table of pairs"),
    },
    variants=({"expected": PRODUCT}, {"expected": DRAWS}),
)
def test_co_activation(token_routing: TokenRouting, variant: Variant, sampling: Sampling) -> Finding:
    """Hold the strongest ties between experts against loads, beside random draws and fixed groups."""
    layers = _layers(token_routing, sampling)
    expected = variant["expected"]

    def ties(layer: _Layer) -> Float64Array:
        return _relative(layer.measured, layer, expected)

    strongest = max(layers, key=lambda layer: float(ties(layer)[0]))
    curves = (
        _curve("measured", layers, ties),
        _curve("draws at the same loads", layers, lambda layer: _relative(layer.drawn, layer, expected)),
        _curve("fixed groups", layers, lambda layer: _relative(layer.grouped, layer, expected)),
    )
    name = f"95th percentile of lift over {expected}"
    return Finding(
        headline=(_criterion(f"{name}, mean over layers", layers, ties, "<"),),
        parts=(_criterion(f"{name}, layer {strongest.number}, where it is largest", [strongest], ties, "<"),),
        premises=(
            *models_text(token_routing, sampling),
            _criterion(
                f"{name}, were experts chosen in fixed groups",
                layers, lambda layer: _relative(layer.grouped, layer, expected), ">=",
            ),
            _criterion(
                "95th percentile of lift over the product of loads, of draws at the same loads",
                layers, lambda layer: layer.drawn, "<",
            ),
        ),
        layers=curves,
        figure=_figure(strongest),
        notes=_notes(token_routing, strongest),
    )  # fmt: skip


def _read(routing: TokenRouting, sampling: Sampling) -> list[_Layer]:
    """Take the percentiles of every layer whose tokens use more experts than one."""
    if any(layer.together is None for layer in routing.layers):
        raise NotApplicable("whole corpora were counted: only the visits of experts are known, not which together")
    found = []
    with progress("drawing experts at the same loads", len(routing.layers), "layer") as step:
        for layer in routing.layers:
            if layer.together is not None and layer.top_k > 1:
                found.append(_layer(layer.layer, layer.together, layer.top_k, sampling))
            step(1)
    if not found:
        raise NotApplicable("one expert a token: none is chosen together with another")
    return found


#: Of the last routing: the variants judge the same layers.
_layers = Once(_read)


def _layer(number: int, blocks: IntArray, top_k: int, sampling: Sampling) -> _Layer:
    total = blocks.sum(axis=0)
    visits, tokens = np.diagonal(total), np.trace(blocks, axis1=1, axis2=2) // top_k
    rows = draw_at_loads(visits, int(tokens.sum()), int(tokens.sum()), sampling.rng("co-activation", number))
    parts = np.split(rows[:, None], tokens.cumsum()[:-1])
    drawn = np.stack([chosen_together(part, len(visits))[0] for part in parts])
    without = [total, *(total - blocks)]
    return _Layer(
        number,
        measured=_percentiles(without, top_k),
        drawn=_percentiles([drawn.sum(axis=0), *(drawn.sum(axis=0) - drawn)], top_k),
        grouped=_percentiles([grouped(np.diagonal(table), top_k) for table in without], top_k),
        lifts=lift(total, top_k),
    )


def _percentiles(tables: Sequence[IntArray], top_k: int) -> Float64Array:
    """The lift at the quantile of each table, over pairs of experts that were used."""
    pairs = np.triu_indices(len(tables[0]), 1)
    found = [lift(table, top_k)[pairs] for table in tables]
    return np.array([np.nanquantile(values, QUANTILE) if np.isfinite(values).any() else np.nan for values in found])


def _relative(values: Float64Array, layer: _Layer, expected: str) -> Float64Array:
    """Percentiles of lift as they are, or over those of draws at the same loads."""
    if expected == PRODUCT:
        return values
    return np.divide(values, layer.drawn, out=np.full_like(values, np.nan), where=layer.drawn > 0)


def _criterion(name: str, layers: Sequence[_Layer], of: Callable[[_Layer], Float64Array], direction: str) -> Measured:
    return Measured(name, _mean([of(layer) for layer in layers]), direction, "lift", within=(0.0, np.inf))


def _mean(values: Sequence[Float64Array]) -> Estimate:
    """Mean over layers, with the jackknife over blocks of sequences."""
    mean = np.mean(values, axis=0)
    return estimate_jackknife(float(mean[0]), mean[1:], "sequence block")


def _curve(name: str, layers: Sequence[_Layer], of: Callable[[_Layer], Float64Array]) -> Curve:
    return Curve(name, tuple(layer.number for layer in layers), tuple(_mean([of(layer)]) for layer in layers), "lift")


def _figure(layer: _Layer) -> Figure:
    """Lifts of the experts with the strongest ties, on a scale on which as often as loads say is 0."""
    strongest = np.nan_to_num(layer.lifts).max(axis=1)
    shown = np.sort(np.argsort(-strongest, kind="stable")[:SHOWN])
    with np.errstate(divide="ignore"):
        scale = np.log2(layer.lifts[np.ix_(shown, shown)])
    scale[~np.isfinite(scale)] = np.nan
    columns = [float(column) for column in shown]
    some = "" if len(shown) == len(layer.lifts) else f", {len(shown)} of {len(layer.lifts)} experts"
    return Figure(
        kind="heat",
        title=f"log2 of lift, layer {layer.number}{some}",
        redraws="OLMoE section 5.2",
        x_label="expert",
        y_label="expert",
        series=[Series(str(row), columns, rounded(values)) for row, values in zip(shown, scale, strict=True)],
    )


def _notes(routing: TokenRouting, layer: _Layer) -> tuple[str, ...]:
    one, other = np.unravel_index(np.nanargmax(layer.lifts), layer.lifts.shape)
    pairs = layer.lifts[np.triu_indices(len(layer.lifts), 1)]
    twice = float((pairs[np.isfinite(pairs)] >= 2).mean())
    told = (
        f"In layer {layer.number}, {twice:.1%} of the pairs are chosen together at least twice as often as the product "
        f"of their loads; most of all experts {one} and {other}, {layer.lifts[one, other]:.3g} times as often. At the "
        f"95th percentile draws at the same loads reach {layer.drawn[0]:.3g}, fixed groups {layer.grouped[0]:.3g}."
    )
    few = f"Every {routing.stride}th token was counted." if routing.stride > 1 else ""
    return (told, few) if few else (told,)
