"""Planted copies: documents of three domains whose usage moves toward one profile as they are repeated."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq

from claims.core.verdict import Verdict
from claims.inputs.domain_gaps import DomainGaps
from claims.inputs.duplicated_inputs import PLAIN, REPEATED, read_copies
from claims.inputs.test_geo_fig10_duplication import test_duplication_collapse as duplication_collapse
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceSpectrum, SequenceTrace
from fixtures.planted.sequences import planted_sequences
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

COUNTS = np.array([1, 2, 4, 8, 12])
TOKENS, EXPERTS, DOMAINS = 64, 12, 3
PLACES = [(kind, count) for kind in (REPEATED, PLAIN) for count in COUNTS]
#: How far on their way documents are at each count.
WAY = np.log(COUNTS) / np.log(COUNTS[-1])


def planted(
    seed: int,
    pull: float,
    rise: float = 1.0,
    *,
    documents: int = 24,
    layers: int = 2,
    tokens: int = TOKENS,
    plain_pull: float = 0.0,
    plain_rise: float = 0.0,
    alike: bool = False,
) -> SequenceTrace:
    """Copies that move the share ``pull`` of a document's visits at 12x to a profile that all domains share.

    Repeating alone changes no share of visits. Energy, logit norm and confidence move by ``rise`` tenths. Plain text
    grows by text of the same domain, of which ``plain_pull`` moves as much. ``alike`` gives all domains one profile.
    """
    rng = np.random.default_rng(seed)
    domain = np.random.default_rng(0).dirichlet(np.full(EXPERTS, 0.3), DOMAINS)  # the same in every world
    profile = np.repeat(domain[[0] * DOMAINS] if alike else domain, documents // DOMAINS, axis=0)
    visits = np.zeros((layers, documents, len(PLACES), 2, EXPERTS), dtype=np.int64)
    visits[:, :, :, 0, 0] = 5  # the frame uses one expert, whatever the text
    moved = np.zeros((layers, documents, len(PLACES)))
    for layer in range(layers):
        drawn = np.stack([rng.multinomial(tokens, row) for row in profile])
        for place, (kind, count) in enumerate(PLACES):
            more = np.stack([rng.multinomial(tokens * (count - 1), row) for row in profile])
            own = drawn * count if kind == REPEATED else drawn + more
            far = WAY[place % len(COUNTS)] * (pull if kind == REPEATED else plain_pull)
            mixed = own * (1 - far) + far * tokens * count / EXPERTS
            visits[layer, :, place, 1] = mixed.round().clip(min=0)
            moved[layer, :, place] = WAY[place % len(COUNTS)] * (rise if kind == REPEATED else plain_rise)
    level = 10.0 + rng.standard_normal((1, documents, 1)) + moved + 0.1 * rng.standard_normal(moved.shape)
    return put_together(visits, level)


def put_together(visits: npt.NDArray[np.int64], level: Float64Array) -> SequenceTrace:
    """Build the trace; logit norm is ``level`` (L, D, places), and energy and confidence follow it."""
    layers, documents, places = level.shape
    flat = level.reshape(layers, documents * places)
    both = np.repeat(flat[:, :, None], 2, axis=2)
    nothing, drawn = np.zeros(documents * places), np.full((documents * places, 1, 2), np.nan)
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
        spectra=[
            SequenceSpectrum(row[:, None] / 20, np.full((len(row), 1), np.nan), nothing, nothing, drawn) for row in flat
        ],
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


def modelled(short: float, longest: float) -> SequenceTrace:
    """Domains that draw together; plain text at 12x is predicted by so many nats better than by frequencies."""
    trace = planted(5, 0.9)
    rows = read_copies(trace).rows[PLAIN][:, -1]
    gain = np.full(trace.sequences, short)
    gain[rows] = longest
    return predicted(trace, gain)


def closed(seed: int, pull: float, plain: float | None = None) -> float:
    """The share of the gap that copies close in a world, or that plain text of that pull closes."""
    copies = read_copies(planted(seed, pull, layers=1, plain_pull=plain or 0.0))
    gaps = DomainGaps(copies, copies.trace.layers, Sampling(0, 9))
    return 1 - gaps.gap(REPEATED if plain is None else PLAIN, -1).value / gaps.gap(REPEATED, 0).value


@cache
def closing(share: float) -> float:
    """Return the pull that closes such a share of the gap, on average over many worlds."""

    def beyond(pull: float) -> float:
        return float(np.mean([closed(seed, pull) for seed in range(1000, 1040)])) - share

    return float(brentq(beyond, 0.4, 0.8, xtol=1e-3))


@cache
def plain_pull(less: float) -> float:
    """Return the pull of plain text that closes so much less of the gap than one of 0.8 by copies, on average."""

    def beyond(pull: float) -> float:
        return float(np.mean([closed(seed, 0.8) - closed(seed, 0.8, pull) for seed in range(1000, 1040)])) - less

    return float(brentq(beyond, 0.5, 0.8, xtol=1e-3))


def copied(name: str, expected: Verdict, pull: float, rise: float = 1.0, says: str = "", **asked: object) -> Case:
    """A case of planted copies; nothing tells how well their text is modelled."""
    trace = partial(planted, 5, pull, rise, **asked)  # type: ignore[arg-type]
    return Case(name, expected, says=says, duplicates=trace)


CONTRACTS = (
    Contract(
        duplication_collapse,
        (
            copied("domains that draw together", Verdict.SUPPORTED, 0.9),
            copied("of which plain text gives half", Verdict.SUPPORTED, 0.9, plain_pull=0.3),
            copied(
                "but through a weaker direction", Verdict.PARTLY, 0.9, -1.0,
                says="part of the sentence is refuted: relative rise of the energy",
            ),
            copied(
                "but with a rise too small to matter", Verdict.PARTLY, 0.9, 0.05,
                says="part of the sentence is refuted: relative rise of the energy",
            ),
            copied(
                "a climb that ends far below", Verdict.PARTLY, 0.2,
                says="falls short of what is stated: share of the gap closed at 12x",
            ),
            copied("a climb too small to matter", Verdict.REFUTED, 0.02),
            copied("the experts that the text uses once", Verdict.REFUTED, 0.0),
            copied("domains that part", Verdict.REFUTED, -0.2),
            copied(
                "domains that part in plain text alone", Verdict.REFUTED, 0.0, plain_pull=-0.5,
                says="share of the gap closed at 12x, minus none = 0",
            ),
            copied("plain text does the same", Verdict.VACUOUS, 0.9, plain_pull=0.9, plain_rise=1.0),
            copied("plain text does it by another way", Verdict.VACUOUS, 0.9, plain_pull=0.9, plain_rise=-1.0),
            copied("plain text does nearly as much", Verdict.VACUOUS, 0.6, plain_pull=0.58),
            copied(
                "no gap to close", Verdict.NOT_APPLICABLE, 0.9, says="not met: gap at 1x", alike=True, documents=96
            ),
            copied(
                "a text too short", Verdict.NOT_APPLICABLE, 0.9, says="not met: tokens of the repeated text", tokens=40
            ),
            copied("a few documents", Verdict.NOT_APPLICABLE, 0.9, says="6 documents make too few pairs", documents=6),
            copied("so few documents that a gap is neither shown nor excluded", Verdict.INCONCLUSIVE, 0.9, alike=True),
            Case(
                "half of the gap closed, give or take", Verdict.INCONCLUSIVE, says="^share of the gap closed at 12x = ",
                duplicates=lambda: planted(5, closing(0.5), layers=1),
            ),
            Case(
                "one domain", Verdict.NOT_APPLICABLE, says="24 documents of 1 domains", duplicates=one_domain,
            ),
            Case(
                "no experts", Verdict.NOT_APPLICABLE, says="no layer of the checkpoint routes", duplicates=dense,
            ),
            Case(
                "plain text of that length is not modelled", Verdict.NOT_APPLICABLE,
                says="a premise is not met: nats a token gained on plain text as long as 12x",
                duplicates=partial(modelled, short=3.0, longest=0.3),
            ),
            Case(
                "other text is not modelled", Verdict.SUPPORTED, duplicates=partial(modelled, short=0.3, longest=3.0),
            ),
        ),
        (
            Null(
                "a climb that closes half of the gap on average",
                {"duplicates": lambda seed: planted(seed, closing(0.5), layers=1)},
            ),
            Null(
                "true at its threshold plus a margin",
                {"duplicates": lambda seed: planted(seed, closing(0.52), layers=1)},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far({"duplicates": lambda seed: planted(seed, closing(0.6), layers=1)}),
            Null(
                "plain text of that length closes as much of the gap",
                {"duplicates": lambda seed: planted(seed, 0.8, layers=1, plain_pull=0.8, plain_rise=1.0)},
                mostly=Verdict.VACUOUS,
            ),
            Null(
                "plain text of that length closes a tenth of the gap less, on average",
                {"duplicates": lambda seed: planted(seed, 0.8, layers=1, plain_pull=plain_pull(0.1))},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_without_a_gap_its_share_is_undefined_and_said() -> None:
    found = finding_of(duplication_collapse, duplicates=planted(5, 0.9, alike=True))
    assert np.isnan(found.headline[0].estimate.value)
    assert found.headline[0].estimate.method == "undefined: no gap at 1x to close"


def test_a_finding_counts_documents_and_leaves_the_frame_out() -> None:
    found = finding_of(duplication_collapse, duplicates=planted(5, 0.0))
    assert {(m.estimate.unit, m.estimate.n) for _, m in found.by_role()} == {("document", 24)}
    assert found.headline[0].estimate.value == pytest.approx(0.0)  # though the frame is a smaller share of longer ones
    assert found.parts[0].estimate.value == 0.0


def test_the_figure_and_the_table_show_the_same_gap() -> None:
    found = finding_of(duplication_collapse, duplicates=planted(5, 0.4))
    assert found.figure is not None
    levels = {series.label: series.y for series in found.figure.series}
    gaps = [
        1 - levels["across domains, repeated"][place] / levels["within domains, repeated"][place] for place in (0, -1)
    ]
    shown = {measured.name: measured.estimate.value for _, measured in found.by_role()}
    assert shown["gap at 1x, share of the level within domains"] == pytest.approx(gaps[0], rel=1e-3)
    assert shown["gap at 12x, share of the level within domains"] == pytest.approx(gaps[1], rel=1e-3)
    assert shown["share of the gap closed at 12x"] == pytest.approx(1 - gaps[1] / gaps[0], rel=1e-3)
    control = shown["share of the gap closed at 12x, plain text"]
    beyond = shown["share of the gap closed at 12x, minus plain text"]
    assert beyond == pytest.approx(shown["share of the gap closed at 12x"] - control)


def test_incomplete_evidence_is_refused() -> None:
    trace = planted(5, 0.9)
    once = {**trace.labels, "copies": ("2", *trace.labels["copies"][1:])}
    with pytest.raises(ValueError, match="24 documents need 240 sequences"):
        read_copies(replace(trace, labels=once))
    bare = tuple(replace(layer, spectrum=None) for layer in trace.layers)
    with pytest.raises(ValueError, match="no spectra at layer 0"):
        finding_of(duplication_collapse, duplicates=replace(trace, layers=bare))
