"""Certified radii: hand-derived, searched by brute force, and the rules that only admit a lower bound."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.arrays import Float64Array, FloatArray, IntArray
from metrics.routing.certified_radius import Radius, certified_radius
from metrics.routing.rule import SCORES, Groups, Score, score


def top(scores: FloatArray, k: int) -> IntArray:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def radius(logits: list[list[float]] | FloatArray, experts: list[int] | IntArray, **rule: Any) -> Radius:
    """Radius of these choices; with unit rows of the weight, where nothing else is said."""
    z, chosen = np.array(logits), np.atleast_2d(experts)
    return certified_radius(
        z,
        rule.get("weight", np.eye(z.shape[1])),
        chosen,
        score=rule.get("score", "identity"),
        bias=rule.get("bias"),
        groups=rule.get("groups"),
    )


def plain(logits: FloatArray, weight: FloatArray, k: int) -> Radius:
    return radius(logits, top(logits, k), weight=weight)


def test_hand_derived_radius() -> None:
    # Top 2 of logits (5, 3, 2, 0). Swaps: 0 <-> 2 at 3 / 5, 0 <-> 3 at 5 / 1, 1 <-> 2 at 1 / 5 and
    # 1 <-> 3 at 3 / 1: experts 1 and 2 bind at 0.2.
    weight = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    found = plain(np.array([[5.0, 3.0, 2.0, 0.0]]), weight, 2)
    assert found.exact
    assert found.value == pytest.approx([0.2])
    assert (found.first.tolist(), found.second.tolist()) == ([1], [2])


def test_the_farther_logit_can_bind() -> None:
    # Swaps: 1 <-> 2 at 1 / 1, 1 <-> 3 at 2 / 1, 0 <-> 3 at 4 / 8, 0 <-> 2 at 3 / 8: the last binds, although
    # the logits of 1 and 2 are closest.
    weight = np.array([[8.0], [1.0], [0.0], [0.0]])
    found = plain(np.array([[4.0, 2.0, 1.0, 0.0]]), weight, 2)
    assert (found.first.tolist(), found.second.tolist()) == ([0], [2])
    assert found.value == pytest.approx([3 / 8])


def test_limits() -> None:
    weight, logits = np.eye(3), np.array([[3.0, 2.0, 2.0]])
    everyone = plain(logits, weight, 3)
    assert everyone.value.tolist() == [np.inf]
    assert everyone.first.tolist() == [-1]
    assert plain(logits, weight, 2).value.tolist() == [0.0], "a tie certifies nothing"
    assert radius(logits, [1]).value.tolist() == [0.0], "a choice that the rule does not make certifies nothing"
    # Equal rows with different biases move together: no move can swap them.
    twins = np.ones((2, 2))
    assert plain(np.array([[1.0, 0.0]]), twins, 1).value.tolist() == [np.inf]
    assert plain(np.zeros((0, 3)), weight, 2).value.shape == (0,)


def nearest_other_choice(h: Float64Array, weight: Float64Array, offset: Float64Array, k: int) -> float:
    """Distance from h in the plane to the nearest of a fine polar grid of points with other experts."""
    chosen = set(top((h @ weight.T + offset)[None], k)[0].tolist())
    angle = np.linspace(0, 2 * np.pi, 721)
    for radius in np.geomspace(1e-3, 1e2, 2000):
        ring = h + radius * np.column_stack([np.cos(angle), np.sin(angle)])
        others = top(ring @ weight.T + offset, k)
        if any(set(row) != chosen for row in others.tolist()):
            return float(radius)
    return np.inf


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_radius_is_what_a_search_finds(seed: int) -> None:
    # Rings are 0.6 % apart, their points half a degree: the search overshoots by at most 0.7 %.
    rng = np.random.default_rng(seed)
    weight, h, offset = rng.standard_normal((4, 2)), rng.standard_normal(2), rng.standard_normal(4)
    logits = (h @ weight.T + offset)[None]
    found = plain(logits, weight, 2).value[0]
    assert found <= nearest_other_choice(h, weight, offset, 2) <= found * 1.007


@pytest.mark.parametrize("bias", [None, np.zeros(5)])
@pytest.mark.parametrize("name", SCORES)
def test_monotone_scores_without_bias_are_exact(name: Score, bias: FloatArray | None) -> None:
    rng = np.random.default_rng(0)
    weight, logits = rng.standard_normal((5, 3)), rng.standard_normal((6, 5))
    found = radius(logits, top(logits, 2), weight=weight, score=name, bias=bias)
    assert found.exact
    np.testing.assert_array_equal(found.value, plain(logits, weight, 2).value)


@pytest.mark.parametrize(("score", "exact", "value"), [("sigmoid", False, 0.25), ("identity", True, 0.5 / np.sqrt(34))])
def test_selection_bias_by_hand(score: Score, exact: bool, value: float) -> None:
    # Scores sigmoid(0) + 0.5 = 1 and sigmoid(0) + 0 = 0.5: margin 0.5, slopes 3/4 and 5/4, so 0.5 / 2.
    # The same for plain logits stays affine, hence exact: margin 0.5 over ||(3, -5)||.
    found = radius([[0.0, 0.0]], [0], weight=np.diag([3.0, 5.0]), score=score, bias=np.array([0.5, 0.0]))
    assert found.exact == exact
    assert found.value == pytest.approx([value])


@pytest.mark.parametrize(
    ("logits", "experts", "kind", "fill", "value"),
    [
        # Groups {0, 1} and {2, 3} with unit rows: group scores 6 and 3 by their best. The group may fall at
        # 3 / (1 + 1); inside it, 6 <-> 1 swap at 5 / sqrt(2): the group binds.
        ([6.0, 1.0, 3.0, 2.0], [0], "max", -np.inf, 1.5),
        # By the sum of two: 7 against 5, slopes 2 and 2.
        ([6.0, 1.0, 3.0, 2.0], [0], "top2", -np.inf, 0.5),
        # Expert 1 (logit 0.5) is chosen against the masked ones' 0, 0.5 away; the groups hold until (6 - 3) / 2.
        ([6.0, 0.5, 3.0, 2.0], [0, 1], "max", 0.0, 0.5),
        ([6.0, 0.5, 3.0, 2.0], [0, 1], "max", -np.inf, 1.5),
        # Three experts from a group of two: the third comes from the masked ones, by nothing but their order.
        ([6.0, 5.0, 3.0, 2.0], [0, 1, 2], "max", -np.inf, 0.0),
        # Expert 1 scores below the fill: one of the masked 2 and 3 is used, by nothing but their order.
        ([6.0, -1.0, 3.0, 2.0], [0, 2], "max", 0.0, 0.0),
    ],
)
def test_groups_by_hand(logits: list[float], experts: list[int], kind: Any, fill: float, value: float) -> None:
    found = radius([logits], experts, groups=Groups(2, 1, kind, fill))
    assert not found.exact
    assert found.value == pytest.approx([value])
    if experts == [0]:
        assert (found.first.tolist(), found.second.tolist()) == ([-1], [-1])


def test_positive_scores_stay_above_a_fill_of_zero() -> None:
    logits, groups = [[6.0, 0.5, 3.0, 2.0]], [Groups(2, 1, "top2", fill) for fill in (0.0, -np.inf)]
    filled, masked = (radius(logits, [0, 1], score="sigmoid", groups=each).value for each in groups)
    np.testing.assert_array_equal(filled, masked)


@pytest.mark.parametrize("bias", [0.01, -0.05])
def test_the_fill_binds_only_where_a_score_can_fall_to_it(bias: float) -> None:
    # Groups {0, 1} and {2, 3}, sigmoid scores plus a common bias, slopes 1/4. A bias of 0.01 keeps scores above 0:
    # only the groups bind, at (s_0 - s_3) / (1/2). One of -0.05 lets expert 1 fall to 0: (s_1 - 0) / (1/4) is first.
    s = score("sigmoid", logits := np.array([[4.0, -2.0, -6.0, -5.0]]))[0]
    expected = (s[0] - s[3]) * 2 if bias > 0 else (s[1] - 0.05) * 4
    groups = Groups(2, 1, "max", 0.0)
    found = radius(logits, [0, 1], score="sigmoid", bias=np.full(4, bias), groups=groups)
    assert found.value == pytest.approx([expected])


@given(st.sampled_from(SCORES), st.integers(2, 7), st.integers(0, 2**16))
def test_no_move_inside_changes_a_biased_choice(name: Score, experts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, h = rng.standard_normal((experts, 3)), rng.standard_normal((5, 3))
    bias, k = rng.standard_normal(experts) * 0.1, int(rng.integers(1, experts))
    chosen = top(score(name, h @ weight.T) + bias, k)
    reach = radius(h @ weight.T, chosen, weight=weight, score=name, bias=bias).value
    assume(bool((reach > 1e-9).all()))
    step = rng.standard_normal((40, 5, 3))
    step *= 0.999 * reach[:, None] / np.linalg.norm(step, axis=2, keepdims=True)
    for moved in h + step:
        after = top(score(name, moved @ weight.T) + bias, k)
        assert (np.sort(after, axis=1) == np.sort(chosen, axis=1)).all()


def test_chunks_do_not_change_the_radius(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    weight, logits = rng.standard_normal((5, 3)), rng.standard_normal((23, 5))
    whole = plain(logits, weight, 2)
    monkeypatch.setattr("metrics.routing.certified_radius.CHUNK", 10)
    for before, after in zip(whole, plain(logits, weight, 2), strict=True):
        np.testing.assert_array_equal(before, after)
