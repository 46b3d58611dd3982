"""Draws at measured loads: the loads are kept, and nothing but the loads decides which experts come together."""

import numpy as np
import pytest

from metrics.usage import random_choices
from metrics.usage.random_choices import draw_at_loads
from metrics.usage.together import chosen_together

TOKENS = 1000


def drawn(visits: list[int], draws: int = 40_000) -> np.ndarray:
    return draw_at_loads(np.array(visits), TOKENS, draws, np.random.default_rng(3))


@pytest.mark.parametrize("visits", [[500, 500, 500, 500], [1000, 400, 300, 200, 90, 10, 0], [900, 700, 250, 150]])
def test_an_expert_is_drawn_as_often_as_it_was_used_and_never_twice(visits: list[int]) -> None:
    rows = drawn(visits)
    assert rows.shape == (40_000, 2)
    assert (np.diff(rows, axis=1) > 0).all()
    shares = np.bincount(rows.ravel(), minlength=len(visits)) / len(rows)
    assert np.abs(shares - np.array(visits) / TOKENS).max() < 0.01
    assert (shares == 0).tolist() == [load == 0 for load in visits]


def test_of_equal_loads_all_sets_are_as_likely() -> None:
    rows = drawn([600] * 5)
    _, counts = np.unique(rows, axis=0, return_counts=True)
    assert len(counts) == 10
    assert np.abs(counts / len(rows) - 0.1).max() < 0.006  # four standard errors


def test_of_unequal_loads_pairs_come_together_nearly_as_loads_say() -> None:
    visits = np.array([400, 300, 250, 250, 200, 200, 150, 150, 50, 50])
    together = chosen_together(drawn(visits.tolist(), 200_000)[:, None], 10)[0] / 200_000
    share = visits / TOKENS
    lift = (together / np.outer(share, share))[np.triu_indices(10, 1)]
    assert lift.mean() == pytest.approx(0.5, abs=0.1)  # (k - 1) / k where loads are alike, a little more otherwise
    assert lift.max() < 0.8


def test_chunks_make_one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_choices, "CHUNK", 7)
    assert drawn([500] * 4, 20).shape == (20, 2)
    assert drawn([500] * 4, 0).shape == (0, 2)


@pytest.mark.parametrize("visits", [[1500, 500], [700, 700], [0, 0], [-500, 1500]])
def test_visits_that_no_tokens_have_are_refused(visits: list[int]) -> None:
    with pytest.raises(ValueError, match="are not those of 1000 tokens"):
        drawn(visits)
