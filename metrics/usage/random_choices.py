"""Draw experts for tokens that have nothing in common but the loads: the null of what is chosen together."""

import numpy as np

from metrics.arrays import Int64Array, IntArray

#: Tokens that are drawn at once.
CHUNK = 1 << 14


def draw_at_loads(visits: IntArray, tokens: int, draws: int, rng: np.random.Generator) -> Int64Array:
    """Draw k different experts for each token, each expert as often as it was measured, and without other ties.

    Systematic sampling in random order (Hartley and Rao 1962): the experts of a token, in an order of its own, lie side
    by side on a line of length k, each as long as the share of tokens that use it, and those are drawn in which one of
    k points at distance 1 falls. So an expert is drawn with exactly the probability that was measured, which
    successive draws in proportion to loads do not give; all loads alike, every set of k is as likely as any other.

    Parameters
    ----------
    visits : int array of shape (E,), tokens that use each expert: at most ``tokens``, k times ``tokens`` in all
    tokens : tokens that were counted
    draws : tokens to draw for
    rng : source of the orders and of the points

    Returns
    -------
    int64 array of shape (draws, k), ids in 0..E-1, none twice in a row

    Raises
    ------
    ValueError
        When the visits are not those of so many tokens that each use k experts.

    Examples
    --------
    One expert that every token uses, and two that take turns:

    >>> draw_at_loads(np.array([4, 2, 2]), 4, 4, np.random.default_rng(0)).tolist()
    [[0, 2], [0, 2], [0, 1], [0, 1]]
    """
    load = np.asarray(visits, dtype=np.int64)
    chosen, rest = divmod(int(load.sum()), tokens) if tokens > 0 else (0, 1)
    if rest or not chosen or load.min() < 0 or load.max() > tokens:
        raise ValueError(f"{load.sum()} visits, at most {load.max()} of an expert, are not those of {tokens} tokens")
    parts = [_draw(load, tokens, min(CHUNK, draws - start), rng) for start in range(0, draws, CHUNK)]
    return np.concatenate([np.zeros((0, chosen), dtype=np.int64), *parts])


def _draw(load: Int64Array, tokens: int, draws: int, rng: np.random.Generator) -> Int64Array:
    """Draw for a chunk of tokens: whole numbers, so that no rounding adds or loses an expert."""
    order = rng.random((draws, len(load)), dtype=np.float32).argsort(axis=1)
    ends = load[order].cumsum(axis=1) + rng.integers(0, tokens, (draws, 1))
    hit = np.diff(ends // tokens, axis=1, prepend=0).astype(bool)
    return np.sort(order[hit].reshape(draws, -1), axis=1)
