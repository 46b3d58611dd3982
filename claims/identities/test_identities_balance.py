"""Theorems about the balancing loss: when its gradient step turns a router from the shared direction. No checkpoint.

The loads are held constant in the gradient, as in training. What the step does to the mean logits is a sum over
tokens of (h_t . mu) times a covariance, under the router's own probabilities, of mean logits and loads; it is never
negative where no token points against the mean and the loads are ordered like the mean logits. Without either
condition the step can do the opposite (`claims/identities/tests/test_identities_balance_conditions.py`).
"""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from claims.core.claim import identity
from claims.identities.rounding import EPS
from fixtures.planted.balance_cases import SharedCase, shared_cases
from metrics.arrays import Float64Array
from metrics.routing.balancing_loss import balancing_logit_gradient
from metrics.routing.rule import RoutingRule
from metrics.routing.selection import select
from metrics.routing.shared_direction import contrasts

#: A step as a share of the largest that theory allows.
SHARES = st.sampled_from((0.01, 0.5, 0.99))


@identity(
    id="identity-balance-step",
    group="B",
    title="A step on the balancing loss lowers the response to the shared direction",
    source="GEO (arXiv 2604.09780v1), Prop. 2",
    figures=("GEO Prop. 2",),
    statement="Where no token points against the mean state, and experts with larger mean logits carry no smaller "
    "loads, a gradient step on the balancing loss, the loads held constant, moves the mean logits towards equality; "
    "how far a step may go follows from the gradient.",
    equation="h_t . mu >= 0, f ordered like c = Pi_e (W mu + b):  c . g >= 0, g = sum_t (h_t . mu + [b is trained]) "
    "dL/dz_t, and ||c - eta g|| < ||c|| for 0 < eta < 2 c . g / ||g||^2",
    definition="reconstructed: the conditions under which a proposition about minimisers holds for every single step",
    null_says="not needed: a theorem (Chebyshev's inequality for sums ordered alike).",
    paper="a theorem near a minimiser",
)
@given(shared_cases(), st.integers(0, 2**16), SHARES)
def test_balance_step(case: SharedCase, seed: int, share: float) -> None:
    """Give the experts any loads in the order of their mean logits, ties included."""
    rng = np.random.default_rng(seed)
    counts = np.sort(rng.integers(0, 4, len(case.weight))) + 0.0
    assume(counts.sum() > 0)
    loads = np.empty_like(counts)
    loads[np.argsort(case.logits(case.mean))] = counts / counts.sum()
    _check_step(case, loads, share)


@identity(
    id="identity-balance-small-spread",
    group="B",
    title="Around their mean, tokens satisfy the conditions by themselves",
    source="GEO (arXiv 2604.09780v1), Prop. 2",
    figures=("GEO Prop. 2",),
    statement="Where tokens spread so little around their mean that all choose the experts that the mean state would, "
    "and no farther than the mean is long, the loads that top-k gives are ordered like the mean logits, and the step "
    "lowers the response to the shared direction.",
    equation="||eps_t|| <= ||mu|| and max - min of W eps_t below the gap of the mean logits at the k-th place:  "
    "the conditions of identity-balance-step hold",
    definition="reconstructed: what 'h = mu + eps with small eps' has to mean",
    paper="a theorem near a minimiser",
)
@given(shared_cases(), st.data(), SHARES, st.sampled_from((0.1, 0.9)))
def test_balance_small_spread(case: SharedCase, data: st.DataObject, share: float, reach: float) -> None:
    """Shrink the spread until it changes no choice, count the loads, and take the step."""
    experts = len(case.weight)
    top_k = data.draw(st.integers(1, experts - 1), label="top_k")
    mean = case.logits(case.mean)
    ordered = np.sort(mean)[::-1]
    gap = ordered[top_k - 1] - ordered[top_k]
    assume(gap > 1e-9 * np.abs(mean).max())
    widest = max(float(np.ptp(case.spread @ case.weight.T, axis=1).max()), 1e-300)
    longest = max(float(np.linalg.norm(case.spread, axis=1).max()), 1e-300)
    shrink = reach * min(1.0, gap / widest, float(np.linalg.norm(case.mean)) / longest)
    small = SharedCase(case.weight, case.bias, case.mean, shrink * case.spread)
    rule = RoutingRule(score="identity", bias=None, groups=None, top_k=top_k, combine="softmax over top-k", scale=1.0)
    chosen = select(rule, small.logits(small.states))
    loads = np.bincount(chosen.ravel(), minlength=experts) / chosen.size
    used = loads > 0
    assert used.sum() == top_k, f"{used.sum()} experts are used, the mean state uses {top_k}"
    assert mean[used].min() > mean[~used].max(), f"loads {loads} are not ordered like the mean logits {mean}"
    _check_step(small, loads, share)


def _check_step(case: SharedCase, loads: Float64Array, share: float) -> None:
    """Take ``share`` of the largest step that may not raise ||Pi_e (W mu + b)||, and see that it falls."""
    h, trained = case.states, case.bias is not None
    gradient = balancing_logit_gradient(case.logits(h), loads)
    before = contrasts(case.logits(case.mean))
    g = gradient.T @ (h @ case.mean + (1.0 if trained else 0.0))
    gain = float(before @ g)
    terms = 64 * (len(loads) + len(case.mean) + len(h)) * EPS
    size = np.linalg.norm(h, axis=1) * np.linalg.norm(case.mean) + 1.0
    rounding = terms * len(loads) * float(loads.max()) * float(size.mean()) * float(np.abs(before).max())
    assert gain >= -rounding, f"the step raises the response: c . g = {gain}, rounding explains {rounding}"
    assume(gain > rounding)
    eta = share * 2 * gain / float(g @ g)
    weight = case.weight - eta * gradient.T @ h
    bias = None if case.bias is None else case.bias - eta * gradient.sum(axis=0)
    after = contrasts(SharedCase(weight, bias, case.mean, case.spread).logits(case.mean))
    old, new = float(np.linalg.norm(before)), float(np.linalg.norm(after))
    fall = old - np.sqrt(max(old**2 - 4 * share * (1 - share) * gain**2 / float(g @ g), 0.0))
    reach = np.linalg.norm(case.weight) + eta * np.linalg.norm(gradient.T @ h)
    shift = 0.0 if case.bias is None else np.linalg.norm(case.bias) + eta * np.linalg.norm(gradient)
    error = terms * (reach * np.linalg.norm(case.mean) + shift)
    assert new <= old - fall + error, f"||c|| went from {old} to {new}, and should have fallen by {fall}"
