"""What two sequences share of their most-used experts, on planted usage."""

from typing import Any

import numpy as np
import pytest

from claims.choices.shared_sets import shared_sets
from fixtures.evidence.token_routing import LayerRouting, TokenRouting
from metrics.stats.sampling import Sampling


def routing(usage: np.ndarray, **other: Any) -> TokenRouting:
    given: dict[str, Any] = {
        "checkpoint": {"name": "planted"},
        "population": {},
        "corpus": np.zeros(len(usage), dtype=np.int16),
        "corpora": ("text",),
        "documents": tuple(map(str, range(len(usage)))),
        "block": np.zeros(len(usage), dtype=np.int16),
        "stride": 1,
        "layers": (LayerRouting(1, 2, usage),),
    }
    return TokenRouting(**given | other)


def test_sequences_of_one_set_share_all_of_it_and_chance_is_that_of_its_size() -> None:
    usage = np.tile([5, 5, 0, 0, 0, 0, 0, 0], (6, 1))
    shared, chance = shared_sets(routing(usage), Sampling(0, 99))
    assert shared.estimate.value == 1.0
    # Two sets of 2 of 8: they share 0, 1 or 2 in 15, 12 and 1 of 28 renamings.
    assert chance.estimate.value == pytest.approx((12 / 3 + 1) / 28)
    assert shared.threshold == chance.estimate.value


def test_sequences_of_two_disjoint_sets_share_only_within_each() -> None:
    usage = np.repeat([[5, 5, 0, 0], [0, 0, 5, 5]], 3, axis=0)
    shared, _ = shared_sets(routing(usage), Sampling(0, 99))
    assert shared.estimate.value == pytest.approx(6 / 15)
    assert shared.estimate.low < shared.estimate.value < shared.estimate.high


def test_counts_of_corpora_and_a_single_sequence_have_no_pair() -> None:
    usage = np.ones((3, 4), dtype=np.int64)
    assert shared_sets(routing(usage, counts_alone=True), Sampling(0, 99)) == ()
    assert shared_sets(routing(usage[:1]), Sampling(0, 99)) == ()
