"""Does a quarter of the experts, chosen on a domain, suffice for that domain?  EMO, arXiv 2605.06663."""

from collections.abc import Mapping

import numpy as np

from claims.choices.subset_rises import Measures, measure
from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import models_text
from fixtures.evidence.ablation import CutLayer, DomainSubsets, SubsetScores
from metrics.arrays import BoolArray
from metrics.routing.expert_subsets import kept_experts
from metrics.stats.sampling import Sampling

AMONG, ROUTED = "among kept", "as routed"


@claim(
    id="domain-subset",
    version=2,
    group="F",
    number=11,
    title="A domain's favourite quarter of the experts does not suffice for it",
    source="EMO (arXiv 2605.06663), abstract",
    figures=(),
    statement="Keeping, in every MoE layer, only the quarter of experts that documents of a domain use most raises the "
    "NLL of other documents of that domain by a tenth or more, in every domain.",
    equation="increase = sum NLL(a quarter) / sum NLL(whole) - 1 over documents of a domain that did not choose; its "
    "mean over domains >= 0.1;  parts: that of each domain >= 0.1",
    definition="read (a quarter of the experts of every layer, chosen by routing on text of the domain); ours: loss in "
    "place of answers to tests, most visits in place of the highest mean probability, layers chosen at once; a quarter "
    "is rounded up and no fewer than a token uses; a domain is a corpus of the text, every second document chooses "
    "and, of the others, the first 16 are scored by their beginnings. Variant: a softmax over the kept experts alone, "
    "as in the paper's checkpoints, which hold no rows of the others; or over all, as the whole model routes",
    means="A quarter of the experts, the favourites of some documents of a domain, costs less than a tenth of the "
    "likelihood of its other documents: where memory is short, such a subset is worth a trial.",
    check="The loss on text of your own domain with the quarter that other text of it uses most, beside a model of a "
    "quarter of the size.",
    null_says="None by nature. Random experts and those of other domains stand beside and cannot take a yes away: a "
    "model that they break as much is one whose experts know no domain, which is what the sentence says. A cut that "
    "breaks by itself, or a choice by too little text, could: with every expert kept a layer must give what it gives "
    "untouched, and favourites of the scored documents themselves must break every domain too, or hardly do better.",
    paper="standard MoEs break, EMO's own loses 1 % (abstract); ten points of accuracy, says a reader of the paper",
    thresholds={
        "increase": Threshold(
            0.1,
            "a tenth of the NLL: what a quarter of the size costs by the exponent 0.076 of Kaplan et al. (4^0.076 = "
            "1.11), so that a smaller model would have done; three to ten times the 1 to 3 % that EMO loses",
        ),
        "settled": Threshold(0.05, "half of what counts as broken: what a choice by other documents may lose in luck"),
        "beyond": Threshold(0.05, "half of what counts as broken, above the rise of the untrained twin"),
        "saved": Threshold(
            0.5,
            "reported only: more than half is saved where a few experts do most of the work, or experts serve domains",
        ),
    },
    variants=({"gates": AMONG}, {"gates": ROUTED}),
)
def test_domain_subset(
    domain_subsets: DomainSubsets, variant: Variant, sampling: Sampling, thresholds: Mapping[str, float]
) -> Finding:
    """Compare the loss of each domain's documents with a quarter of the experts with that of the whole model."""
    _require_all_layers(domain_subsets)
    score = _score(domain_subsets, variant["gates"])
    found = measure(domain_subsets, score, sampling)
    mean = found.mean
    luck = Measured("loss rise, minus that with these documents' own favourites", found.unsettled, "<=", "settled")
    broken = all(rises.own.low >= thresholds["increase"] for rises in found.each)
    unsettled, settled = ((), (luck,)) if broken else ((luck,), ())
    own = [
        Measured(f"loss rise in {name}", rises.on, ">=", "increase")
        for name, rises in zip(domain_subsets.corpora, found.each, strict=True)
    ]
    return Finding(
        headline=(Measured("loss rise, experts chosen on the domain", mean.on, ">=", "increase"),),
        parts=tuple(own),
        premises=(*models_text(domain_subsets, sampling), *unsettled),
        controls=(
            Measured("loss rise, experts chosen on another domain", mean.off, ">=", "increase"),
            Measured(f"loss rise, random experts, mean of {len(found.draws)}", mean.random, ">=", "increase"),
        ),
        reported=(
            Measured("share of random experts' rise that choosing on the domain saves", found.saved, "<=", "saved"),
            Measured("loss rise, experts chosen on another domain minus on its own", found.apart, ">=", "settled"),
            *settled,
        ),
        layers=_served(domain_subsets),
        figure=_figure(domain_subsets, found, thresholds["increase"]),
        notes=_notes(domain_subsets, score, found, variant["gates"]),
    )


