"""Theorems about any linear router: how far logits, hidden states and choices can move. No checkpoint.

Hypothesis hunts for a counterexample; one that it finds is shrunk and refutes the claim. Rounding is allowed
for by stated bounds (`metrics.routing.near_ties`), and choices that it decides are left out
(`claims.identities.rounding`).
"""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from claims.core.claim import identity
from claims.identities.rounding import EPS, same_set, score_error, tied
from fixtures.planted.strategies import HiddenCase, RouterCase, routed_states
from metrics.routing.certified_radius import certified_radius
from metrics.routing.lipschitz_bounds import (
    naive_bound,
    rms_lipschitz,
    span_bound,
    spectrum,
    truncated_bound,
    whitened_bound,
)
from metrics.routing.near_ties import logit_error
from metrics.routing.null_space import row_part, row_space
from metrics.routing.selection import select

#: How far inside and beyond a radius the probes go.
INSIDE, BEYOND = 0.999, 1.001
SEEDS = st.integers(0, 2**16)


@identity(
    id="identity-naive-bound",
    title="Near hidden states give near logits, in RMS units",
    source="GEO (arXiv 2604.09780v1), Prop. 1 and Eq. 5",
    figures=("GEO Prop. 1",),
    statement="Between RMS distances a linear router is Lipschitz with its spectral norm times sqrt(D/E).",
    equation="||W dh|| / sqrt(E) <= ||W||_2 sqrt(D/E) ||dh|| / sqrt(D)",
    definition="reconstructed: the RMS distance, hence the factor",
)
@given(routed_states())
def test_naive_bound(case: tuple[RouterCase, HiddenCase]) -> None:
    """Check every pair of tokens, from the logits as a router computes them."""
    router, hidden = case
    first, second = np.triu_indices(len(hidden.states), 1)
    z, error = router.logits(hidden.states), logit_error(hidden.states, router.weight, router.bias)
    logit_rms = np.sqrt(np.mean((z[first] - z[second]) ** 2, axis=1))
    hidden_rms = np.sqrt(np.mean((hidden.states[first] - hidden.states[second]) ** 2, axis=1))
    rounding = np.sqrt(np.mean((error[first] + error[second]) ** 2, axis=1))
    bound = rms_lipschitz(router.weight) * hidden_rms * (1 + 8 * (router.experts + router.width) * EPS)
    above = logit_rms > bound + rounding
    assert not above.any(), f"RMS logit distances {logit_rms[above]} exceed {bound[above]}"


@identity(
    id="identity-data-aware-bounds",
    title="Three variants of the data-aware bound hold",
    source="GEO (arXiv 2604.09780v1), Prop. 1",
    figures=("GEO Fig. 13",),
    statement="Each variant of the data-aware bound lies above the logit distance of any two of the data's "
    "tokens, and the variant by the exact span never lies above the naive bound.",
    equation="||W dh|| <= ||W Pi|| ||dh|| <= ||W|| ||dh||;  ||W dh|| <= ||W Pi_r|| ||Pi_r dh|| "
    "+ ||W (I - Pi_r)|| ||(I - Pi_r) dh||;  ||W dh|| <= ||W M^(1/2)|| ||M^(-1/2) dh||",
    definition="reconstructed: three variants of the projector",
)
@given(routed_states(), st.sampled_from([0.5, 0.9, 1.0]))
def test_data_aware_bounds(case: tuple[RouterCase, HiddenCase], energy: float) -> None:
    """Check every pair of tokens against bounds from the same tokens' second moment."""
    router, hidden = case
    first, second = np.triu_indices(len(hidden.states), 1)
    dh = hidden.states[first] - hidden.states[second]
    actual = np.linalg.norm(dh @ router.weight.T, axis=1)
    rounding = np.linalg.norm(logit_error(dh, router.weight, None), axis=1)
    slack = 1 + 32 * (router.experts + router.width) * EPS
    moment = spectrum(hidden.states.T @ hidden.states / len(hidden.states))
    naive = naive_bound(router.weight, dh)
    bounds = {
        "naive": naive,
        "span": span_bound(router.weight, moment, dh),
        "truncated": truncated_bound(router.weight, moment, dh, energy),
        "whitened": whitened_bound(router.weight, moment, dh),
    }
    for name, bound in bounds.items():
        above = actual > bound * slack + rounding
        assert not above.any(), f"logit distances {actual[above]} exceed the {name} bound {bound[above]}"
    # Directions below the resolution of the moment, sqrt(D eps) of the largest state, are charged on top.
    unresolved = np.sqrt(router.width * EPS) * np.linalg.norm(hidden.states) * np.linalg.norm(router.weight)
    looser = bounds["span"] > naive * slack + unresolved
    assert not looser.any(), f"the span bound {bounds['span'][looser]} exceeds the naive {naive[looser]}"


