"""Theorems about any linear router: what may change without the choice changing. No checkpoint.

As in `test_identities`: rounding is allowed for by stated bounds, and choices that it decides are left out.
"""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from claims.core.claim import identity
from claims.identities.rounding import EPS, same_set, tied
from fixtures.planted.strategies import HiddenCase, RouterCase, routed_states
from metrics.routing.certified_radius import certified_radius
from metrics.routing.confidence import softmax_confidence
from metrics.routing.lipschitz_bounds import operator_norm
from metrics.routing.near_ties import logit_error
from metrics.routing.null_space import kernel_part, row_space
from metrics.routing.rule import score_slopes
from metrics.routing.selection import combine_weights, select
from metrics.usage.profiles import usage
from metrics.usage.topk_overlap import choice_mask, overlap_matrix

SEEDS = st.integers(0, 2**16)


@identity(
    id="identity-kernel-invariance",
    title="A move inside the kernel leaves the router blind",
    source="public review of GEO (arXiv 2604.09780v1)",
    figures=("GEO Prop. 1",),
    statement="However far a token moves inside ker(W), its logits and its experts stay: similar routing "
    "does not need similar hidden states.",
    equation="W n = 0  implies  z(h + n) = z(h) and experts(h + n) = experts(h), for ||n|| up to 10 ||h||",
    definition="paper",
    paper="a counterexample of the review",
)
@given(routed_states(), SEEDS, st.sampled_from([0.1, 1.0, 10.0]))
def test_kernel_invariance(case: tuple[RouterCase, HiddenCase], seed: int, size: float) -> None:
    """Move every token inside the computed kernel; what W makes of that move is rounding."""
    router, hidden = case
    h, space = hidden.states, row_space(router.weight)
    assume(space.rank < router.width)
    drawn = np.random.default_rng(seed).standard_normal(h.shape)
    direction = kernel_part(drawn, space.basis)
    length = np.linalg.norm(direction, axis=1)
    assume(bool((length > 1e-3).all()))
    move = (size * np.linalg.norm(h, axis=1) / length)[:, None] * direction
    # The computed basis is orthonormal, and drops singular values, to some (E + D) eps of what is projected.
    shed = np.linalg.norm(move, axis=1) * np.linalg.norm(drawn, axis=1) / length
    leak = 8 * (router.experts + router.width) * EPS * operator_norm(router.weight) * shed
    moved = h + move
    error = logit_error(h, router.weight, router.bias) + logit_error(moved, router.weight, router.bias)
    change = np.abs(router.logits(moved) - router.logits(h))
    above = change > error + leak[:, None]
    assert not above.any(), f"logits moved by {change[above]}, rounding explains {(error + leak[:, None])[above]}"
    before, after = select(router.rule, router.logits(h)), select(router.rule, router.logits(moved))
    changed = ~tied(router, h, extra=leak) & ~tied(router, moved, extra=leak) & ~same_set(before, after)
    assert not changed.any(), f"experts {before[changed].tolist()} became {after[changed].tolist()}"


@identity(
    id="identity-shift-invariance",
    title="A softmax router ignores a common shift of its logits",
    source="GEO (arXiv 2604.09780v1), behind Prop. 2",
    figures=(),
    statement="Adding one number to all logits of a token changes neither the experts that a softmax router "
    "chooses, nor their weights, nor its confidence.",
    equation="softmax(z + c 1) = softmax(z)",
    definition="paper",
)
@given(routed_states(), st.floats(-1e3, 1e3), st.sampled_from(["softmax", "softmax over top-k"]))
def test_shift_invariance(case: tuple[RouterCase, HiddenCase], shift: float, combine: str) -> None:
    """Shift every token's logits; what that rounds moves a log-probability by at most twice as much."""
    drawn, hidden = case
    rule = replace(drawn.rule, score="softmax", combine=combine)
    router = replace(drawn, rule=rule)
    z = router.logits(hidden.states)
    moved = z + shift
    rounding = EPS * (np.abs(z).max(axis=1) + abs(shift))
    before, after = select(rule, z), select(rule, moved)
    changed = ~tied(router, hidden.states, extra=rounding) & ~same_set(before, after)
    assert not changed.any(), f"experts {before[changed].tolist()} became {after[changed].tolist()}"
    # |d log p| <= 2 max |dz|; probabilities are at most 1, and their own arithmetic is E + 8 roundings.
    allowed = np.expm1(4 * rounding) + (router.experts + 8) * EPS
    weights, shifted = combine_weights(rule, z, before), combine_weights(rule, moved, before)
    drift = np.abs(weights - shifted).max(axis=1)
    assert (drift <= allowed).all(), f"weights moved by {drift}, rounding explains {allowed}"
    drift = np.abs(softmax_confidence(z) - softmax_confidence(moved))
    assert (drift <= allowed).all(), f"confidence moved by {drift}, rounding explains {allowed}"


