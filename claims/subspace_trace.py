"""How far apart the subspaces of a checkpoint's experts are, in every reading, with what chance gives beside it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reading:
    """Weighted principal subspaces of one side of the experts of a layer, at one rank.

    The first of the 1 + B replicates is of all kept visits; replicate 1 + b leaves block b of sequences out. One is
    NaN where fewer than two experts have visits that span r directions without the block.

    Attributes
    ----------
    side : "input" or "output" of the experts
    rank : r; for "90 %" the rank at which the experts' median share of variance reaches it, at most a quarter of the
        visits and half the width
    reading : "8", "16", "32" or "90 %": how r was chosen
    removed : whether the corpus mean direction was taken off
    experts : int64 (E',), those with at least 4 r kept visits that span r directions
    left_out : how many had fewer
    visits : n, kept visits of each expert that its subspace is computed from, the same for all
    share : share of an expert's variance that its r directions hold, mean over experts
    geodesic, overlap : float64 (1 + B,), mean over pairs of d_G / ((pi/2) sqrt r), and of mean cos^2
    random_geodesic, random_overlap : the same of random partitions of the same visits into groups as large (ceiling
        of overlap), mean over ``partitions`` of them
    partitions : how many
    redrawn_overlap, redrawn_random_overlap : as ``overlap`` and ``random_overlap``, of what experts drawn anew return
        at the same visits, or at those of some of the experts; (0,) of inputs, without a direction, and where the
        experts' weights were not read
    floor_geodesic : mean normalised d_G of random subspaces; the floor of overlap is r / width exactly
    width : dimension of the space that the subspaces lie in: D, or D - 1 where a direction was taken off
    pair_overlap : float32 (E', E'), mean cos^2 of each pair, all visits
    angles : float64 (r,), principal angles in radians, ascending, mean over pairs
    random_angles, floor_angles : the same of random partitions, and of random subspaces
    routed_geodesic : float64 (1 + B',), mean normalised d_G of the experts to which the router sends the sampled
        tokens; replicate 1 + b leaves out the blocks whose number is b modulo B'. (0,) where drawn routers could not
        be measured beside it, as the next two
    drawn_geodesic : float64 (1 + B',), the same under a router drawn at random, of some of its experts: for what
        blocks change
    draws : float64 (K,), the same under K routers drawn at random, all tokens and all experts
    drawn_visits : visits of each of those experts, 0 where there are none
    drawn_note : why it could not be measured, or ""
    """

    side: str
    rank: int
    reading: str
    removed: bool
    experts: IntArray
    left_out: int
    visits: int
    share: float
    geodesic: FloatArray
    overlap: FloatArray
    random_geodesic: FloatArray
    random_overlap: FloatArray
    partitions: int
    redrawn_overlap: FloatArray
    redrawn_random_overlap: FloatArray
    floor_geodesic: float
    width: int
    pair_overlap: FloatArray
    angles: FloatArray
    random_angles: FloatArray
    floor_angles: FloatArray
    routed_geodesic: FloatArray
    drawn_geodesic: FloatArray
    draws: FloatArray
    drawn_visits: int
    drawn_note: str

    @property
    def floor_overlap(self) -> float:
        """r / width: mean cos^2 of random subspaces."""
        return self.rank / self.width


@dataclass(frozen=True)
class LayerSubspaces:
    """The readings of one layer; a reading that the layer's visits do not allow is not there.

    Attributes
    ----------
    layer, path : of the router
    readings : those that could be taken
    kept : int64 (E,), visits of each expert that were kept, and could be used
    note : why there are no outputs, or ""
    """

    layer: int
    path: str
    readings: tuple[Reading, ...]
    kept: IntArray
    note: str

    def reading(self, side: str, name: str, removed: bool = False) -> Reading | None:
        """Find a reading, or None."""
        found = (each for each in self.readings if (each.side, each.reading, each.removed) == (side, name, removed))
        return next(found, None)


@dataclass(frozen=True)
class SubspaceTrace:
    """The subspaces of every layer of a checkpoint; attributes as in ``FunctionTrace``."""

    checkpoint: dict[str, Any]
    population: dict[str, Any]
    blocks: IntArray
    layers: tuple[LayerSubspaces, ...]
    sources: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