@identity(
    id="identity-certified-radius",
    title="Inside the certified radius the experts cannot change",
    source="GEO (arXiv 2604.09780v1), Prop. 1, made a statement about the choice",
    figures=("GEO Prop. 1",),
    statement="For every score, selection bias and group limit, no hidden state nearer than the certified "
    "radius is routed to other experts.",
    equation="||h' - h|| < r(h)  implies  experts(h') = experts(h);  r = min over chosen i, unchosen j of "
    "(s_i - s_j) / ||w_i - w_j||, or / (L_i + L_j) where the score is not affine",
    definition="ours",
    paper="not in the paper",
)
@given(routed_states(), SEEDS)
def test_certified_radius(case: tuple[RouterCase, HiddenCase], seed: int) -> None:
    """Move to 0.999 of the radius, in random directions and in those of expert pairs."""
    router, hidden = case
    rule, h = router.rule, hidden.states
    z = router.logits(h)
    chosen = select(rule, z)
    radius = certified_radius(z, router.weight, chosen, score=rule.score, bias=rule.bias, groups=rule.groups).value
    # An infinite radius promises that no move at all matters: try one of ten times the token's norm.
    reach = np.where(np.isfinite(radius), INSIDE * radius, 10 * (1 + np.linalg.norm(h, axis=1)))
    pairs = (router.weight[:, None] - router.weight[None]).reshape(-1, router.width)
    drawn = np.random.default_rng(seed).standard_normal((8, router.width))
    tried = 0
    for direction in (*drawn, *pairs):
        length = float(np.linalg.norm(direction))
        if length == 0:
            continue
        moved = h + reach[:, None] * direction / length
        clear = ~tied(router, h) & ~tied(router, moved) & (radius > 0)
        after = select(rule, router.logits(moved))
        changed = clear & ~same_set(chosen, after)
        assert not changed.any(), (
            f"experts {chosen[changed].tolist()} became {after[changed].tolist()} after a move of "
            f"{reach[changed]} inside the certified {radius[changed]}"
        )
        tried += int(clear.sum())
    assume(tried > 0)


@identity(
    id="identity-radius-is-exact",
    title="Just beyond the exact radius the experts do change",
    source="GEO (arXiv 2604.09780v1), Prop. 1, made a statement about the choice",
    figures=("GEO Prop. 1",),
    statement="For plain top-k of the logits plus a bias the certified radius is the distance to the nearest "
    "other choice: a step just beyond it towards w_j - w_i changes the experts.",
    equation="h' = h + 1.001 r (w_j - w_i) / ||w_j - w_i||  implies  experts(h') != experts(h)",
    definition="ours",
    paper="not in the paper",
)
@given(routed_states(rules="plain"))
def test_radius_is_exact(case: tuple[RouterCase, HiddenCase]) -> None:
    """Step beyond the radius along the binding pair, where the overshoot is more than rounding."""
    router, hidden = case
    rule, h = router.rule, hidden.states
    z = router.logits(h)
    chosen = select(rule, z)
    found = certified_radius(z, router.weight, chosen, score=rule.score, bias=rule.bias, groups=None)
    assert found.exact, "plain top-k must be certified exactly"
    rows = np.flatnonzero(np.isfinite(found.value) & (found.value > 0))
    assume(len(rows) > 0)
    towards = router.weight[found.second[rows]] - router.weight[found.first[rows]]
    length = np.linalg.norm(towards, axis=1)
    moved = h[rows] + (BEYOND * found.value[rows] / length)[:, None] * towards
    overshoot = (BEYOND - 1) * found.value[rows] * length
    clear = overshoot > 2 * (score_error(router, h[rows]) + score_error(router, moved))
    assume(bool(clear.any()))
    after = select(rule, router.logits(moved))
    kept = clear & same_set(chosen[rows], after)
    assert not kept.any(), f"still {after[kept].tolist()} at {BEYOND} x {found.value[rows][kept]}"


@identity(
    id="identity-row-space-necessity",
    title="Near logits need near projections on the router's row space",
    source="public review of GEO (arXiv 2604.09780v1): Prop. 1's converse as revised",
    figures=("GEO Prop. 1",),
    statement="Two tokens whose logits are close have close projections on the row space of W: there, and "
    "only there, the router inverts.",
    equation="||Pi_row (h - h')|| <= ||z - z'|| / sigma_min+(W)",
    definition="paper (as revised)",
)
@given(routed_states())
def test_row_space_necessity(case: tuple[RouterCase, HiddenCase]) -> None:
    """Check every pair of tokens; a computed row space is off by eps times the condition number."""
    router, hidden = case
    space = row_space(router.weight)
    assume(space.rank > 0)
    first, second = np.triu_indices(len(hidden.states), 1)
    dh = hidden.states[first] - hidden.states[second]
    z, error = router.logits(hidden.states), logit_error(hidden.states, router.weight, router.bias)
    dz = np.linalg.norm(z[first] - z[second], axis=1)
    smallest, condition = space.singular[-1], space.singular[0] / space.singular[-1]
    rounding = np.linalg.norm(error[first] + error[second], axis=1) / smallest
    tilt = 8 * (router.experts + router.width) * EPS * condition * np.linalg.norm(dh, axis=1)
    seen = np.linalg.norm(row_part(dh, space.basis), axis=1)
    above = seen > dz / smallest + rounding + tilt
    assert not above.any(), f"row-space distances {seen[above]} exceed {dz[above]} / {smallest}"
