"""Planted states of two arms: subspaces set apart, and ranks narrowed, by routing, by the split, or by the states."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_arm_states import BESIDE, Soft, Twin, routed_arms, twin_arms
from claims.tests.support.planted_arms import (
    SEQUENCES,
    TOKENS,
    WIDTH,
    Routed,
    changed,
    layer_of,
    mixed,
    never_untrained,
    not_modelled,
    some,
    swapped,
)
from claims.tests.support.verdicts import ClaimTest, finding_of
from claims.trained_pairs import test_asy_topk_subspaces_transformer, test_prb_ranks_transformer
from fixtures.evidence.experiments import FunctionExperiment

SHARPENING = test_asy_topk_subspaces_transformer.test_topk_sharpening_subspace_transformer
CONCENTRATION = test_prb_ranks_transformer.test_topk_concentration_transformer
SPREADS = test_prb_ranks_transformer.test_moe_spreads_transformer

GATES, EQUAL = {"weights": "gates"}, {"weights": "none"}
ROUTED, TWIN = routed_arms("routed"), twin_arms("centred")
LEAST = "in the arm where it is least = 0.2"
FOUR = "4 trainings an arm, where 5 are needed"


def without_visits() -> FunctionExperiment:
    """The first arm sends no token anywhere."""
    planted = routed_arms("routed", seeds=1)
    layers = planted.trainings[0][0].experts.layers
    empty = tuple(replace(layer, sample_weights=np.zeros_like(layer.sample_weights)) for layer in layers)
    return changed(planted, 0, 0, layers=empty)


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


def routing_contract(claim: ClaimTest, kind: Soft, other: Soft, below: float, margin: float) -> Contract:
    """The contract of a claim on top-k and soft routing.

    Parameters
    ----------
    kind, other : states that support the claim, whoever receives them, and that refute it
    below, margin : what states of that kind have beside their subspace, for a difference that is too small, and for
        one that is just large enough
    """
    arms = partial(routed_arms, kind)
    cases = (
        Case("as claimed", Verdict.SUPPORTED, routing_experiment=arms),
        Case("half of it before", Verdict.SUPPORTED, routing_experiment=partial(arms, before=kind, beside_before=0.5)),
        Case("another way", Verdict.REFUTED, routing_experiment=partial(routed_arms, other)),
        # Both arms have the same states: conditioning on one's own routing is all that there is.
        Case(
            "on own tokens alone",
            Verdict.PARTLY,
            says="on the top-k arm's split = 0",
            routing_experiment=partial(routed_arms, "split"),
        ),
        Case(
            "less the other way than before",
            Verdict.PARTLY,
            says="falls short",
            routing_experiment=partial(routed_arms, other, before=other, beside=0.7),
        ),
        Case("there before", Verdict.VACUOUS, routing_experiment=partial(routed_arms, kind, before=kind)),
        Case("seeds disagree", Verdict.INCONCLUSIVE, routing_experiment=lambda: mixed(arms(), routed_arms(other))),
        Case("four trainings", Verdict.INCONCLUSIVE, says=FOUR, routing_experiment=lambda: some(arms(), 4)),
        Case(
            "initialisations unknown",
            Verdict.INCONCLUSIVE,
            says="less that before training = nan",
            routing_experiment=lambda: never_untrained(arms()),
        ),
        *refused(
            "routing_experiment",
            ("other text", "did not read the same text", changed(ROUTED, 1, 0, lengths=np.full(SEQUENCES, 39))),
            ("other tokens", "sampled other tokens", changed(ROUTED, 0, 1, sample=np.arange(TOKENS)[::-1])),
            ("not soft", "in layer 0 they use 4 of 4 and 1 of 4", swapped(ROUTED)),
            ("a dense twin", "in layer 0 they use 1 of 4 and 1 of 1", TWIN),
            ("no visits", "could not be measured in any layer of any of 1 training", without_visits),
            ("a text not modelled", LEAST, lambda: not_modelled(arms())),
            ("one expert more", "not in how many there are: in layer 0 5 and 4", one_expert_more),
        ),
    )

    def world(seed: int, beside: float = 1.0) -> FunctionExperiment:
        return routed_arms(kind, seed, layers=1, beside=beside)

    nulls = (
        Null("less than matters", {"routing_experiment": partial(world, beside=below)}),
        Null(
            "just more than matters",
            {"routing_experiment": partial(world, beside=margin)},
            limits={Verdict.REFUTED: 0.5},
        ),
        true_by_far({"routing_experiment": partial(world, beside=BESIDE)}),
    )
    return Contract(claim, cases, nulls)


def twin(kind: Twin, before: Twin = "alike") -> FunctionExperiment:
    return twin_arms(kind, before=before)


BY_STATES: tuple[tuple[Twin, Verdict], ...] = (
    ("centred", Verdict.SUPPORTED),
    ("narrow experts", Verdict.REFUTED),
    ("wide", Verdict.VACUOUS),  # the mixture's states fill the space whoever receives them
)
CONTRACTS = (
    # With soft experts that share their tokens, sampling by itself gives d_G 0.036 here, before and after alike.
    routing_contract(SHARPENING, "wide", "narrow", below=0.85, margin=0.75),
    routing_contract(CONCENTRATION, "narrow", "wide", below=0.65, margin=0.6),
    Contract(
        SPREADS,
        cases=(
            *(
                Case(f"{kind}, {variant['weights']}", wanted, twin_experiment=partial(twin, kind), variant=variant)
                for variant in (GATES, EQUAL)
                for kind, wanted in BY_STATES
            ),
            Case("there before", Verdict.VACUOUS, twin_experiment=partial(twin, "centred", "centred")),
            Case(
                "as the twin, and not less any more", Verdict.PARTLY, says="falls short",
                twin_experiment=partial(twin, "centred experts", "narrow experts"),
            ),
            Case(
                "seeds disagree", Verdict.INCONCLUSIVE,
                twin_experiment=lambda: mixed(TWIN, twin_arms("narrow experts")),
            ),
            Case("four trainings", Verdict.INCONCLUSIVE, says=FOUR, twin_experiment=lambda: some(TWIN, 4)),
            Case(
                "initialisations unknown", Verdict.INCONCLUSIVE, says="less that before training = nan",
                twin_experiment=lambda: never_untrained(TWIN),
            ),
            *refused(
                "twin_experiment",
                ("other text", "did not read the same text", changed(TWIN, 0, 1, population={"digest": "1"})),
                ("other tokens", "sampled other tokens", changed(TWIN, 0, 1, sample=np.arange(TOKENS) + 1)),
                ("no twin", "in layer 0 they have 4 and 4 experts", ROUTED),
                ("a text not modelled", LEAST, lambda: not_modelled(TWIN)),
                ("wider", f"different widths: in layer 0 {WIDTH} and {WIDTH + 3}", wider),
            ),
        ),
        nulls=(
            Null(
                "at its threshold", {"twin_experiment": lambda seed: twin_arms("centred", seed, layers=2, apart=0.55)}
            ),
            Null(
                "just more than matters",
                {"twin_experiment": lambda seed: twin_arms("centred", seed, layers=2, apart=0.6)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"twin_experiment": lambda seed: twin_arms("centred", seed, layers=2)}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_what_is_judged_and_what_is_told_beside() -> None:
    finding = finding_of(CONCENTRATION, routing_experiment=ROUTED)
    difference = "effective rank, 'top-k' minus 'soft'"
    assert [(role.value, measured.name.removeprefix(difference)) for role, measured in finding.by_role()] == [
        ("headline", ""),
        ("excess", ", less that before training"),
        ("part", ", on the top-k arm's split"),
        ("part", ", on the soft arm's split"),
        ("control", ", before training"),
        ("reported", ", under routers drawn at random"),
        ("reported", ", with shares of standard deviations"),
        ("reported", ", of outputs"),
    ]
    assert {measured.estimate.unit for _, measured in finding.by_role()} == {"training"}
    assert finding.figure is not None
    arms = [series.label.partition(", ") for series in finding.figure.series]
    assert [(arm, of) for arm, _, of in arms] == [
        (arm, of) for of in ("", "under routers drawn at random", "before training") for arm in ("top-k", "soft")
    ]
    unread = finding_of(CONCENTRATION, routing_experiment=routed_arms("routed", outputs=False))
    assert [measured.name for measured in finding.reported[:-1]] == [measured.name for measured in unread.reported]


def test_the_headline_is_the_mean_of_what_the_figure_draws() -> None:
    finding = finding_of(CONCENTRATION, routing_experiment=routed_arms("narrow"))
    first, second = (np.array(curve.values, dtype=np.float64).mean() for curve in finding.layers)
    assert finding.headline[0].estimate.value == pytest.approx(first - second)
    assert finding.figure is not None
    drawn = [np.mean(series.y) for series in finding.figure.series[:2]]
    assert finding.headline[0].estimate.value == pytest.approx(drawn[0] - drawn[1], rel=1e-2)


def test_random_groups_are_drawn_unless_an_arm_would_hide_them() -> None:
    figure = finding_of(SPREADS, twin_experiment=never_untrained(TWIN)).figure
    assert figure is not None
    assert [series.label for series in figure.series] == ["MoE", "dense", "MoE, random groups"]


def test_layers_without_a_difference_are_left_out_and_counted() -> None:
    layers = list(ROUTED.trainings[0][0].experts.layers)
    layers[0] = replace(layers[0], sample_weights=np.zeros_like(layers[0].sample_weights))
    finding = finding_of(CONCENTRATION, routing_experiment=changed(ROUTED, 0, 0, layers=tuple(layers)))
    assert finding.headline[0].estimate.n == 5
    assert any(note.endswith("nothing to measure: 1 of 15 layers of a training.") for note in finding.notes)


@pytest.mark.parametrize(("uneven", "says"), [(0.02, "alike by construction"), (20.0, "experts, by their entropy.")])
def test_gates_near_uniform_are_named_as_the_cause(uneven: float, says: str) -> None:
    notes = finding_of(SHARPENING, routing_experiment=routed_arms("routed", uneven=uneven)).notes
    assert any(note.startswith("The soft arm's gates are spread over") and says in note for note in notes)
