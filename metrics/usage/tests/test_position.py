"""Texts drawn by place alone: what slides with the place stays, what belongs to a text goes."""

import numpy as np

from metrics.usage.position import bands, changed_within, drawn_by_position, middle_places, permuted_within

RNG = np.random.default_rng(0)


def test_bands_grow_by_the_root_of_two() -> None:
    place = np.arange(1, 4097)
    band = bands(place)
    ratios = [place[band == one].max() / place[band == one].min() for one in np.unique(band)]
    assert max(ratios) < np.sqrt(2)
    assert (np.diff(band) >= 0).all()
    assert bands(np.array([0, 0.5])).tolist() == [0, 0]


def test_middle_places_are_those_of_the_tokens() -> None:
    tokens = RNG.integers(0, 9, (5, 4))
    for row, found in zip(tokens, middle_places(tokens), strict=True):
        owner = np.repeat(np.arange(4), row)
        for part in np.unique(owner):
            assert found[part] == (np.flatnonzero(owner == part) + 1).mean()


def test_drawn_texts_have_the_usage_of_their_places_and_nothing_of_their_own() -> None:
    texts, experts = 400, 4
    own = RNG.dirichlet(np.ones(experts), texts)  # every text has a profile of its own in its first part
    tokens = np.full((texts, 2), 200)
    visits = np.stack([RNG.multinomial(200, own), np.tile([0, 0, 0, 200], (texts, 1))], axis=1)
    drawn = drawn_by_position(visits, tokens, np.tile([0, 1], (texts, 1)), RNG)
    assert (drawn[:, 1] == visits[:, 1]).all()
    np.testing.assert_allclose(drawn[:, 0].mean(axis=0), visits[:, 0].mean(axis=0), atol=1.5)
    assert abs(np.corrcoef(drawn[:, 0, 0], visits[:, 0, 0])[0, 1]) < 0.2
    assert drawn[:, 0, 0].std() < 0.3 * visits[:, 0, 0].std()


def test_a_part_without_tokens_draws_none_and_a_text_without_a_visit_keeps_its_own() -> None:
    visits = np.array([[[0, 0], [1, 0]], [[9000, 0], [0, 9000]]])
    tokens, band = np.array([[0, 1], [9000, 9000]]), np.array([[0, 1], [0, 1]])
    drawn = drawn_by_position(visits, tokens, band, np.random.default_rng(1))
    assert drawn[0, 0].tolist() == [0, 0]
    nothing = drawn_by_position(np.zeros((2, 1, 3), int), np.zeros((2, 1), int), np.zeros((2, 1), int), RNG)
    assert not nothing.any()
    # One token in 9001 visits the expert: that of the first text is drawn without a visit.
    rare, alone = np.array([[[1]], [[0]]]), np.array([[1], [9000]])
    kept = drawn_by_position(rare, alone, np.zeros((2, 1), int), np.random.default_rng(1))
    assert np.random.default_rng(1).binomial(alone, 1 / 9001)[0, 0] == 0
    assert kept[0].tolist() == [[1]]


def test_permuted_labels_stay_in_their_band() -> None:
    labels, band = RNG.integers(0, 3, 60), RNG.integers(0, 4, 60)
    found = permuted_within(labels, band, RNG)
    assert (found != labels).any()
    for one in range(4):
        assert sorted(found[band == one]) == sorted(labels[band == one])


def test_labels_change_as_often_as_permutations_say() -> None:
    labels, band = RNG.integers(0, 3, 30), RNG.integers(0, 9, 30)
    one, several = (
        np.mean([(permuted_within(labels, each, RNG) != labels).mean() for _ in range(2000)])
        for each in (np.zeros(30, int), band)
    )
    assert abs(changed_within(labels, band) - several / one) < 0.02
    assert changed_within(labels, np.full(30, 4)) == 1.0


def test_texts_that_are_alone_in_their_band_do_not_move() -> None:
    texts = np.arange(12)
    assert changed_within(texts, texts) == 0.0
    assert changed_within(texts, np.repeat(np.arange(6), 2)) == np.float64(6 / 11)
    assert changed_within(np.zeros(4, int), np.zeros(4, int)) == 0.0


def test_of_one_band_the_permutation_is_that_of_all() -> None:
    labels = np.arange(20)
    found = permuted_within(labels, np.zeros(20, int), np.random.default_rng(7))
    assert found.tolist() == np.random.default_rng(7).permutation(labels).tolist()
