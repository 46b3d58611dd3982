"""By how much a quarter of the experts raises the loss of each domain; documents are resampled within domains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from claims.shared.widened_intervals import sample_halfwidth, widen_for_luck
from fixtures.evidence.ablation import DomainSubsets, SubsetScores
from metrics.arrays import Float64Array, FloatArray, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: A smaller rise with random experts counts as this: a share of nothing would be any number.
LEAST = 0.01


class Rises(NamedTuple):
    """Relative rises of the NLL, of C domains or their mean.

    Attributes
    ----------
    on, off, own, random : with experts chosen on other documents of the domain, on those of another one (mean over
        them), on the scored documents themselves, and at random (mean over draws)
    """

    on: Estimate
    off: Estimate
    own: Estimate
    random: Estimate


@dataclass(frozen=True)
class Measures:
    """What resampling the scored documents tells.

    Attributes
    ----------
    mean : rises, domains counting alike
    each : the same of each domain
    unsettled : what choosing on the scored documents themselves takes off the rise
    saved : share of the rise with random experts that choosing on the domain takes off
    apart : what choosing on another domain adds to the rise
    draws : rises with each random choice by itself, float64 (R, C)
    documents : scored ones of each domain, (C,)
    """

    mean: Rises
    each: tuple[Rises, ...]
    unsettled: Estimate
    saved: Estimate
    apart: Estimate
    draws: Float64Array
    documents: IntArray


def measure(found: DomainSubsets, score: SubsetScores, sampling: Sampling) -> Measures:
    """Estimate the rises, with intervals over documents, widened by the luck of the draws where experts are random."""
    domains = len(found.corpora)
    place, domain = _documents(found)
    table = _sums(place, [found.whole, *_of_domain(found, score), score.own, score.random.mean(axis=0)])

    def of_times(times: Float64Array) -> Float64Array:
        totals = np.stack([times[..., domain == c] @ table[domain == c] for c in range(domains)], axis=-2)
        rise = totals[..., 1:] / totals[..., :1] - 1.0
        mean = rise.mean(axis=-2)
        on, off, own, random = np.moveaxis(mean, -1, 0)
        more = [on - own, (random - on) / np.maximum(random, LEAST), off - on]
        return np.concatenate([np.moveaxis(mean, -1, 0), np.stack(more), *np.moveaxis(rise, (-2, -1), (0, 1))])

    flat = sampling.several(np.arange(len(domain)), of_times, counted=True, unit="document", strata=domain)
    ways = len(Rises._fields)
    draws = _relative(_sums(place, [found.whole, *score.random]), domain, domains)
    mean, (unsettled, saved, apart) = Rises(*flat[:ways]), flat[ways : ways + 3]
    rest = flat[ways + 3 :]
    documents = np.bincount(domain, minlength=domains)
    each = [
        Rises(*(replace(one, n=int(documents[c])) for one in rest[ways * c : ways * (c + 1)])) for c in range(domains)
    ]
    lucky = _halfwidth(draws.mean(axis=1))
    slope = mean.on.value / max(mean.random.value, LEAST) ** 2
    return Measures(
        mean=_widened(mean, lucky),
        each=tuple(_widened(one, _halfwidth(draws[:, c])) for c, one in enumerate(each)),
        unsettled=unsettled,
        saved=widen_for_luck(saved, abs(slope) * lucky, "random experts"),
        apart=apart,
        draws=draws,
        documents=documents,
    )


def _documents(found: DomainSubsets) -> tuple[IntArray, IntArray]:
    """Number of each sequence's document, (S,), and the domain of each document, (N,)."""
    names = [f"{domain} {name}" for domain, name in zip(found.corpus.tolist(), found.documents, strict=True)]
    _, first, place = np.unique(names, return_index=True, return_inverse=True)
    return place, found.corpus[first]


def _of_domain(found: DomainSubsets, score: SubsetScores) -> tuple[FloatArray, FloatArray]:
    """NLL of each sequence with experts chosen on its own domain, and mean over those chosen on another, (S,) each."""
    own = score.chosen[found.corpus, np.arange(found.sequences)]
    return own, (score.chosen.sum(axis=0) - own) / (len(score.chosen) - 1)


def _sums(place: IntArray, columns: Sequence[FloatArray]) -> Float64Array:
    """Sums over the sequences of each document, (N, Q)."""
    return np.stack([np.bincount(place, weights=column) for column in columns], axis=1)


def _relative(table: Float64Array, domain: IntArray, domains: int) -> Float64Array:
    """Rises over the first column of the others, (Q - 1, C)."""
    totals = np.stack([table[domain == c].sum(axis=0) for c in range(domains)], axis=1)
    return np.asarray(totals[1:] / totals[0] - 1.0)


def _halfwidth(values: Float64Array) -> float:
    """Half the 95 % interval of a mean over random draws that owes to which were drawn."""
    return sample_halfwidth(values.tolist(), [0.0] * len(values), 0.0)


def _widened(rises: Rises, halfwidth: float) -> Rises:
    return rises._replace(random=widen_for_luck(rises.random, halfwidth, "random experts"))
