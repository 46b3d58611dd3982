"""Blocks of whole sequences, the unit that the claims about functions resample, and tokens spread over them."""

import numpy as np
import numpy.typing as npt

from claims.function_trace import IntArray
from claims.sampling import Sampling
from fixtures.expert_trace import ExpertTrace

BLOCKS = 16


def block_of_sequences(lengths: npt.ArrayLike, blocks: int = BLOCKS, corpus: npt.ArrayLike | None = None) -> IntArray:
    """Deal whole sequences to blocks that are alike in corpora, in sequences and, as far as can be, in tokens.

    Each corpus is dealt round robin, its longest sequences first; where several blocks are next, the one with the
    fewest sequences gets it, then the one with the fewest tokens, then the first. Nothing is random.

    Parameters
    ----------
    lengths : tokens of each sequence, (S,)
    blocks : how many; never more than there are sequences
    corpus : number of each sequence's corpus, (S,); all one by default

    Returns
    -------
    int64 (S,), 0..B-1 with B = min(S, blocks); two blocks differ by one sequence at most

    Examples
    --------
    >>> block_of_sequences([5, 5, 5, 5], 2, corpus=[0, 0, 1, 1]).tolist()
    [0, 1, 0, 1]
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    source = np.zeros(len(sizes), dtype=np.int64) if corpus is None else np.asarray(corpus, dtype=np.int64)
    count = min(len(sizes), blocks)
    found = np.zeros(len(sizes), dtype=np.int64)
    sequences, tokens = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for number in np.unique(source):
        dealt = np.zeros(count, dtype=np.int64)
        members = np.flatnonzero(source == number)
        for sequence in members[np.argsort(-sizes[members], kind="stable")]:
            block = np.lexsort((tokens, sequences, dealt))[0]
            found[sequence] = block
            for tally in (dealt, sequences):
                tally[block] += 1
            tokens[block] += sizes[sequence]
    return found


def blocks_of_trace(trace: ExpertTrace, blocks: int = BLOCKS) -> IntArray:
    """Blocks of the sequences of a trace, int64 (S,); see `block_of_sequences`."""
    return block_of_sequences(trace.lengths, blocks, trace.corpus)


def sequence_of_sample(trace: ExpertTrace) -> IntArray:
    """Sequence of each sampled token, int64 (M,)."""
    return np.searchsorted(np.cumsum(trace.lengths), trace.sample, side="right").astype(np.int64)


def some_of_sample(trace: ExpertTrace, count: int, sampling: Sampling) -> IntArray:
    """Places of at most ``count`` of the sampled tokens, int64, ascending; the same for every layer."""
    size = len(trace.sample)
    if size <= count:
        return np.arange(size)
    return np.sort(sampling.rng("shared tokens").choice(size, count, replace=False)).astype(np.int64)


def spread_over_blocks(block: IntArray, count: int) -> IntArray:
    """Places of at most ``count`` tokens: the first of every block, then the second of every block, and so on.

    Parameters
    ----------
    block : of each token, (T,)

    Examples
    --------
    >>> spread_over_blocks(np.array([0, 0, 0, 1, 1]), 3).tolist()
    [0, 3, 1]
    """
    turn = np.zeros(len(block), dtype=np.int64)
    for number in np.unique(block):
        members = np.flatnonzero(block == number)
        turn[members] = np.arange(len(members))
    return np.lexsort((block, turn))[:count].astype(np.int64)
