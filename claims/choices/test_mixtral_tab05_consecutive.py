"""Do consecutive tokens share experts more often than chance makes them?  Mixtral, Table 5."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from claims.choices.sequence_means import (
    curve_of_sequences,
    figure_of_curves,
    known_sequences,
    numbers_of,
    require_tokens,
)
from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.shared.premises import models_text, require_all_layers, require_room
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling
from metrics.usage.consecutive import uniform_chance

FIRST, ANY = "first choice", "any of k"
#: What another order of the tokens does not keep.
PLACES = (
    "Neighbours are at neighbouring positions: routing that slides with the position would count as well, and the "
    "evidence keeps no positions of neighbours to tell it from the order of the words."
)
#: What a share can differ by from another.
DIFFERENCE = (-1.0, 1.0)


class _Repeats(NamedTuple):
    """Shares of neighbours that are alike: as they are and in another order (L, S), and for uniform experts (L,)."""

    measured: Float64Array
    reordered: Float64Array
    uniform: Float64Array


@claim(
    id="consecutive-experts",
    group="F",
    number=1,
    title="Consecutive tokens share experts more often than chance",
    source="Mixtral (arXiv 2401.04088), section 5",
    figures=("Mixtral Table 5",),
    statement="In deep layers a token uses the expert of the token before it more often than chance; in the first "
    "layer it does not.",
    equation="share of tokens whose expert is that of the token before - uniform chance >= 0.02, and - the same tokens "
    "in another order >= 0.02, mean over the deepest half of the layers;  first layer - another order <= 0.02",
    definition="paper: the same first choice, or (variant) any of the k experts shared; uniform chance is 1/E, or the "
    "chance that two random sets of k share one. Reconstructed: deep means the deepest half of the MoE layers, an odd "
    "one in the middle included (the paper shows layers 0, 15 and 31); a sequence's share is over its pairs of "
    "neighbours, and sequences count alike",
    means="A token uses the expert of the token before it hardly more often than in another order of the "
    "tokens: a cache that keeps the last experts gains little from the order of this text.",
    check="The hit rate of your cache of experts on your own text, against the same tokens shuffled.",
    null_says="The tokens of the sequence in another order, which keeps its load: a router that prefers some experts, "
    "everywhere or in this sequence, repeats them without any order, and uniform chance flatters it. First choice: the "
    "exact mean over orders; any of k: one random order.",
    paper="first choice: about 14 % in layer 0, 24 to 28 % in layer 15, 20 to 26 % in layer 31, against 12.5 % by "
    "uniform chance; either of two: 46 % by chance, close to it in layer 0, far above it in the others; no interval, "
    "no order but the text's",
    thresholds={
        "above": Threshold(0.02, "about what the paper calls close to random in layer 0; deep layers must show more"),
        "beyond": Threshold(0.02, "as much as counts above uniform chance: one more pair of neighbours in fifty"),
        "first": Threshold(0.02, "as much as counts in deep layers: less of it there is none of it"),
    },
    variants=({"experts": FIRST}, {"experts": ANY}),
)
def test_consecutive_experts(
    token_routing: TokenRouting, variant: Variant, thresholds: Mapping[str, float], sampling: Sampling
) -> Finding:
    """Compare how often neighbouring tokens share experts with uniform chance, and with another order of the tokens."""
    require_tokens(token_routing)
    require_all_layers(token_routing)
    found = _repeats(token_routing, variant["experts"])
    deep = slice(len(token_routing.layers) // 2, None)
    require_room(found.uniform[deep], thresholds["above"], "neighbours share an expert")
    ordered = found.measured - found.reordered
    measured, by_load = (
        sampling.mean((table - found.uniform[:, None])[deep].mean(axis=0))
        for table in (found.measured, found.reordered)
    )
    excess = sampling.mean(ordered[deep].mean(axis=0))
    first = sampling.mean(ordered[0])
    curves = _curves(token_routing, found, sampling)
    return Finding(
        premises=models_text(token_routing, sampling),
        headline=(
            Measured(
                "repeats of the last token's expert, deepest half of layers, minus uniform chance",
                measured,
                ">=",
                "above",
                DIFFERENCE,
            ),
        ),
        excess=(
            Measured(
                "repeats beyond another order of the tokens, deepest half of layers", excess, ">=", "beyond", DIFFERENCE
            ),
        ),
        parts=(Measured("repeats beyond another order of the tokens, first layer", first, "<=", "first", DIFFERENCE),),
        controls=(
            Measured(
                "repeats in another order, deepest half of layers, minus uniform chance",
                by_load,
                ">=",
                "above",
                DIFFERENCE,
            ),
        ),
        layers=curves,
        figure=figure_of_curves(f"neighbours that share {_what(variant)}", "Mixtral Table 5", "share", curves),
        notes=(_told(token_routing, found, deep, variant), *_left_out(token_routing, found), PLACES),
    )


def _repeats(routing: TokenRouting, experts: str) -> _Repeats:
    """Read the shares of the sequences that have neighbours, in the given variant."""
    near = [layer.neighbours for layer in routing.layers if layer.neighbours is not None]
    if experts == FIRST:
        tables = [np.stack([n.first for n in near]), np.stack([n.first_by_chance for n in near])]
        if not np.isfinite(tables[0]).any() and any(np.isfinite(n.any).any() for n in near):
            raise NotApplicable("the capture does not say which of a token's experts is its first choice")
    else:
        tables = [np.stack([n.any for n in near]), np.stack([n.any_by_chance for n in near])]
    measured, reordered = known_sequences(*tables)
    if not measured.shape[1]:
        raise NotApplicable(f"none of {routing.sequences} sequences has two tokens, so no token has one before it")
    chosen = [1 if experts == FIRST else layer.top_k for layer in routing.layers]
    sizes = [layer.usage.shape[1] for layer in routing.layers]
    uniform = np.array([uniform_chance(size, k) for size, k in zip(sizes, chosen, strict=True)])
    return _Repeats(measured, reordered, uniform)


def _curves(routing: TokenRouting, found: _Repeats, sampling: Sampling) -> tuple[Curve, ...]:
    return (
        curve_of_sequences("neighbours", routing, found.measured, sampling),
        curve_of_sequences("the same tokens in another order", routing, found.reordered, sampling),
        Curve("uniform chance", numbers_of(routing), tuple(found.uniform)),
    )


def _what(variant: Variant) -> str:
    return "their first choice" if variant["experts"] == FIRST else "an expert"


def _told(routing: TokenRouting, found: _Repeats, deep: slice, variant: Variant) -> str:
    """Say the shares themselves, in the layers that are judged and in the first."""
    numbers = numbers_of(routing)

    def shares(part: slice) -> str:
        measured, reordered = found.measured[part].mean(), found.reordered[part].mean()
        return f"{measured:.1%} of neighbours share {_what(variant)}, {reordered:.1%} in another order"

    return (
        f"In layers {numbers[deep][0]} to {numbers[-1]} {shares(deep)} and {found.uniform[deep].mean():.1%} by uniform "
        f"chance; in layer {numbers[0]} {shares(slice(1))}."
    )


def _left_out(routing: TokenRouting, found: _Repeats) -> tuple[str, ...]:
    lost = routing.sequences - found.measured.shape[1]
    return (f"{lost} of {routing.sequences} sequences have fewer than two tokens and were left out.",) if lost else ()
