"""Do some experts serve one domain?  arXiv 2604.05267."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from claims.choices.domain_lifts import largest_lifts
from claims.choices.domains import Domains, domains_of, minus, profiles
from claims.core.claim import Threshold, claim
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import models_text
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import BoolArray, Float64Array, Int64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Permutations of the documents, the highest lift of which is exceeded by luck once in a hundred.
PERMUTATIONS = 99
#: Further ones, which are held against these: what luck gives as measured.
LUCKY = 10
#: Resamples at most, for the permutations are made again in each.
RESAMPLES = 999
#: Is told how much was done since it was told last.
Step = Callable[[float], None]
#: A lift that a reader would call serving a domain, beside what luck cannot give.
TWICE = 2.0


@claim(
    id="domain-experts",
    version=2,
    group="F",
    number=4,
    title="Some experts serve one domain",
    source="arXiv 2604.05267",
    figures=(),
    statement="Of the experts, more than a few are used more in one domain of text than documents of any domain use "
    "them by luck.",
    equation="share of experts with max_d f_de / mean_d f_de above the 99th percentile of the same with documents "
    "permuted over the domains >= 0.1",
    definition="reconstructed: f_d the usage frequencies of a domain, its documents pooled; a domain is a corpus of "
    f"the text, domains count alike; the percentile is the highest of {PERMUTATIONS} permutations, each expert's own; "
    "all experts of all layers. Permuted anew in every resample",
    means="Hardly an expert is used more in one domain than luck gives: pruning to one domain finds no experts "
    "of its own to keep.",
    check="The loss inside and outside your domain after pruning by its usage, against as many random experts.",
    null_says="Documents permuted over the domains, so that none is of any: held against the same permutations, one "
    f"expert in a hundred exceeds them by construction; measured is the mean of {LUCKY} further permutations, among "
    "documents of the same length, to a factor of sqrt(2): what length says of a document's domain is in it.",
    paper="some experts serve single domains; no number is known to us",
    thresholds={
        "share": Threshold(0.1, "ten times what luck gives"),
        "excess": Threshold(0.05, "half of that beyond what permuted documents give"),
    },
)
def test_domain_experts(token_routing: TokenRouting, sampling: Sampling) -> Finding:
    """Count the experts whose largest lift is beyond what permuted documents give."""
    domains = domains_of(token_routing)
    if domains.counts_alone:
        raise NotApplicable("whole domains were counted, and no document by itself: there is nothing to permute")
    fewer = replace(sampling, resamples=min(sampling.resamples, RESAMPLES))
    test = _Permutations(domains, sampling)
    share = test.share(domains.usage, fewer)
    beyond, lucky = test.beyond_luck(domains.usage, np.ones(len(domains.domain))), test.lucky()
    return Finding(
        premises=(*models_text(token_routing, sampling), domains.comparable()),
        headline=(_share("share of experts that one domain uses more than by luck", share, "share"),),
        excess=(_share("share of such experts, minus that of permuted documents", minus(share, lucky), "excess"),),
        controls=_by_identity(domains, test, fewer),
        reported=(_twice(domains, fewer),),
        layers=(Curve("share of such experts", domains.layers, tuple(float(one.mean()) for one in beyond), "share"),),
        figure=_figure(domains, test),
        notes=_notes(domains, np.concatenate(beyond), lucky),
    )


def _silent(_: float) -> None:
    """Tell nobody."""


class _Permutations:
    """Domains that documents have when they are permuted: those that lifts are held against, and further ones."""

    def __init__(self, domains: Domains, sampling: Sampling) -> None:
        self._domains = domains
        rng = sampling.rng("documents permuted")
        self._against = domains.permuted(rng, PERMUTATIONS)
        self._further = domains.permuted_by_length(rng, LUCKY)

    def beyond_luck(self, usage: Sequence[Int64Array], times: Float64Array, step: Step = _silent) -> list[BoolArray]:
        """Tell which experts have a larger lift than any of the permutations gives them.

        Parameters
        ----------
        usage : (N, E) a layer
        times : (..., N), how often each document was drawn
        step : is told what share of the permutations is done, since it was told last

        Returns
        -------
        (..., E) a layer
        """
        own = largest_lifts(times, usage, self._domains.domain)
        highest = self.highest(usage, times, step)
        return [one > other for one, other in zip(own, highest, strict=True)]

    def share(self, usage: Sequence[Int64Array], sampling: Sampling) -> Estimate:
        """Estimate the share of such experts, its interval as wide on either side as draws reach on one.

        Repeated documents make lucky lifts larger, so that draws lie below the value where experts hardly exceed luck.
        """
        columns = sum(one.shape[1] for one in usage)

        def of_draws(times: Float64Array, step: Step) -> Float64Array:
            beyond = self.beyond_luck(usage, times, lambda share: step(share * len(times)))
            return np.asarray(sum(one.sum(axis=-1) for one in beyond) / columns)[None]

        what = f"documents permuted {PERMUTATIONS} times"
        (found,) = self._domains.estimates(of_draws, sampling, what, interval="percentile")
        reach = max(found.value - found.low, found.high - found.value)
        method = f"{found.method}, made symmetric"
        # Without its draws, which lie on one side of it: their p-value would contradict the interval.
        return replace(found, low=found.value - reach, high=found.value + reach, method=method, draws=())

    def lucky(self) -> float:
        """Return the share of experts that further permutations lift as much, mean over them."""
        every, usage = np.ones(len(self._domains.domain)), self._domains.usage
        highest = np.concatenate(self.highest(usage, every))
        lifts = (np.concatenate(largest_lifts(every, usage, domain)) for domain in self._further)
        return float(np.mean([lift > highest for lift in lifts]))

    def highest(self, usage: Sequence[Int64Array], times: Float64Array, step: Step = _silent) -> list[Float64Array]:
        """The highest that permutations give each expert, (..., E) a layer."""
        found: list[Float64Array] = []
        for domain in self._against:
            lifts = largest_lifts(times, usage, domain)
            found = [np.fmax(a, b, out=a) for a, b in zip(found, lifts, strict=True)] if found else lifts
            step(1 / len(self._against))
        return found


def _share(name: str, estimate: Estimate, threshold: str) -> Measured:
    return Measured(name, estimate, ">=", threshold, within=(-1.0, 1.0))


def _by_identity(domains: Domains, test: _Permutations, sampling: Sampling) -> tuple[Measured, ...]:
    """The same were each token routed as its id is elsewhere: what the words of a domain give by themselves."""
    lent = domains.by_identity
    if lent is None:
        return ()
    said = "share of such experts, each token routed as its id is elsewhere"
    return (_share(said, test.share(lent, sampling), "share"),)


def _twice(domains: Domains, sampling: Sampling) -> Measured:
    """Share of experts that a domain uses at least twice as much as domains do on average, lucky ones included."""

    def of_draws(times: Float64Array, step: Step) -> Float64Array:
        step(len(times))
        lifts = np.concatenate(largest_lifts(times, domains.usage, domains.domain), axis=-1)
        return np.asarray((lifts >= TWICE).mean(axis=-1))[None]

    (found,) = domains.estimates(of_draws, sampling, "largest lifts: resampling documents")
    return _share("share of experts that one domain uses twice as much as the mean", found, "share")


def _figure(domains: Domains, test: _Permutations) -> Figure:
    """Draw every expert's largest lift, in falling order, beside the highest that permuted documents give it."""
    every = np.ones(len(domains.domain))
    lifts = np.nan_to_num(np.concatenate(largest_lifts(every, domains.usage, domains.domain)))
    luck = np.nan_to_num(np.concatenate(test.highest(domains.usage, every)))
    order = np.argsort(-lifts, kind="stable")
    place = (np.arange(len(order)) + 1) / len(order)
    series = [
        Series(name, rounded(place), rounded(values[order]))
        for name, values in (("as they are", lifts), (f"highest of {PERMUTATIONS} permutations", luck))
    ]
    return Figure("lines", "experts of all layers", "ours", "share of the experts", "largest lift of a domain", series)


def _notes(domains: Domains, beyond: BoolArray, lucky: float) -> tuple[str, ...]:
    """Say what was compared, and what the largest lift is."""
    lifts = largest_lifts(np.ones(len(domains.domain)), domains.usage, domains.domain)
    layer = int(np.argmax([np.nanmax(one) for one in lifts]))
    expert = int(np.nanargmax(lifts[layer]))
    shares = profiles(np.ones(len(domains.domain)), domains.usage[layer], domains.domain, len(domains.names))[:, expert]
    return (
        f"{domains.counted()}: {int(beyond.sum())} of {len(beyond)} experts are lifted beyond luck, where permuted "
        f"documents lift {lucky:.1%} of them as far.",
        f"The largest lift, {lifts[layer][expert]:.2f} of at most {len(domains.names)}, is that of expert {expert} in "
        f"layer {domains.layers[layer]}, which takes {shares.max():.1%} of the visits in "
        f"{domains.names[int(shares.argmax())]}. Of many documents a small lift is beyond luck as well: it tells that "
        "domains differ, not that an expert has no other use.",
    )
