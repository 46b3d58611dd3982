"""What has no answer is refused in a sentence: one row a refusal, package by package."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from metrics.jacobians import activation, expert, spectra
from metrics.routing import (
    certified_radius,
    confidence,
    gate_gradient,
    lipschitz_bounds,
    low_rank,
    near_ties,
    null_space,
    router_alignment,
    rule,
    selection,
    shared_direction,
)
from metrics.stats import bootstrap, few_units, jackknife, rank_correlation
from metrics.subspaces import effective_rank, grassmann, principal_directions
from metrics.usage import profiles, token_pairs, top_p, topk_overlap

RNG = np.random.default_rng(0)
EYE, FOUR, ONES, NAN = np.eye(2), np.ones((1, 4)), np.ones, np.nan
RULE = rule.RoutingRule("identity", None, None, 2, "", 1.0)
LINEAR = expert.Expert(np.eye(3), None, np.eye(3), activation.gated_unit(activation.activation("linear")))
Rows = list[tuple[Callable[[], Any], str]]

JACOBIANS: Rows = [
    (lambda: activation.activation("swoosh"), "unknown activation 'swoosh'; known: silu, gelu"),
    (lambda: spectra.leading_singular_values(LINEAR, [], 4), "cannot take 4 of 3"),
]


def radius(logits: Any = FOUR, name: Any = "identity", groups: rule.Groups | None = None) -> Any:
    return certified_radius.certified_radius(
        logits, np.eye(4), np.zeros((1, 1), int), score=name, bias=None, groups=groups
    )


ROUTING: Rows = [
    (lambda: radius(name="tanh"), "unknown score 'tanh'"),
    (lambda: radius(groups=rule.Groups(2, 1, "mean", 0.0)), "unknown group score"),  # type: ignore[arg-type]
    (lambda: radius(groups=rule.Groups(3, 1, "max", 0.0)), "do not fit"),
    (lambda: radius(groups=rule.Groups(2, 3, "max", 0.0)), "do not fit"),
    (lambda: radius(np.array([[0.0, NAN, 1.0, 1.0]])), "1 logits are not finite"),
    *(
        (lambda row=row: confidence.top_weight(np.array([[1.0, 1.0], row])), "1 of 2 tokens")
        for row in ([0.0, 0.0], [0.5, -0.1], [NAN, 1.0])
    ),
    (
        lambda: gate_gradient.gate_and_slope(ONES((1, 2)), np.array([[0]]), EYE, 0, "sparsemixer, jitter 0.01"),
        r"'sparsemixer, jitter 0\.01'",
    ),
    (lambda: lipschitz_bounds.truncated_bound(EYE, EYE, EYE, 0.0), "share"),
    (lambda: lipschitz_bounds.truncated_bound(EYE, EYE, EYE, 1.1), "share"),
    (lambda: low_rank.leading_directions(EYE, 0), "cannot take"),
    (lambda: low_rank.leading_directions(EYE, 3), "cannot take"),
    (
        lambda: low_rank.rank_agreement(EYE, EYE[:1], EYE, None, lambda z: z.argsort(axis=1), [2]),
        r"ks must lie in 0\.\.1",
    ),
    (lambda: near_ties.logit_error(ONES((1, 10)), ONES((1, 10)), None, eps=0.25), "no correct digit"),
    (lambda: null_space.random_subspace(3, -1, RNG), "no subspace"),
    (lambda: null_space.random_subspace(3, 4, RNG), "no subspace"),
    (lambda: router_alignment.router_alignment(EYE, np.zeros((1, 2))), "length 0"),
    (lambda: router_alignment.router_alignment(np.zeros((2, 2)), EYE), "zeros"),
    (lambda: router_alignment.energy_weighted_alignment(ONES(1), np.zeros(1), EYE), "without energy"),
    (lambda: rule.score("tanh", EYE), "unknown score 'tanh'"),  # type: ignore[arg-type]
    (lambda: rule.score_slopes(EYE, "tanh"), "unknown score 'tanh'"),  # type: ignore[arg-type]
    (lambda: selection.combine_weights(RULE, EYE, np.zeros((2, 2), dtype=np.int64)), "unknown combine rule ''"),
    (lambda: shared_direction.shared_response(ONES((3, 2)), ONES(2)), "equal"),
]
STATS: Rows = [
    (lambda: bootstrap.estimate_mean(np.array([]), seed=0, unit="question"), "no question to estimate from"),
    (lambda: bootstrap.estimate_mean(np.array([1.0, NAN, np.inf]), seed=0), "2 of 3 values are not finite"),
    (lambda: bootstrap.exact(0, 0), "at least one"),
    (lambda: bootstrap.p_value(bootstrap.exact(1, 1), 0.0, "="), "direction"),
    (lambda: few_units.student_mean(np.array([])), "a mean needs finite values"),
    (lambda: few_units.student_mean(np.array([1.0, NAN])), "a mean needs finite values"),
    (lambda: jackknife.estimate_jackknife(1.0, np.empty(0), "seed"), "no seed to leave out"),
    (lambda: jackknife.estimate_jackknife(1.0, EYE, "seed"), "one row"),
    (lambda: rank_correlation.spearman(np.array([1.0, NAN]), np.array([np.inf, 1.0])), "2 values are not finite"),
    (lambda: rank_correlation.row_spearman(ONES((1, 2)), ONES((1, 3))), "shapes differ"),
]
SUBSPACES: Rows = [
    (lambda: effective_rank.effective_rank(np.array([1.0, -1.0])), "a singular value is negative"),
    (lambda: effective_rank.normalised_spectrum(np.array([1.0, -1.0])), "a singular value is negative"),
    (
        lambda: grassmann.principal_angles(np.eye(3)[:, :2], np.eye(4)[:, :2]),
        r"a subspace of R\^3 and one of R\^4 have no angle",
    ),
    (lambda: grassmann.principal_angles(2 * EYE, EYE), "not orthonormal"),
    (lambda: grassmann.principal_angles(EYE, np.full((2, 2), NAN)), "not orthonormal"),
    (lambda: grassmann.pair_angles(ONES((2, 3, 1))), "not orthonormal"),
    (lambda: grassmann.chance_overlap(0, 3), "no subspace"),
    (lambda: grassmann.chance_overlap(4, 3), "no subspace"),
    (lambda: principal_directions.off_direction(np.zeros((1, 2)), np.zeros(2)), "a direction of length 0"),
    (lambda: principal_directions.rank_for_share(np.zeros((2, 3))), "do not vary"),
    (lambda: principal_directions.rank_for_share(ONES(3), 0.0), r"share must lie in \(0, 1\]"),
    (lambda: principal_directions.rank_for_share(ONES(3), 1.1), r"share must lie in \(0, 1\]"),
    *(
        (
            lambda count=count, rank=rank: principal_directions.state_subspaces(
                np.eye(9)[:count, :6], ONES(count), rank
            ),
            f"{count} states of width 6 cannot span {rank} directions",
        )
        for count, rank in ((4, 4), (9, 0), (9, 7))
    ),
    (lambda: principal_directions.state_subspaces(ONES((2, 5, 3)), np.outer([1, 0], ONES(5)), 1), "all have weight 0"),
    (lambda: principal_directions.state_spectra(ONES((2, 1)), np.array([1.0, -1.0])), "a weight is negative"),
]
USAGE: Rows = [
    (lambda: profiles.usage(np.array([[0]]), np.array([0]), 2, 3), "1 of 2 sequences have no token"),
    (lambda: profiles.usage(np.array([[3]]), np.array([0]), 1, 3), r"experts must lie in 0\.\.2"),
    (lambda: profiles.usage(np.array([[0]]), np.array([1]), 1, 3), r"sequences must lie in 0\.\.0"),
    (lambda: token_pairs.nearest_pairs_mask(np.zeros((1, 1)), 0.5), "no pair"),
    (lambda: token_pairs.nearest_pairs_mask(np.zeros((2, 2)), 0.0), "share"),
    (lambda: token_pairs.nearest_pairs_mask(np.full((2, 2), NAN), 0.5), "1 distances are NaN"),
    (lambda: top_p.top_p_set(np.array([[1, 2], [0, 0]])), "1 of 2 sequences have no visit"),
    (lambda: top_p.top_p_set(np.array([[1, -2]])), "not negative"),
    (lambda: top_p.top_p_set(np.array([[1.0, NAN]])), "finite"),
    (lambda: top_p.top_p_set(np.array([[1, 2]]), p=1.0), "p must lie"),
    (lambda: top_p.expected_jaccard(np.array([0]), np.array([2]), 4), r"1\.\.4"),
    (lambda: top_p.expected_jaccard(np.array([5]), np.array([2]), 4), r"1\.\.4"),
    (lambda: topk_overlap.choice_mask(np.array([[4]]), 4), r"0\.\.3"),
    (lambda: topk_overlap.choice_mask(np.array([[-1]]), 4), r"0\.\.3"),
    (lambda: topk_overlap.choice_mask(np.array([[1, 1], [0, 1]]), 4), "1 tokens name an expert twice"),
]


@pytest.mark.parametrize(("ask", "says"), [*JACOBIANS, *ROUTING, *STATS, *SUBSPACES, *USAGE])
def test_a_sentence_says_why(ask: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ask()
