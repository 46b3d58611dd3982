"""Cost of the alignment of all pairs of experts at single tokens: which way to compute it is affordable.

Counted are multiplications and additions of the matrix products, for experts of width m on D dimensions
with P matrices on the input side (2 with U, 1 without), N tokens, E experts:

- forms, exact: 2 m^2 D (1 + P^2) a pair, and 2 (P m)^2 a pair and token; the norms cost as much an expert;
- probes: J v for one random v costs 2 m D (P + 1) an expert, the products of all pairs 2 E^2 D.

Where the forms of every pair are not affordable, the cheaper of two estimates with the wanted standard
error of the mean alignment is taken: the forms of some pairs, or probes of every pair at some tokens. That
choice assumes spreads that are stated below; the error of what was done is measured, never assumed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from metrics.jacobians.expert import Expert

Method = Literal["every pair", "some pairs", "probes"]

#: Assumed standard deviation of the alignments of different pairs.
PAIR_SPREAD = 0.1
#: Assumed standard deviation of one probe's estimate of one alignment: that of Jacobians of stable rank 8.
PROBE_SPREAD = 0.5
#: Probes at one token: enough for the size of a single alignment, not only for its mean.
PROBES = 32
#: Operations that are always affordable: about a minute on one core.
AFFORDABLE = 1e12


@dataclass(frozen=True)
class Shape:
    """What a layer is: E experts of width m on D dimensions, with P = 2 or 1 input matrices, and N tokens."""

    experts: int
    inner: int
    width: int
    parts: int
    tokens: int

    @property
    def pairs(self) -> int:
        """Pairs of different experts."""
        return self.experts * (self.experts - 1) // 2


@dataclass(frozen=True)
class Plan:
    """How the alignments are obtained.

    Attributes
    ----------
    method : the way
    pairs : pairs of experts that are looked at
    tokens : tokens at which they are
    probes : random vectors a token; 0 for the forms, which need none
    operations : estimated multiplications and additions
    """

    method: Method
    pairs: int
    tokens: int
    probes: int
    operations: float

    def sentence(self) -> str:
        """Say which way it is.

        Examples
        --------
        >>> Plan("some pairs", 100, 64, 0, 3e12).sentence()
        'exact products of 100 pairs drawn at random, at 64 tokens'
        """
        if self.method == "probes":
            return f"{self.probes} random probes of all {self.pairs} pairs at each of {self.tokens} tokens"
        drawn = "all" if self.method == "every pair" else "drawn at random"
        which = f"all {self.pairs} pairs" if drawn == "all" else f"{self.pairs} pairs {drawn}"
        return f"exact products of {which}, at {self.tokens} tokens"


def shape_of(experts: Sequence[Expert], tokens: int) -> Shape:
    """Shape of a layer of experts at some number of tokens.

    Examples
    --------
    >>> import numpy as np
    >>> shape_of([Expert(np.ones((3, 5)), None, np.ones((5, 3)), None)] * 2, 7)
    Shape(experts=2, inner=3, width=5, parts=1, tokens=7)
    """
    inner, width = experts[0].gate.shape
    return Shape(len(experts), inner, width, 1 if experts[0].up is None else 2, tokens)


def plan_alignment(shape: Shape, error: float = 0.01, affordable: float = AFFORDABLE) -> Plan:
    """Choose the way to the mean alignment of all pairs at single tokens.

    Parameters
    ----------
    error : wanted standard error of the mean over all pairs
    affordable : operations up to which every pair is computed exactly

    Raises
    ------
    ValueError
        When there are no two experts, no token, or ``error`` is not positive.

    Examples
    --------
    >>> plan_alignment(Shape(experts=8, inner=64, width=128, parts=2, tokens=100)).method
    'every pair'
    >>> plan_alignment(Shape(experts=128, inner=768, width=2048, parts=2, tokens=256)).method
    'some pairs'
    >>> plan_alignment(Shape(experts=8, inner=14336, width=4096, parts=2, tokens=256)).method
    'probes'
    """
    if shape.experts < 2 or shape.tokens < 1 or not error > 0:
        raise ValueError("an alignment needs two experts, a token and a positive standard error")
    every = Plan("every pair", shape.pairs, shape.tokens, 0, form_operations(shape, shape.pairs))
    if every.operations <= affordable:
        return every
    some = min(shape.pairs, math.ceil((PAIR_SPREAD / error) ** 2))
    ways = [every, Plan("some pairs", some, shape.tokens, 0, form_operations(shape, some))]
    draws = math.ceil((PROBE_SPREAD / error) ** 2)
    tokens = min(shape.tokens, math.ceil(draws / PROBES))
    probes = max(PROBES, math.ceil(draws / tokens))
    ways.append(Plan("probes", shape.pairs, tokens, probes, probe_operations(shape, tokens * probes)))
    return min(ways, key=lambda plan: plan.operations)


def form_operations(shape: Shape, pairs: int) -> float:
    """Count operations for exact products of some pairs and the norms of their experts.

    Examples
    --------
    >>> form_operations(Shape(experts=2, inner=1, width=1, parts=1, tokens=1), pairs=1)
    18.0
    """
    forms = pairs + min(shape.experts, pairs + 1)
    once = 2.0 * shape.inner**2 * shape.width * (1 + shape.parts**2)
    return forms * (once + 2.0 * shape.tokens * (shape.parts * shape.inner) ** 2)


def probe_operations(shape: Shape, draws: int) -> float:
    """Count operations for a number of probes of every expert, at however many tokens.

    Examples
    --------
    >>> probe_operations(Shape(experts=2, inner=1, width=1, parts=1, tokens=1), draws=1)
    16.0
    """
    each = 2.0 * shape.inner * shape.width * (shape.parts + 1)
    return draws * (shape.experts * each + 2.0 * shape.experts**2 * shape.width)
