"""Do the same few experts carry most of the visits in every domain?  arXiv 2601.03425."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from claims.choices.domains import Domains, domains_of, profiles
from claims.choices.shared_sets import shared_sets
from claims.core.claim import Threshold, claim
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import models_text
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array, Int64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.most_used import most_used
from metrics.usage.top_p import expected_jaccard, jaccard

#: Experts of a committee.
SIZE = 5
#: Permutations of the domains' labels, balanced routers, and ways to halve a domain: their means have little luck.
DRAWS = 5
#: Less than any difference of two frequencies: it orders equally used experts.
LOTS = 1e-12
#: Of one layer's profiles (..., C, E), a number (...).
OfProfiles = Callable[[Float64Array], Float64Array]


@claim(
    id="standing-committee",
    group="F",
    number=2,
    title="A standing committee of experts serves every domain",
    source="arXiv 2601.03425",
    figures=(),
    statement="The same few experts of a layer carry most of the visits, whatever the domain of the text.",
    equation="sum of the five largest of mean_d f_de >= 0.5;  mean over pairs of domains of |A_d n A_d'| / "
    "|A_d u A_d'| >= 0.8, A_d the five experts that domain d uses most;  medians over layers",
    definition="reconstructed from visits, a token counting once for each of its experts, where the paper takes the "
    "whole softmax at the last token of a prompt and domains of MMLU; a domain is a corpus of the text. Of equally "
    "used experts one drawn at random comes first. The Jaccard refutes only where it also lies below 0.8 times that "
    "of two halves of a domain's documents: few tokens do not tell a fifth expert from a sixth",
    means="There are no five experts of a layer that are at once the most used in every domain and used by most of its "
    "tokens: five that are pinned in fast memory would serve some domains, and others by much less.",
    check="The share of visits that your pinned experts carry, domain by domain, beside that of as many experts "
    "of a balanced router.",
    null_says="The loads of a balanced router with the same sampling noise, every visit of every document drawn at "
    "1 / E; its five most-used experts of two domains are random sets, whose mean Jaccard is exact.",
    paper="Jaccard across domains 0.87 in OLMoE, DeepSeek-V2-Lite and Qwen3-30B (lowest pairs 0.80, 0.71 and 0.53); "
    "committees of one to five experts hold up to 70.5 % of the mass",
    thresholds={
        "share": Threshold(0.5, "what 'most' means"),
        "same": Threshold(0.8, "the paper's lowest pair in OLMoE: four of five domains' committees are the same five"),
        "share_excess": Threshold(0.1, "a tenth of all visits more than the five luckiest of equals get"),
        "same_excess": Threshold(0.2, "a quarter of the Jaccard that is asked for, beyond random sets"),
    },
)
def test_standing_committee(
    token_routing: TokenRouting, sampling: Sampling, thresholds: Mapping[str, float]
) -> Finding:
    """Measure what the five most-used experts carry, and whether domains have the same five."""
    domains = _with_room(domains_of(token_routing))
    layers = _Layers(domains, sampling)
    balanced = _balanced(domains, sampling.rng("balanced router"))
    chance = np.median([expected_jaccard(np.array(SIZE), np.array(SIZE), usage.shape[1]) for usage in domains.usage])
    found = _found(layers, balanced, float(chance), sampling)
    same = _without_noise(found.same, layers, sampling)
    return Finding(
        premises=models_text(token_routing, sampling),
        headline=(
            _measured("share of visits of the five most-used experts, median layer", found.held, "share"),
            _measured("Jaccard of two domains' five, median layer", same, "same"),
        ),
        excess=(
            _measured("share of visits, minus that of a balanced router", found.beyond_balanced, "share_excess", -1.0),
            _measured("Jaccard, minus that of random sets", found.beyond_chance, "same_excess", -1.0),
        ),
        parts=(_measured("their share in the domain where it is lowest, median layer", found.least_held, "share"),),
        controls=(
            _measured(
                "share of visits of a balanced router's five",
                _of_balanced(layers, found.held_when_balanced, sampling),
                "share",
            ),
            *_permuted(layers),
        ),
        reported=shared_sets(token_routing, sampling),
        layers=(
            Curve("share of the five most-used experts", domains.layers, found.each.held, "share"),
            Curve("Jaccard of two domains' five", domains.layers, found.each.same, "same"),
        ),
        figure=_figure(domains, found.each, thresholds),
        notes=_notes(domains, found.each),
    )


class _Each(NamedTuple):
    """Estimates of every layer: what its committee holds, where least, domains' Jaccard, and held when balanced."""

    held: tuple[Estimate, ...]
    least_held: tuple[Estimate, ...]
    same: tuple[Estimate, ...]
    balanced: tuple[Estimate, ...]


