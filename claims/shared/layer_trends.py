"""Take trends over layers, and test whether one could be luck: how many other orders of the layers show it as strongly.

Sequences cannot tell, however many there are: all of them pass the same few layers.
"""

from itertools import permutations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

#: Up to so many layers every order of them is looked at; of more layers so many orders are drawn.
ALL_ORDERS, ORDERS = 6, 999
#: Trends no farther apart are equal.
ROUNDING = 1e-9


def layer_trend(table: Float64Array) -> Float64Array:
    """Spearman(layer, value) of each unit, (L, S) to (S,); a unit that is alike at all layers has none, 0."""
    depth = np.broadcast_to(np.arange(len(table), dtype=np.float64), table.T.shape)
    return np.nan_to_num(row_spearman(depth, table.T))


def share_of_orders(table: Float64Array, sampling: Sampling) -> Estimate:
    """Share of the orders of the layers whose mean rank correlation with depth is at least that of the true order.

    The p-value of a permutation test (Davison and Hinkley 1997, section 4.3); an order is the same for all sequences,
    and the true one is counted.

    Parameters
    ----------
    table : (L, S), one value a layer and sequence, finite

    Returns
    -------
    Estimate in (0, 1], without an interval; n is the number of orders
    """
    count = len(table)
    ranks = rankdata(table, axis=0) - (count + 1) / 2
    size = np.linalg.norm(ranks, axis=0)
    typical = np.divide(ranks, size, out=np.zeros_like(ranks), where=size > 0).mean(axis=1)
    orders = _orders(count, sampling)
    trends = (orders - (count - 1) / 2) @ typical
    share = float((trends >= trends[0] - ROUNDING).mean())
    what = "all" if count <= ALL_ORDERS else f"the true and {ORDERS} random"
    return Estimate(share, share, share, len(orders), "order", f"{what} orders of {count} layers")


def trend_is_open(table: Float64Array, luck: float, sampling: Sampling) -> bool:
    """Tell whether too many orders of the layers rise as much, and too many fall as much, to say that there is a trend.

    Parameters
    ----------
    table : as in `share_of_orders`
    luck : the largest share of orders that a trend may leave
    """
    return all(share_of_orders(each, sampling).value > luck for each in (table, -table))


def _orders(count: int, sampling: Sampling) -> npt.NDArray[np.integer]:
    """Orders of the layers, (P, L), the true one first."""
    if count <= ALL_ORDERS:
        return np.array(list(permutations(range(count))))
    rng = sampling.rng("orders of the layers")
    return np.array([np.arange(count), *(rng.permutation(count) for _ in range(ORDERS))])
