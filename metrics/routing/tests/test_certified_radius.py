"""Certified radii: hand-derived, searched by brute force, and the rules that only admit a lower bound."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.arrays import Float64Array, FloatArray, IntArray
from metrics.routing.certified_radius import Radius, certified_radius
from metrics.routing.rule import SCORES, Groups, Score, score


def top(scores: FloatArray, k: int) -> IntArray:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def plain(logits: FloatArray, weight: FloatArray, k: int) -> Radius:
    return certified_radius(logits, weight, top(logits, k), score="identity", bias=None, groups=None)


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
    wrong = certified_radius(logits, weight, np.array([[1]]), score="identity", bias=None, groups=None)
    assert wrong.value.tolist() == [0.0], "a choice that the rule does not make certifies nothing"
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


def test_monotone_scores_without_bias_are_exact() -> None:
    rng = np.random.default_rng(0)
    weight, logits = rng.standard_normal((5, 3)), rng.standard_normal((6, 5))
    chosen = top(logits, 2)
    for name in SCORES:
        for bias in (None, np.zeros(5)):
            found = certified_radius(logits, weight, chosen, score=name, bias=bias, groups=None)
            assert found.exact
            np.testing.assert_array_equal(found.value, plain(logits, weight, 2).value)


def test_selection_bias_by_hand() -> None:
    # Scores sigmoid(0) + 0.5 = 1 and sigmoid(0) + 0 = 0.5: margin 0.5, slopes 3/4 and 5/4, so 0.5 / 2.
    weight = np.array([[3.0, 0.0], [0.0, 5.0]])
    rule = {"bias": np.array([0.5, 0.0]), "groups": None}
    found = certified_radius(np.zeros((1, 2)), weight, np.array([[0]]), score="sigmoid", **rule)  # type: ignore[arg-type]
    assert not found.exact
    assert found.value == pytest.approx([0.25])
    # The same for plain logits stays affine, hence exact: margin 0.5 over ||(3, -5)||.
    found = certified_radius(np.zeros((1, 2)), weight, np.array([[0]]), score="identity", **rule)  # type: ignore[arg-type]
    assert found.exact
    assert found.value == pytest.approx([0.5 / np.sqrt(34)])


def test_groups_by_hand() -> None:
    # Groups {0, 1} and {2, 3} with unit rows, logits (6, 1 | 3, 2): group scores 6 and 3 by their best.
    # The group may fall at 3 / (1 + 1); inside it, 6 <-> 1 swap at 5 / sqrt(2): the group binds.
    logits, choice = np.array([[6.0, 1.0, 3.0, 2.0]]), np.array([[0]])
    best = certified_radius(logits, np.eye(4), choice, score="identity", bias=None, groups=Groups(2, 1, "max", -np.inf))
    assert not best.exact
    assert best.value == pytest.approx([1.5])
    assert (best.first.tolist(), best.second.tolist()) == ([-1], [-1])
    # By the sum of two: 7 against 5, slopes 2 and 2: 2 / 4.
    both = certified_radius(
        logits, np.eye(4), choice, score="identity", bias=None, groups=Groups(2, 1, "top2", -np.inf)
    )
    assert both.value == pytest.approx([0.5])


def test_masked_experts_compete_with_a_fill_of_zero() -> None:
    # Groups {0, 1} and {2, 3}, top 2: expert 1 (logit 0.5) is chosen against the masked ones' 0, which is
    # 0.5 / ||w_1|| away; the groups hold until (6 - 3) / 2.
    logits, choice = np.array([[6.0, 0.5, 3.0, 2.0]]), np.array([[0, 1]])
    rule = {"score": "identity", "bias": None}
    zero = certified_radius(logits, np.eye(4), choice, groups=Groups(2, 1, "max", 0.0), **rule)  # type: ignore[arg-type]
    assert zero.value == pytest.approx([0.5])
    never = certified_radius(logits, np.eye(4), choice, groups=Groups(2, 1, "max", -np.inf), **rule)  # type: ignore[arg-type]
    assert never.value == pytest.approx([1.5])
    # Positive scores stay above a fill of 0, which then never binds.
    filled, masked = (
        certified_radius(logits, np.eye(4), choice, score="sigmoid", bias=None, groups=Groups(2, 1, "top2", fill)).value
        for fill in (0.0, -np.inf)
    )
    np.testing.assert_array_equal(filled, masked)


def test_the_fill_binds_only_where_a_score_can_fall_to_it() -> None:
    # Groups {0, 1} and {2, 3}, scores sigmoid(4), sigmoid(-2), sigmoid(-6), sigmoid(-5) plus a common bias,
    # slopes 1/4. A bias of 0.01 keeps scores above 0: only the groups bind, at (s_0 - s_3) / (1/2). A bias
    # of -0.05 lets expert 1 fall to 0: (s_1 - 0) / (1/4) comes first.
    logits = np.array([[4.0, -2.0, -6.0, -5.0]])
    s = 1 / (1 + np.exp(-logits[0]))
    for bias, expected in ((0.01, (s[0] - s[3]) * 2), (-0.05, (s[1] - 0.05) * 4)):
        found = certified_radius(
            logits,
            np.eye(4),
            np.array([[0, 1]]),
            score="sigmoid",
            bias=np.full(4, bias),
            groups=Groups(2, 1, "max", 0.0),
        )
        assert found.value == pytest.approx([expected])


def test_more_experts_than_the_chosen_groups_hold_are_tied() -> None:
    # Three experts from a group of two: the third comes from the masked ones, by nothing but their order.
    found = certified_radius(
        np.array([[6.0, 5.0, 3.0, 2.0]]),
        np.eye(4),
        np.array([[0, 1, 2]]),
        score="identity",
        bias=None,
        groups=Groups(2, 1, "max", -np.inf),
    )
    assert found.value.tolist() == [0.0]


def test_a_masked_expert_that_was_chosen_is_tied_with_the_other_masked_ones() -> None:
    # Expert 1 scores -1, below the fill: one of the masked 2 and 3 is used, by nothing but their order.
    logits = np.array([[6.0, -1.0, 3.0, 2.0]])
    found = certified_radius(
        logits, np.eye(4), np.array([[0, 2]]), score="identity", bias=None, groups=Groups(2, 1, "max", 0.0)
    )
    assert found.value.tolist() == [0.0]


@given(st.sampled_from(SCORES), st.integers(2, 7), st.integers(0, 2**16))
def test_no_move_inside_changes_a_biased_choice(name: Score, experts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, h = rng.standard_normal((experts, 3)), rng.standard_normal((5, 3))
    bias, k = rng.standard_normal(experts) * 0.1, int(rng.integers(1, experts))
    chosen = top(score(name, h @ weight.T) + bias, k)
    radius = certified_radius(h @ weight.T, weight, chosen, score=name, bias=bias, groups=None).value
    assume(bool((radius > 1e-9).all()))
    step = rng.standard_normal((40, 5, 3))
    step *= 0.999 * radius[:, None] / np.linalg.norm(step, axis=2, keepdims=True)
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": "tanh"}, "unknown score 'tanh'"),
        ({"groups": Groups(2, 1, "mean", 0.0)}, "unknown group score"),  # type: ignore[arg-type]
        ({"groups": Groups(3, 1, "max", 0.0)}, "do not fit"),
        ({"groups": Groups(2, 3, "max", 0.0)}, "do not fit"),
        ({"logits": np.array([[0.0, np.nan, 1.0, 1.0]])}, "1 logits are not finite"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"logits": np.zeros((1, 4)), "score": "identity", "bias": None, "groups": None}
    with pytest.raises(ValueError, match=message):
        certified_radius(weight=np.eye(4), experts=np.array([[0]]), **(arguments | change))  # type: ignore[arg-type]