class _Found(NamedTuple):
    """Estimates of every layer, and of their medians."""

    each: _Each
    held: Estimate
    least_held: Estimate
    same: Estimate
    beyond_chance: Estimate
    held_when_balanced: Estimate
    beyond_balanced: Estimate


def _found(layers: "_Layers", balanced: Sequence[Int64Array], chance: float, sampling: Sampling) -> _Found:
    """Estimate everything on the same draws of documents, each layer's profiles being made once."""

    def of_layer(place: int, times: Float64Array) -> Float64Array:
        own, other = layers.profile(place, times), layers.profile(place, times, usage=balanced[place])
        return np.stack([_held(own), _least_held(own), _same(own), _held(other)])

    def over_layers(table: Float64Array) -> Float64Array:
        held, least, same, other = np.median(table, axis=0)
        return np.stack([held, least, same, same - chance, other, held - other])

    found = layers.domains.by_layer(of_layer, over_layers, sampling, "committees: resampling documents")
    return _Found(_Each(*found.each), *found.over)


class _Layers:
    """Every layer's profiles of the domains, equally used experts in an order drawn once."""

    def __init__(self, domains: Domains, sampling: Sampling) -> None:
        self.domains = domains
        rng, count = sampling.rng("equally used experts"), len(domains.names)
        self._lots = [LOTS * rng.random((2 * count, usage.shape[1])) for usage in domains.usage]
        self._permuted = domains.permuted(sampling.rng("domain labels"), DRAWS)

    def profile(
        self, place: int, times: Float64Array, domain: IntArray | None = None, usage: Int64Array | None = None
    ) -> Float64Array:
        """Return the profiles (..., C, E) of one layer, documents having other domains or another usage where given."""
        labels = self.domains.domain if domain is None else domain
        count = int(labels.max()) + 1
        found = profiles(times, self.domains.usage[place] if usage is None else usage, labels, count)
        found += self._lots[place][:count]
        return found

    def median(
        self, number: OfProfiles, domain: IntArray | None = None, usage: Sequence[Int64Array] | None = None
    ) -> float:
        """Median over layers of a number of all documents."""
        every, places = np.ones(len(self.domains.domain)), range(len(self._lots))
        tables = (self.profile(p, every, domain, None if usage is None else usage[p]) for p in places)
        return float(np.median([number(table) for table in tables]))

    def of_permuted(self, number: OfProfiles) -> list[float]:
        """Median over layers with the labels of documents permuted, of each permutation."""
        return [self.median(number, domain) for domain in self._permuted]


def _held(profile: Float64Array) -> Float64Array:
    """Share of the visits that the most-used experts of all domains have, domains counting alike."""
    return np.asarray(np.partition(profile.mean(axis=-2), -SIZE, axis=-1)[..., -SIZE:].sum(axis=-1))


def _least_held(profile: Float64Array) -> Float64Array:
    """Share that the same experts have in the domain where it is lowest."""
    mean = profile.mean(axis=-2)
    committee = np.nonzero(most_used(mean, SIZE))[-1].reshape(*mean.shape[:-1], 1, SIZE)
    return np.asarray(np.take_along_axis(profile, committee, axis=-1).sum(axis=-1).min(axis=-1))


def _same(profile: Float64Array) -> Float64Array:
    """Mean Jaccard of the most-used experts of two domains."""
    members = most_used(profile, SIZE).astype(np.float32)
    shared = (members @ np.swapaxes(members, -1, -2)).astype(np.float64)
    pairs = combinations(range(members.shape[-2]), 2)
    found = np.mean([shared[..., a, b] / (2 * SIZE - shared[..., a, b]) for a, b in pairs], axis=0)
    return np.where(np.isnan(profile).any(axis=(-1, -2)), np.nan, found)


def _with_room(domains: Domains) -> Domains:
    """Leave out layers of which five experts are all."""
    kept = [place for place, usage in enumerate(domains.usage) if usage.shape[1] > SIZE]
    if not kept:
        largest = max(usage.shape[1] for usage in domains.usage)
        raise NotApplicable(f"layers have {largest} experts at most, so that {SIZE} of them are no committee")
    return replace(domains, layers=tuple(domains.layers[p] for p in kept), usage=tuple(domains.usage[p] for p in kept))