@identity(
    id="identity-scale-invariance",
    title="Plain top-k ignores the length of the hidden state",
    source="GEO (arXiv 2604.09780v1), behind Prop. 1",
    figures=(),
    statement="Without any bias, top-k of the logits depends on the direction of the hidden state alone, and "
    "the certified radius grows with its length.",
    equation="b = 0, a > 0:  experts(a h) = experts(h) and r(a h) = a r(h)",
    definition="paper",
)
@given(routed_states(rules="plain"), st.floats(1e-3, 1e3))
def test_scale_invariance(case: tuple[RouterCase, HiddenCase], scale: float) -> None:
    """Scale every token; the radius may move by the logits' rounding over the closest rows' distance."""
    drawn, hidden = case
    router = replace(drawn, bias=None, rule=replace(drawn.rule, bias=None))
    h = hidden.states
    z, scaled = router.logits(h), router.logits(scale * h)
    before, after = select(router.rule, z), select(router.rule, scaled)
    clear = ~tied(router, h) & ~tied(router, scale * h)
    assume(bool(clear.any()))
    changed = clear & ~same_set(before, after)
    assert not changed.any(), f"experts {before[changed].tolist()} became {after[changed].tolist()}"
    small = certified_radius(z, router.weight, before, score="identity", bias=None, groups=None)
    large = certified_radius(scaled, router.weight, before, score="identity", bias=None, groups=None)
    compared = clear & np.isfinite(small.value)
    gaps = np.linalg.norm(router.weight[:, None] - router.weight[None], axis=2)
    closest = gaps[gaps > 0].min(initial=np.inf)
    error = scale * logit_error(h, router.weight, None) + logit_error(scale * h, router.weight, None)
    allowed = 2 * error.max(axis=1) / closest + 8 * EPS * scale * small.value
    drift = np.abs(large.value[compared] - scale * small.value[compared])
    assert (drift <= allowed[compared]).all(), f"radii drifted by {drift}, rounding explains {allowed[compared]}"


@identity(
    id="identity-permutation-equivariance",
    title="Renaming the experts renames the results",
    source="symmetry of every definition used here",
    figures=(),
    statement="Renumbering experts (whole groups, and members inside a group) permutes the usage profile and "
    "leaves overlap, certified radius and confidence as they were.",
    equation="f(P z) = P f(z) for usage;  f(P z) = f(z) for overlap, radius, confidence",
    definition="ours",
    paper="not in the paper",
)
@given(routed_states(), SEEDS)
def test_permutation_equivariance(case: tuple[RouterCase, HiddenCase], seed: int) -> None:
    """Renumber experts by a permutation that keeps groups together; tied choices are left out."""
    router, hidden = case
    h = hidden.states[~tied(router, hidden.states)]
    assume(len(h) > 0)
    rng, groups = np.random.default_rng(seed), router.rule.groups
    blocks = np.arange(router.experts).reshape(1 if groups is None else groups.count, -1)
    order = rng.permuted(rng.permutation(blocks), axis=1).ravel()
    bias = router.rule.bias
    rule = replace(router.rule, bias=None if bias is None else bias[order])
    z = router.logits(h)
    chosen, renamed = select(router.rule, z), select(rule, z[:, order])
    assert same_set(order[renamed], chosen).all(), f"{order[renamed].tolist()} instead of {chosen.tolist()}"
    owner = np.zeros(len(h), dtype=np.int64)
    profile = usage(chosen, owner, 1, router.experts)[:, order]
    assert (usage(renamed, owner, 1, router.experts) == profile).all(), "usage was not permuted"
    masks = choice_mask(chosen, router.experts), choice_mask(renamed, router.experts)
    old, new = (overlap_matrix(mask, mask, rule.top_k) for mask in masks)
    assert (old == new).all(), "overlap changed"
    old_ball = certified_radius(z, router.weight, chosen, score=rule.score, bias=router.rule.bias, groups=rule.groups)
    new_ball = certified_radius(
        z[:, order], router.weight[order], renamed, score=rule.score, bias=rule.bias, groups=rule.groups
    )
    # Only the softmax depends on the order, by E + 8 roundings of the sum over its experts.
    slope = score_slopes(router.weight, rule.score).min()
    resummed = 2 * (router.experts + 8) * EPS / slope if rule.score == "softmax" and slope > 0 else 0.0
    finite = np.isfinite(old_ball.value)
    assert (finite == np.isfinite(new_ball.value)).all(), "a radius became infinite, or finite"
    drift = np.abs(new_ball.value[finite] - old_ball.value[finite])
    allowed = (router.experts + router.width + 8) * EPS * old_ball.value[finite] + resummed
    assert (drift <= allowed).all(), f"radii drifted by {drift}, rounding explains {allowed}"
    before, after = softmax_confidence(z), softmax_confidence(z[:, order])
    assert (np.abs(after - before) <= (router.experts + 8) * EPS).all(), f"{before} became {after}"
