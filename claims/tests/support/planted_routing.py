"""Plant token routing: choices made up expert by expert, and read as those of a checkpoint are."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from claims.core.claim import Variant
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case
from fixtures.evidence.token_routing import TokenRouting
from fixtures.routing.choices import Choices
from fixtures.routing.statistics import token_routing
from metrics.arrays import BoolArray, FloatArray, Int64Array, IntArray

Read = Callable[[], TokenRouting]


def planted_routing(
    experts: IntArray,
    num_experts: int,
    *,
    token: IntArray | None = None,
    corpora: int = 1,
    best_first: bool = True,
    seed: int = 0,
) -> TokenRouting:
    """Read choices as those of a checkpoint are read.

    Parameters
    ----------
    experts : (S, T, L, k), experts of the tokens of S sequences at L layers, none twice in a row
    num_experts : E
    token : (S, T), ids; None for none
    corpora : the sequences belong to so many corpora, in turn
    best_first : whether the experts of a token stand best first
    seed : of the random order of tokens, and of other occurrences
    """
    sequences, tokens, layers, top_k = experts.shape
    choices = Choices(
        layers=tuple(range(1, layers + 1)),
        experts=num_experts,
        top_k=top_k,
        lengths=np.full(sequences, tokens),
        first=np.zeros(sequences, dtype=np.int64),
        token=None if token is None else token.ravel(),
        best_first=best_first,
        read=lambda: iter(experts),
    )
    return token_routing(
        [choices],
        np.arange(sequences) % corpora,
        seed,
        checkpoint={"name": "planted"},
        population={"name": "text"},
        corpora=tuple(f"corpus {number}" for number in range(corpora)),
        documents=tuple(str(number) for number in range(sequences)),
    )


def case_of(usual: Variant, name: str, expected: Verdict, routing: Read, **asked: Any) -> Case:
    """A case of token routing in the usual variant, unless it says otherwise."""
    return Case(name, expected, token_routing=routing, **({"variant": usual} | asked))


def in_each(variants: Iterable[Variant], name: str, expected: Verdict, routing: Read, **asked: Any) -> list[Case]:
    """The same routing in several variants."""
    return [case_of(one, f"{name}, {' '.join(one.values())}", expected, routing, **asked) for one in variants]


def counts_alone(routing: TokenRouting) -> TokenRouting:
    """Return what is left of routing where only the visits of experts were published."""
    layers = (
        replace(layer, neighbours=None, identity=None, by_identity=None, together=None) for layer in routing.layers
    )
    return replace(routing, layers=tuple(layers), counts_alone=True)


def drawn_sets(
    rng: np.random.Generator, shape: tuple[int, ...], num_experts: int, top_k: int, load: FloatArray | None = None
) -> Int64Array:
    """Draw k experts of E for every token, (*shape, k), one after another in proportion to ``load``, if it is given."""
    score = rng.gumbel(size=(*shape, num_experts))
    if load is not None:
        score += np.log(load)
    return np.asarray(score.argsort(axis=-1)[..., : -top_k - 1 : -1])


def kept_from_before(fresh: IntArray, keeps: BoolArray) -> IntArray:
    """Let tokens keep the experts of the token before them.

    Parameters
    ----------
    fresh : (S, T, k), experts of tokens that do not
    keeps : (S, T), which tokens do
    """
    place = np.where(keeps, 0, np.arange(fresh.shape[1]))
    place = np.maximum.accumulate(place, axis=1)
    return np.take_along_axis(fresh, place[..., None], axis=1)