def _balanced(domains: Domains, rng: np.random.Generator) -> list[Int64Array]:
    """Draw as many visits as each document made from a router that uses all experts alike."""
    sizes = [usage.shape[1] for usage in domains.usage]
    return [
        rng.multinomial(usage.sum(axis=1), np.full(size, 1 / size))
        for usage, size in zip(domains.usage, sizes, strict=True)
    ]


def _without_noise(same: Estimate, layers: _Layers, sampling: Sampling) -> Estimate:
    """Raise the upper end to that of the Jaccard over what halves of a domain reach, which few tokens keep apart."""
    domain = layers.domains.domain
    if layers.domains.counts_alone:
        return same
    rng = sampling.rng("halves of domains")
    found = [layers.median(_same_halves, _halved(domain, rng)) for _ in range(DRAWS)]
    reached = float(np.mean(found))
    if reached >= 1:
        return same
    method = f"{same.method}; upper end over the {reached:.2f} of two halves of a domain"
    return replace(same, high=same.high / max(reached, LOTS), method=method, draws=())


def _halved(domain: IntArray, rng: np.random.Generator) -> IntArray:
    """Deal the documents of each domain d to the halves 2 d and 2 d + 1."""
    order = rng.permutation(len(domain))
    order = order[np.argsort(domain[order], kind="stable")]
    half = np.empty(len(domain), dtype=np.int64)
    starts = np.searchsorted(domain[order], domain[order])
    half[order] = 2 * domain[order] + (np.arange(len(domain)) - starts) % 2
    return half


def _same_halves(profile: Float64Array) -> Float64Array:
    """Mean Jaccard of the most-used experts of two halves of one domain, profiles (..., 2 C, E)."""
    members = most_used(profile, SIZE)
    return np.asarray(jaccard(members[..., ::2, :], members[..., 1::2, :]).mean(axis=-1))


def _permuted(layers: _Layers) -> tuple[Measured, ...]:
    """The Jaccard of domains of equal usage, which permuted labels make; nothing where documents are not known."""
    if layers.domains.counts_alone:
        return ()
    found = layers.of_permuted(_same)
    return (_measured("Jaccard of two domains' five, labels permuted", _of_draws(found, "permutation"), "same"),)


def _of_balanced(layers: _Layers, one: Estimate, sampling: Sampling) -> Estimate:
    """What five experts of a balanced router carry, over several draws: resampled documents would only raise it."""
    domains = layers.domains
    if domains.counts_alone:
        return one
    rng = sampling.rng("balanced routers")
    return _of_draws([layers.median(_held, usage=_balanced(domains, rng)) for _ in range(DRAWS)], "draw")


def _of_draws(values: Sequence[float], unit: str) -> Estimate:
    """Mean of a control over what was drawn, between its least and its largest value."""
    method = f"range of {len(values)} {unit}s"
    return Estimate(float(np.mean(values)), min(values), max(values), len(values), unit, method)


def _measured(name: str, estimate: Estimate, threshold: str, lowest: float = 0.0) -> Measured:
    return Measured(name, estimate, ">=", threshold, within=(lowest, 1.0))


def _figure(domains: Domains, each: _Each, bounds: Mapping[str, float]) -> Figure:
    """Draw the committee's share by layer, where it is lowest, and of a balanced router; and how alike domains' are."""
    lines = (
        ("five most-used experts", each.held),
        ("the same in the domain where it is lowest", each.least_held),
        ("balanced router, as many visits", each.balanced),
        ("Jaccard of two domains' five", each.same),
    )
    series = [along(name, domains.layers, values) for name, values in lines]
    level = ("asked of the share", bounds["share"])
    drawn = layer_figure("what five experts carry", "ours", "share of visits, or Jaccard", series, level)
    ends = drawn.reference[0].x
    asked = Series("asked of the Jaccard", ends, [bounds["same"]] * len(ends))
    return replace(drawn, reference=[*drawn.reference, asked])


def _notes(domains: Domains, each: _Each) -> tuple[str, ...]:
    """Say what was compared, and where the share is lowest and highest."""
    shares = [float(estimate.value) for estimate in each.held]
    low, high = int(np.argmin(shares)), int(np.argmax(shares))
    sizes = sorted({usage.shape[1] for usage in domains.usage})
    return (
        f"{domains.counted()}, {' or '.join(map(str, sizes))} experts a layer: five of them carry "
        f"{shares[low]:.0%} of the visits in layer {domains.layers[low]}, where it is least, and {shares[high]:.0%} in "
        f"layer {domains.layers[high]}, where it is most.",
        "The paper weighs experts by the whole softmax, those that were not chosen as well, at one token a prompt: its "
        "shares and ours are not on one scale.",
    )