def _require_all_layers(found: DomainSubsets) -> None:
    """Refuse evidence of a model that kept some layers whole."""
    cut, present = len(found.layers), int(found.checkpoint.get("moe_layers", len(found.layers)))
    if cut < present:
        raise NotApplicable(f"the claim is of a quarter in every MoE layer, and {cut} of {present} were cut")


def _score(found: DomainSubsets, gates: str) -> SubsetScores:
    """The scores of one way to make combine weights; of the other where both are the same."""
    return next((score for score in found.scores if score.gates == gates), found.scores[0])


def _kept(layer: CutLayer) -> BoolArray:
    """Experts that the documents of each domain use most, bool (C, E)."""
    return np.array([kept_experts("most used", one, layer.keep, np.random.default_rng(0)) for one in layer.chosen_on])


def _served(found: DomainSubsets) -> tuple[Curve, Curve]:
    """Shares of the visits of a domain's scored documents that its own quarter has, and another's; means over them."""
    on, off = [], []
    for layer in found.layers:
        shares = (_kept(layer) @ layer.scored.T) / layer.scored.sum(axis=1)
        own = np.trace(shares) / len(shares)
        on.append(float(own))
        off.append(float((shares.sum() - np.trace(shares)) / (shares.size - len(shares))))
    numbers = tuple(layer.layer for layer in found.layers)
    return (
        Curve("share of a domain's visits that its own quarter has", numbers, tuple(on)),
        Curve("share that another domain's has", numbers, tuple(off)),
    )


def _figure(found: DomainSubsets, measured: Measures, level: float) -> Figure:
    """Draw the rise in each domain, by how the quarter was chosen."""
    domains = len(found.corpora)
    places = [float(place) for place in range(domains)]
    single = [place for place in places for _ in measured.draws]
    series = [Series("single random choices", single, rounded(measured.draws.T))]
    for label, way in (("chosen on the domain", "on"), ("on another domain", "off"), ("random, mean", "random")):
        series.append(along(label, places, [getattr(rises, way) for rises in measured.each]))
    guide = Series(f"{100 * level:g} %", [-0.5, domains - 0.5], [level] * 2)
    title = "a quarter of the experts kept in every layer"
    ticks = list(found.corpora)
    return Figure("dots", title, "ours", "domain of the text", "relative rise of NLL", series, [guide], ticks)


def _notes(found: DomainSubsets, score: SubsetScores, measured: Measures, gates: str) -> tuple[str, ...]:
    """What was kept, chosen and scored, what the rise is in nats, and what the quarter leaves to route."""
    kept = sorted({(layer.keep, layer.scored.shape[1]) for layer in found.layers})
    documents = zip(found.choosing.tolist(), measured.documents.tolist(), found.corpora, strict=True)
    own = [found.corpus == domain for domain in range(len(found.corpora))]
    whole = [found.whole[rows].sum() / found.predicted[rows].sum() for rows in own]
    nats = [nll * rises.on.value for nll, rises in zip(whole, measured.each, strict=True)]
    each = ", ".join(
        f"{name} {nll:.2f} and {more:.2f} more" for name, nll, more in zip(found.corpora, whole, nats, strict=True)
    )
    notes = [
        "Kept: " + ", ".join(f"{count} of {experts} experts" for count, experts in kept) + " of every MoE layer.",
        "Documents that chose and that were scored: " + ", ".join(f"{a} and {b} of {c}" for a, b, c in documents) + ".",
        f"Nats a token of the whole model, and with the domain's own quarter: {each}.",
        f"Of {len(measured.draws)} random choices the rise is {measured.draws.mean(axis=1).min():.3f} to "
        f"{measured.draws.mean(axis=1).max():.3f}; with experts chosen on the scored documents themselves "
        f"{measured.mean.own.value:.3f}.",
    ]
    idle = sum(layer.keep == layer.top_k for layer in found.layers)
    if idle:
        notes.append(f"In {idle} of {len(found.layers)} layers a token uses all that is kept: none is left to choose.")
    if score.gates != gates:
        notes.append("Combine weights depend on the chosen experts alone: both variants are one.")
    return tuple(notes)
