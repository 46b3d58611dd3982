"""What a token's id says of its routing: the same text, every token routed as another occurrence of its id."""

import numpy as np

from metrics.arrays import Int64Array, IntArray


def other_occurrences(token: IntArray, sequence: IntArray, rng: np.random.Generator) -> Int64Array:
    """Draw, for each token, another occurrence of its id, from another sequence.

    Routed as the one that was drawn for it, a token is routed as its id is on average where its own sequence is left
    out, and with the counting noise of single tokens. So experts indexed with the result are what usage would be did
    nothing but ids decide it. A token whose id no other sequence has gets any token of another sequence: its id says
    nothing. Reconstructed: the leave-one-out form of the token-identity controls of arXiv 2604.17182 and 2603.11114.

    Parameters
    ----------
    token : int array of shape (N,), ids
    sequence : int array of shape (N,), each token's sequence
    rng : source of the draws; the occurrences of an id are equally likely

    Returns
    -------
    int64 array of shape (N,), numbers of tokens

    Raises
    ------
    ValueError
        When there are fewer than two sequences: nothing is left where one is left out.

    Examples
    --------
    Both ids occur once in each of two sequences, in another order:

    >>> other_occurrences(np.array([5, 7, 7, 5]), np.array([0, 0, 1, 1]), np.random.default_rng(0)).tolist()
    [3, 2, 1, 0]
    """
    ids, owner = np.asarray(token), np.asarray(sequence)
    if len(np.unique(owner)) < 2:
        raise ValueError("token identity needs two sequences: one is left out, and the other tells of its ids")
    same = _elsewhere(ids, owner, rng)
    return np.where(same < 0, _elsewhere(np.zeros_like(ids), owner, rng), same)


def lent_to(drawn: IntArray) -> tuple[Int64Array, Int64Array]:
    """Turn `other_occurrences` around: who is routed as each token, so that each need be read but once.

    Parameters
    ----------
    drawn : int array of shape (N,), for each token the one that it is routed as, in 0..N-1

    Returns
    -------
    borrowers, int64 (N,), and starts, int64 (N + 1,): those routed as token t are
    ``borrowers[starts[t] : starts[t + 1]]``, in ascending order

    Examples
    --------
    >>> borrowers, starts = lent_to(np.array([2, 0, 0]))
    >>> borrowers.tolist(), starts.tolist()
    ([1, 2, 0], [0, 2, 2, 3])
    """
    starts = np.append(0, np.bincount(drawn, minlength=len(drawn)).cumsum())
    return np.argsort(drawn, kind="stable"), starts


def _elsewhere(group: IntArray, sequence: IntArray, rng: np.random.Generator) -> Int64Array:
    """Draw for each token one of its group from another sequence, -1 where there is none, (N,)."""
    order = np.lexsort((sequence, group))
    first, last = _runs(group[order])
    own, after = _runs(group[order], sequence[order])
    others = (last - first) - (after - own)
    drawn = first + np.floor(rng.random(len(order)) * others).astype(np.int64)
    drawn += np.where(drawn >= own, after - own, 0)
    found = np.full(len(order), -1, dtype=np.int64)
    found[order] = np.where(others > 0, order[np.minimum(drawn, len(order) - 1)], -1)
    return found


def _runs(*keys: IntArray) -> tuple[Int64Array, Int64Array]:
    """First place of the run of equal keys that each place lies in, and the place after its last, (N,) each."""
    changes = np.any([np.diff(key) != 0 for key in keys], axis=0)
    starts = np.append(0, np.flatnonzero(changes) + 1)
    number = np.append(0, np.cumsum(changes))
    return starts[number], np.append(starts[1:], len(number))[number]
