"""Documents by domain: means over pairs and nearest centroids, against the same computed pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.usage.domain_pairs import domain_cosines, nearest_by_products, nearest_centroid, unit_rows
from metrics.usage.profiles import cosine_matrix

DOMAIN = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
SEEDS = st.integers(0, 2**16)


def units(seed: int) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).dirichlet(np.ones(5), len(DOMAIN)))


def drawn(seed: int) -> np.ndarray:
    """How often each document was drawn, at least two different ones of each domain."""
    return np.asarray(np.random.default_rng(seed).integers(0, 3, len(DOMAIN)) + np.array([1, 1, 0, 1, 1, 0, 0, 1, 1]))


@given(SEEDS)
def test_means_are_those_of_the_pairs_of_the_drawn_documents(seed: int) -> None:
    table, times = cosine_matrix(units(seed)), drawn(seed)
    found = domain_cosines(units(seed), DOMAIN, np.stack([times, np.ones(len(DOMAIN))]))
    copies = np.repeat(np.arange(len(DOMAIN)), times)
    for one, other in np.ndindex(3, 3):
        pairs = [table[a, b] for a in copies for b in copies if a != b and (DOMAIN[a], DOMAIN[b]) == (one, other)]
        assert found[0, one, other] == pytest.approx(np.mean(pairs))
    assert found[1, 0, 0] == pytest.approx((table[0, 1] + table[0, 2] + table[1, 2]) / 3)


@given(SEEDS)
def test_a_document_is_held_against_centroids_without_it(seed: int) -> None:
    rows, times = units(seed), drawn(seed)
    right = np.zeros(3)
    for number, domain in enumerate(DOMAIN):
        centroids = [
            np.average(rows, axis=0, weights=times * (other == DOMAIN) * (np.arange(len(DOMAIN)) != number))
            for other in range(3)
        ]
        cosines = [c @ rows[number] / np.linalg.norm(c) for c in centroids]
        right[domain] += times[number] * (int(np.argmax(cosines)) == domain)
    expected = np.mean(right / np.bincount(DOMAIN, weights=times))
    assert float(nearest_centroid(rows, DOMAIN, times)) == pytest.approx(expected)
    assert float(nearest_by_products(rows @ rows.T, DOMAIN, times)) == pytest.approx(expected)


def test_equally_near_centroids_share_a_document() -> None:
    assert float(nearest_centroid(np.ones((9, 1)), DOMAIN, np.ones(9))) == pytest.approx(1 / 3)
    two = units(0)[[0, 1, 1, 0, 0, 1, 1, 0, 1]]  # documents as near to two centroids, or to all
    assert float(nearest_by_products(two @ two.T, DOMAIN, np.ones(9))) == pytest.approx(
        float(nearest_centroid(two, DOMAIN, np.ones(9)))
    )


def test_labels_that_tell_nothing_place_no_more_than_guessing() -> None:
    found = [float(nearest_centroid(rows, DOMAIN, np.ones(9))) for rows in map(units, range(200))]
    assert 0.15 < np.mean(found) < 1 / 3


@pytest.mark.parametrize("times", [[2, 0, 0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0, 1, 1]])
def test_a_domain_of_one_document_or_none_has_no_share(times: list[int]) -> None:
    rows = units(0)
    assert np.isnan(nearest_centroid(rows, DOMAIN, np.array(times)))
    assert np.isnan(np.diagonal(domain_cosines(rows, DOMAIN, np.array(times)))).any()
