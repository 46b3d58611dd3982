"""The likelihood of tokens by the frequencies of the others, against a count by hand."""

import math

import numpy as np

from metrics.stats.unigram import unigram_losses


def test_each_token_is_predicted_from_all_others() -> None:
    tokens = [3, 1, 3, 3, 2, 1]
    found = unigram_losses(np.array(tokens))
    for place, token in enumerate(tokens):
        others = tokens[:place] + tokens[place + 1 :]
        expected = (others.count(token) + 1) / (len(others) + len(set(tokens)))
        assert math.isclose(math.exp(-found[place]), expected)


def test_it_approaches_the_entropy_of_long_text() -> None:
    rng = np.random.default_rng(0)
    share = np.array([0.5, 0.3, 0.2])
    found = unigram_losses(rng.choice(3, 20_000, p=share))
    assert abs(found.mean() + (share * np.log(share)).sum()) < 0.02


def test_no_tokens_and_one() -> None:
    assert unigram_losses(np.array([], dtype=np.int64)).shape == (0,)
    assert unigram_losses(np.array([5])).tolist() == [0.0]
