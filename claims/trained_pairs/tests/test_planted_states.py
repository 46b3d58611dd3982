"""Planted states of two arms: subspaces set apart, and ranks narrowed, by routing, by the split, or by the states."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests
from claims.tests.support.planted_arm_states import Soft, Twin, routed_arms, twin_arms
from claims.tests.support.planted_arms import SEQUENCES, TOKENS, WIDTH, Routed, changed, layer_of, mixed, swapped
from claims.tests.support.verdicts import ClaimTest, finding_of
from claims.trained_pairs import test_asy_topk_subspaces_transformer, test_prb_ranks_transformer
from claims.trained_pairs.expert_groups import SPLITS
from fixtures.evidence.experiments import FunctionExperiment

SHARPENING = test_asy_topk_subspaces_transformer.test_topk_sharpening_subspace_transformer
CONCENTRATION = test_prb_ranks_transformer.test_topk_concentration_transformer
SPREADS = test_prb_ranks_transformer.test_moe_spreads_transformer

OWN, BY_SPARSE, BY_SOFT = ({"tokens": tokens} for tokens in ("own", *SPLITS))
GATES, EQUAL = {"weights": "gates"}, {"weights": "none"}
ROUTED, TWIN = routed_arms("routed"), twin_arms("centred")


def without_visits() -> FunctionExperiment:
    """The first arm sends no token anywhere."""
    planted = routed_arms("routed", seeds=1)
    layers = planted.trainings[0][0].experts.layers
    empty = tuple(replace(layer, sample_weights=np.zeros_like(layer.sample_weights)) for layer in layers)
    return changed(planted, 0, 0, layers=empty)


def five_layers() -> FunctionExperiment:
    """One seed of twins, one of which has five layers."""
    one = twin_arms("centred", seeds=1)
    return changed(one, 0, 0, layers=one.trainings[0][0].experts.layers[:5])


def wider() -> FunctionExperiment:
    """Twins of which one receives states of three more dimensions."""
    layers = TWIN.trainings[1][1].experts.layers
    wide = [replace(layer, sample=np.pad(layer.sample, ((0, 0), (0, 3)))) for layer in layers]
    return changed(TWIN, 1, 1, layers=tuple(wide))


def one_expert_more() -> FunctionExperiment:
    """A top-k arm of one more expert than the soft one."""
    more = []
    for layer in ROUTED.trainings[1][0].experts.layers:
        states, weights = (each.astype(np.float64) for each in (layer.sample, layer.sample_weights))
        routed = Routed(states, layer.sample_experts.astype(np.int64), weights)
        more.append(replace(layer_of(np.random.default_rng(0), routed, 5), layer=layer.layer))
    return changed(ROUTED, 1, 0, layers=tuple(more))


#: "split": both arms have the same states, so that conditioning on one's own routing is all there is; it is gone as
#: soon as both are split alike. "cut": cuts that know nothing of the clusters, as a router drawn at random makes them.
Rows = tuple[tuple[Soft, dict[str, str], Verdict], ...]
BY_ROUTING: Rows = (
    ("routed", OWN, Verdict.SUPPORTED),
    ("routed", BY_SPARSE, Verdict.SUPPORTED),
    ("split", OWN, Verdict.SUPPORTED),
    ("split", BY_SPARSE, Verdict.REFUTED),
    ("split", BY_SOFT, Verdict.REFUTED),
    ("cut", OWN, Verdict.VACUOUS),
)
#: States that fill the space are farther apart, and those in one subspace of lower rank, in random groups as well.
BY_STATES: dict[object, Rows] = {
    SHARPENING: (
        *(("narrow", variant, Verdict.REFUTED) for variant in (OWN, BY_SPARSE, BY_SOFT)),
        *(("wide", variant, Verdict.VACUOUS) for variant in (OWN, BY_SPARSE, BY_SOFT)),
    ),
    CONCENTRATION: (
        *(("wide", variant, Verdict.REFUTED) for variant in (OWN, BY_SOFT)),
        *(("narrow", variant, Verdict.VACUOUS) for variant in (OWN, BY_SPARSE)),
    ),
}
BY_TWIN: tuple[tuple[Twin, Verdict], ...] = (
    ("centred", Verdict.SUPPORTED),
    ("narrow experts", Verdict.REFUTED),
    ("wide", Verdict.VACUOUS),  # the mixture's states fill the space whoever receives them
)
REFUSED = (
    ("other text", "did not read the same text", changed(ROUTED, 1, 0, lengths=np.full(SEQUENCES, 39))),
    ("other tokens", "sampled other tokens", changed(ROUTED, 0, 1, sample=np.arange(TOKENS)[::-1])),
    ("not soft", "in layer 0 they use 4 of 4 and 1 of 4", swapped(ROUTED)),
    ("a dense twin", "in layer 0 they use 1 of 4 and 1 of 1", TWIN),
    ("no visits", r"6 pairs .* 'top-k' minus 'soft' is known of none", without_visits),
    ("one expert more", "not in how many there are: in layer 0 5 and 4", one_expert_more),
)


def routing_contract(claim: ClaimTest, rows: Rows, other: Soft, *nulls: Null) -> Contract:
    """The contract of a claim on top-k and soft routing; ``other`` are arms that refute it."""
    cases = [
        Case(f"{kind}, {own['tokens']}", wanted, routing_experiment=partial(routed_arms, kind), variant=own)
        for kind, own, wanted in (*BY_ROUTING, *rows)
    ]
    disagreeing = partial(mixed, ROUTED, routed_arms(other))
    refused = [Case(name, Verdict.NOT_APPLICABLE, says=says, routing_experiment=arms) for name, says, arms in REFUSED]
    alike = Null(
        "arms alike",
        {"routing_experiment": lambda seed: routed_arms("alike", seed, 1), "variant": BY_SPARSE},
        resamples=99,
        limits={Verdict.SUPPORTED: 0.5, Verdict.REFUTED: 0.5},
    )
    undecided = Case("seeds disagree", Verdict.INCONCLUSIVE, routing_experiment=disagreeing)
    return Contract(claim, (*cases, undecided, *refused), (alike, *nulls))


CONTRACTS = (
    routing_contract(
        SHARPENING,
        BY_STATES[SHARPENING],
        "narrow",
        Null(
            "a router drawn at random", {"routing_experiment": lambda seed: routed_arms("cut", seed, 1)}, resamples=99
        ),
    ),
    routing_contract(CONCENTRATION, BY_STATES[CONCENTRATION], "wide"),
    Contract(
        SPREADS,
        cases=(
            *(
                Case(f"{kind}, {variant['weights']}", wanted, twin_experiment=partial(twin_arms, kind), variant=variant)
                for variant in (GATES, EQUAL)
                for kind, wanted in BY_TWIN
            ),
            Case("seeds disagree", Verdict.INCONCLUSIVE, twin_experiment=mixed(TWIN, twin_arms("narrow experts"))),
            *(
                Case(name, Verdict.NOT_APPLICABLE, says=says, twin_experiment=arms)
                for name, says, arms in (
                    ("other text", "did not read the same text", changed(TWIN, 0, 1, population={"digest": "1"})),
                    ("other tokens", "sampled other tokens", changed(TWIN, 0, 1, sample=np.arange(TOKENS) + 1)),
                    ("no twin", "in layer 0 they have 4 and 4 experts", ROUTED),
                    ("five layers", r"6 pairs of a layer and a seed .*'MoE' minus 'dense' is \d", five_layers),
                    ("wider", f"different widths: in layer 0 {WIDTH} and {WIDTH + 3}", wider),
                )
            ),
        ),
        nulls=(
            Null(
                "arms alike", {"twin_experiment": lambda seed: twin_arms("alike", seed, 1)}, resamples=99,
                limits={Verdict.SUPPORTED: 0.5, Verdict.REFUTED: 0.5},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_other_variants_and_the_share_that_survives_are_reported() -> None:
    finding = finding_of(CONCENTRATION, routing_experiment=ROUTED)
    difference = "effective rank, 'top-k' minus 'soft'"
    assert [(measured.name, measured.decides) for measured in finding.criteria] == [
        (difference, True),
        ("effective rank, difference that drawn routers give, less 0.5 of the arms' difference", True),
        (f"{difference}, beyond that of drawn routers", False),
        ("the difference, mean over layers", False),
        (f"{difference}, with shares of standard deviations", False),
        (f"{difference}, of outputs, not judged", False),
        (f"{difference}, difference that random groups give", False),
        ("share of the difference on own tokens that is left on the top-k arm's split", False),
        ("share of the difference on own tokens that is left on the soft arm's split", False),
    ]
    assert finding.criteria[7].estimate.value == pytest.approx(1.0, abs=0.1)
    assert abs(finding.criteria[8].estimate.value) < 0.2
    assert finding.figure is not None
    assert [series.label for series in finding.figure.series][2:] == ["top-k, drawn routers", "soft, drawn routers"]
    unread = finding_of(CONCENTRATION, routing_experiment=routed_arms("routed", outputs=False))
    left_out = {each.name for each in finding.criteria} - {each.name for each in unread.criteria}
    assert left_out == {f"{difference}, of outputs, not judged"}


def test_of_a_difference_on_the_other_side_no_null_gives_a_share() -> None:
    for finding in (
        finding_of(CONCENTRATION, routing_experiment=routed_arms("wide")),
        finding_of(SPREADS, twin_experiment=twin_arms("narrow experts")),
    ):
        assert not finding.null
        assert not any("less 0.5 of" in measured.name for measured in finding.criteria)


def test_the_null_that_decides_is_drawn_unless_an_arm_would_hide_it() -> None:
    figure = finding_of(SPREADS, twin_experiment=TWIN).figure
    assert figure is not None
    assert [series.label for series in figure.series] == ["MoE", "dense", "MoE, random groups"]


@pytest.mark.parametrize(("kind", "share"), [("routed", 1.0), ("split", 0.0)])
def test_the_share_that_survives_is_told(kind: str, share: float) -> None:
    criteria = finding_of(SHARPENING, routing_experiment=routed_arms(kind)).criteria  # type: ignore[arg-type]
    (left,) = (m for m in criteria if m.name.endswith("left on the top-k arm's split"))
    assert left.estimate.value == pytest.approx(share, abs=0.1)
    assert not left.decides


@pytest.mark.parametrize(("uneven", "says"), [(0.02, "alike by construction"), (20.0, "experts, by their entropy.")])
def test_gates_near_uniform_are_named_as_the_cause(uneven: float, says: str) -> None:
    notes = finding_of(SHARPENING, routing_experiment=routed_arms("routed", uneven=uneven)).notes
    assert any(note.startswith("The soft arm's gates are spread over") and says in note for note in notes)
