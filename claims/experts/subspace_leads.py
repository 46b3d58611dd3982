"""How much experts' subspaces differ from chance: distance less that under random routers, overlap less r/D."""

from collections.abc import Sequence

import numpy as np

from claims.shared.widened_intervals import null_draw_halfwidth, null_overlap_halfwidth, widen_for_luck
from fixtures.evidence.subspaces import Reading
from metrics.stats.estimate import Estimate
from metrics.stats.jackknife import estimate_jackknife

UNIT = "sequence block"


def lead_over_random_routers(variants: Sequence[Reading]) -> Estimate:
    """Mean over layers of normalised d_G under the router minus that under routers drawn at random.

    The half width is the root of the sum of two squares: that of the jackknife over blocks of sequences, and what
    one more draw of a router would change, t sd sqrt(1 + 1/K) with the standard deviation over the K draws of a
    layer; the layers' draws are independent. The router in question is judged as if it were one more draw.

    Parameters
    ----------
    variants : one a layer, all with drawn routers

    Returns
    -------
    Estimate over blocks of sequences, NaN ends where a replicate is undefined

    Raises
    ------
    ValueError
        When there is no layer.
    """
    level = float(np.mean([each.routed_geodesic[0] - each.draws.mean() for each in variants]))
    moved = np.mean([each.routed_geodesic[1:] - each.drawn_geodesic[1:] for each in variants], axis=0)
    found = estimate_jackknife(level, moved, UNIT)
    return widen_for_luck(found, null_draw_halfwidth([each.draws for each in variants]), "drawing routers")


def overlap_above_chance(variants: Sequence[Reading]) -> Estimate:
    """Mean over layers of mean cos^2 minus r/D, its interval widened by what that mean is by luck for random subspaces.

    Parameters
    ----------
    variants : one a layer
    """
    tables = np.mean([each.overlap - each.floor_overlap for each in variants], axis=0)
    found = estimate_jackknife(float(tables[0]), tables[1:], UNIT)
    return widen_for_luck(found, null_overlap_halfwidth(variants), "random subspaces")
