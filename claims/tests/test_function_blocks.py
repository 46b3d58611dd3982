"""Blocks of whole sequences, and tokens spread over them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from claims.function_blocks import block_of_sequences, spread_over_blocks


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=1, max_size=60), st.integers(1, 16))
def test_blocks_are_balanced_in_sequences_and_in_each_corpus(parts: list[tuple[int, int]], blocks: int) -> None:
    lengths, corpus = (np.array(column) for column in zip(*parts, strict=True))
    found = block_of_sequences(lengths, blocks, corpus)
    count = min(len(lengths), blocks)
    assert np.array_equal(found, block_of_sequences(lengths, blocks, corpus))
    for some in (found, *(found[corpus == number] for number in np.unique(corpus))):
        sizes = np.bincount(some, minlength=count)
        assert len(sizes) == count
        assert sizes.max() - sizes.min() <= 1
    assert found.dtype == np.int64


def test_long_sequences_are_not_all_in_one_block() -> None:
    lengths = [100, 1, 100, 1, 100, 1, 100, 1]
    found = block_of_sequences(lengths, 4)
    assert np.bincount(found, weights=lengths).tolist() == [101.0] * 4


def test_by_default_there_are_sixteen_blocks_or_one_a_sequence() -> None:
    assert sorted(block_of_sequences([3, 2, 1])) == [0, 1, 2]
    assert block_of_sequences(np.full(100, 5)).max() == 15


def test_tokens_are_taken_from_all_blocks_in_turn() -> None:
    block = np.array([2, 2, 2, 0, 0, 1])
    assert spread_over_blocks(block, 4).tolist() == [3, 5, 0, 4]
    assert sorted(spread_over_blocks(block, 99)) == list(range(6))
