"""Planted copies: documents of three domains whose usage moves toward one profile as they are repeated."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq

from claims.core.verdict import Verdict
from claims.inputs import test_geo_fig10_duplication
from claims.inputs.duplicated_inputs import PLAIN, REPEATED, read_copies
from claims.shared.sequence_pairs import block_mean
from claims.tests.support.contract import Case, Contract, Null, contract_tests
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceSpectrum, SequenceTrace
from fixtures.planted.sequences import planted_sequences
from metrics.arrays import Float64Array

duplication_collapse = test_geo_fig10_duplication.test_duplication_collapse
COUNTS = np.array([1, 2, 4, 8, 12])
TOKENS, EXPERTS, DOMAINS = 60, 12, 3
PLACES = [(kind, count) for kind in (REPEATED, PLAIN) for count in COUNTS]


def planted(
    seed: int,
    pull: float,
    rise: float = 1.0,
    *,
    documents: int = 24,
    layers: int = 2,
    plain_pull: float | None = None,
    plain_rise: float | None = None,
    alike: bool = False,
) -> SequenceTrace:
    """Copies that move the share ``pull`` of a document's visits at 12x to a profile that all domains share.

    Repeating alone changes no share of visits. Energy, logit norm and confidence move by ``rise`` noise levels.
    Plain text stays as it is, but for chance, unless ``plain_pull`` moves it in the same ways (with ``plain_rise``, by
    another rise). ``alike`` gives all domains the same profile.
    """
    rng = np.random.default_rng(seed)
    domain = np.random.default_rng(0).dirichlet(np.full(EXPERTS, 0.3), DOMAINS)  # the same in every world
    profile = np.repeat(domain[[0] * DOMAINS] if alike else domain, documents // DOMAINS, axis=0)
    way = np.log(COUNTS) / np.log(COUNTS[-1])
    visits = np.zeros((layers, documents, len(PLACES), 2, EXPERTS), dtype=np.int64)
    visits[:, :, :, 0, 0] = 5  # the frame uses one expert, whatever the text
    moved = np.zeros((layers, documents, len(PLACES)))
    for layer in range(layers):
        drawn = np.stack([rng.multinomial(TOKENS, row) for row in profile])
        for place, (kind, count) in enumerate(PLACES):
            far = way[place % len(COUNTS)]
            own = pull if kind == REPEATED else plain_pull
            mixed = drawn * (1 - far * (own or 0.0)) + far * (own or 0.0) * TOKENS / EXPERTS
            chance = np.stack([rng.multinomial(TOKENS * count, row) for row in profile])
            visits[layer, :, place, 1] = chance if own is None else (1000 * count * mixed).round().clip(min=0)
            lift = rise if kind == REPEATED or plain_rise is None else plain_rise
            moved[layer, :, place] = 0.0 if own is None else lift * far
    level = 10.0 + rng.standard_normal((1, documents, 1)) + moved + 0.5 * rng.standard_normal(moved.shape)
    return put_together(visits, level)


def put_together(visits: npt.NDArray[np.int64], level: Float64Array) -> SequenceTrace:
    """Build the trace; logit norm is ``level`` (L, D, places), and energy and confidence follow it."""
    layers, documents, places = level.shape
    flat = level.reshape(layers, documents * places)
    both = np.repeat(flat[:, :, None], 2, axis=2)
    nothing = np.zeros(documents * places)
    return planted_sequences(
        visits.reshape(layers, documents * places, 2, EXPERTS),
        labels={
            "document": [f"document {number}" for number in range(documents) for _ in PLACES],
            "kind": [kind for _ in range(documents) for kind, _ in PLACES],
            "copies": [str(count) for _ in range(documents) for _, count in PLACES],
        },
        parts=("frame", "text"),
        confidence=both / 20,
        logit_norm=both,
        spectra=[SequenceSpectrum(row[:, None] / 20, np.full((len(row), 1), np.nan), nothing, nothing) for row in flat],
        corpus=np.repeat(np.arange(DOMAINS), len(flat[0]) // DOMAINS).tolist(),
        corpora=("prose", "maths", "code"),
    )


def one_domain() -> SequenceTrace:
    """Documents that are all of one domain."""
    trace = planted(5, 0.9)
    return replace(trace, corpus=np.zeros_like(trace.corpus))


def dense() -> SequenceTrace:
    """Layers without experts."""
    trace = planted(5, 0.9)
    return replace(
        trace, layers=tuple(replace(layer, usage=layer.usage[:, :, :0], spectrum=None) for layer in trace.layers)
    )


@cache
def half_closing() -> float:
    """Return the pull that closes half of the gap, on average over many worlds."""
    worlds = range(1000, 1020)

    def beyond(pull: float) -> float:
        ends = np.zeros(2)
        for seed in worlds:
            copies = read_copies(planted(seed, pull, documents=24, layers=1))
            table = copies.similarity(copies.trace.layers, REPEATED)
            everyone = np.ones(24)
            first, last = (block_mean(everyone, table[place], copies.across) for place in (0, -1))
            ends += (last - first, block_mean(everyone, table[0], copies.within) - first)
        return float(ends[0] / ends[1]) - 0.5

    return float(brentq(beyond, 0.0, 1.0, xtol=1e-3))


CONTRACTS = (
    Contract(
        duplication_collapse,
        (
            Case("domains that draw together", Verdict.SUPPORTED, duplicates=partial(planted, 5, 0.9)),
            Case("but through a weaker direction", Verdict.REFUTED, duplicates=partial(planted, 5, 0.9, -1.0)),
            Case("a climb that ends far below", Verdict.REFUTED, duplicates=partial(planted, 5, 0.1)),
            Case("the experts that the text uses once", Verdict.REFUTED, duplicates=partial(planted, 5, 0.0)),
            Case("domains that part", Verdict.REFUTED, duplicates=partial(planted, 5, -0.2)),
            Case("plain text does the same", Verdict.VACUOUS, duplicates=partial(planted, 5, 0.9, plain_pull=0.9)),
            Case(  # neither energy, logits nor confidence rise with its length, and the domains draw together
                "plain text does it by another way", Verdict.VACUOUS,
                duplicates=partial(planted, 5, 0.9, plain_pull=0.9, plain_rise=-1.0),
            ),
            Case("no gap to close", Verdict.INCONCLUSIVE, duplicates=partial(planted, 5, 0.9, alike=True)),
            Case(
                "a few documents", Verdict.NOT_APPLICABLE, says="6 documents make too few pairs",
                duplicates=partial(planted, 5, 0.9, documents=6),
            ),
            Case("one domain", Verdict.NOT_APPLICABLE, says="24 documents of 1 domains", duplicates=one_domain),
            Case("no experts", Verdict.NOT_APPLICABLE, says="no layer of the checkpoint routes", duplicates=dense),
        ),
        (
            Null(
                "a climb that closes half of the gap on average",
                {"duplicates": lambda seed: planted(seed, half_closing(), layers=1)},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_without_a_gap_its_share_is_undefined_and_said() -> None:
    found = finding_of(duplication_collapse, duplicates=planted(5, 0.9, alike=True))
    assert np.isnan(found.criteria[1].estimate.value)
    assert found.criteria[1].name == "share of the gap closed at 12x (undefined: no gap at 1x)"
    assert "there is no gap to close" in found.notes[0]


def test_a_finding_counts_documents_and_leaves_the_frame_out() -> None:
    found = finding_of(duplication_collapse, duplicates=planted(5, 0.0))
    assert {(m.estimate.unit, m.estimate.n) for m in (*found.criteria, *found.null)} == {("document", 24)}
    trend, share = (measured.estimate for measured in found.criteria[:2])
    assert (trend.value, share.value) == (0.0, 0.0)  # though the frame is a smaller share of every longer sequence
    assert found.figure is not None
    assert [series.label for series in found.figure.series] == [
        "across domains, repeated",
        "across domains, plain text",
    ]


def test_incomplete_evidence_is_refused() -> None:
    trace = planted(5, 0.9)
    once = {**trace.labels, "copies": ("2", *trace.labels["copies"][1:])}
    with pytest.raises(ValueError, match="24 documents need 240 sequences"):
        read_copies(replace(trace, labels=once))
    bare = tuple(replace(layer, spectrum=None) for layer in trace.layers)
    with pytest.raises(ValueError, match="no spectra at layer 0"):
        finding_of(duplication_collapse, duplicates=replace(trace, layers=bare))
