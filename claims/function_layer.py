"""The experts of one layer as functions: products of Jacobians, cosines, spectra, outputs, and their controls."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.function_gates import gate_of
from claims.function_grams import products
from claims.function_outputs import output_products
from claims.function_spectra import LEADING, mean_spectra, visit_spectra
from claims.function_sums import JacobianSums, Tokens, jacobian_sums
from claims.function_tokens import cosines_of_two_tokens, token_cosines
from claims.function_trace import FloatArray, IntArray, LayerFunctions, TokenCosines
from claims.redrawn_experts import RedrawnExperts
from claims.sampling import Sampling
from fixtures.expert_trace import LayerExperts
from fixtures.moe_layer import Router
from metrics.expert import Expert

#: Bytes that the weights of a layer's experts, in float64, may take at once.
HELD_BYTES = 2**29


class Setting(NamedTuple):
    """What all layers of a study have in common.

    Attributes
    ----------
    block : int64 (S,), of each sequence
    shared : int64 (T,), places of the sampled tokens that all experts are asked about
    sequence : int64 (T,), theirs
    single : int64 (T',), which of these T are looked at one by one, spread over the blocks from the first on
    sampling : draws everything that is drawn
    device : where product tables are computed
    """

    block: IntArray
    shared: IntArray
    sequence: IntArray
    single: IntArray
    sampling: Sampling
    device: str

    @property
    def blocks(self) -> int:
        """B."""
        return int(self.block.max()) + 1


class Studied(NamedTuple):
    """A layer, and the sums over own visits with which its neighbours are compared; None where it was not read."""

    functions: LayerFunctions
    own: JacobianSums | None


class _Jacobians(NamedTuple):
    """What is computed of the experts and of those drawn anew alike; as in `LayerFunctions`."""

    own: FloatArray
    shared: FloatArray
    at_token: TokenCosines
    two_tokens: FloatArray


def study_layer(layer: LayerExperts, experts: Sequence[Expert], router: Router | None, setting: Setting) -> Studied:
    """Study one layer; ``next_layer`` of the result is that of a last layer.

    Parameters
    ----------
    experts : the first of the router's choices, whatever these are beyond them
    router : for the Jacobians with the gate
    """
    reason = _mismatch(layer, experts)
    if reason:
        return Studied(unread_layer(layer, reason, setting.blocks), None)
    with np.errstate(invalid="ignore", over="ignore"):
        return _studied(layer, held(experts), router, setting)


def held(experts: Sequence[Expert], most: int = HELD_BYTES) -> Sequence[Expert]:
    """The same experts: a list of all where ``most`` bytes suffice; otherwise one is made whenever it is asked for."""
    first = experts[0]
    numbers = first.gate.size * (1 if first.up is None else 2) + first.down.size
    return list(experts) if 8 * numbers * len(experts) <= most else experts


def unread_layer(layer: LayerExperts, reason: str, blocks: int) -> LayerFunctions:
    """A layer whose experts could not be read: no experts, and the reason."""
    table = np.zeros((0, blocks, 0, blocks), dtype=np.float32)
    pairs = np.zeros((blocks, 0, 0), dtype=np.float32)
    none = TokenCosines(pairs, pairs, np.zeros(blocks, dtype=np.int64), "")
    two = np.zeros((blocks, 0), dtype=np.float32)
    spectra = np.zeros((0, min(LEADING, layer.sample.shape[1])), dtype=np.float32)
    return LayerFunctions(
        layer=layer.layer,
        path=layer.path,
        note=reason,
        visits=np.zeros((0, blocks), dtype=np.int64),
        own=table,
        weighted=table,
        gated=None,
        shared=table,
        redrawn_own=table,
        redrawn_shared=table,
        at_token=none,
        redrawn_at_token=none,
        two_tokens=two,
        redrawn_two_tokens=two,
        outputs=np.zeros((blocks, 0, 0)),
        next_layer=np.zeros((0, 0), dtype=np.float32),
        leading=spectra,
        token_leading=spectra,
        redrawn_leading=spectra,
        redrawn_token_leading=spectra,
        token_block=np.zeros(0, dtype=np.int64),
    )


def _studied(layer: LayerExperts, experts: Sequence[Expert], router: Router | None, setting: Setting) -> Studied:
    number, blocks = layer.layer, setting.blocks
    tokens = _own_tokens(layer, len(experts), setting.block)
    shared = layer.sample[setting.shared]
    own, weighted = jacobian_sums(experts, tokens, blocks)
    gate = gate_of(router, layer)
    found = _jacobians(experts, own, tokens, shared, number, setting)
    redrawn = held(RedrawnExperts(experts, number, setting.sampling))
    redrawn_own = jacobian_sums(redrawn, tokens, blocks)[0]
    control = _jacobians(redrawn, redrawn_own, tokens, shared, number, setting)
    if not (np.isfinite(found.own).all() and np.isfinite(found.shared).all()):
        return Studied(unread_layer(layer, "the Jacobians of its experts are not finite", blocks), None)
    visits = np.stack([np.bincount(each.block, minlength=blocks) for each in tokens])
    rngs = [setting.sampling.rng("spectra", number) for _ in range(4)]  # the same draws for both kinds of experts
    every = layer.visits[: len(experts)].astype(np.int64)
    single = visit_spectra(experts, tokens, every, rngs[0])
    functions = LayerFunctions(
        layer=number,
        path=layer.path,
        note="",
        visits=visits,
        own=found.own,
        weighted=_table(weighted, setting),
        gated=None if gate is None else _table(jacobian_sums(experts, tokens, blocks, gate)[0], setting),
        shared=found.shared,
        redrawn_own=control.own,
        redrawn_shared=control.shared,
        at_token=found.at_token,
        redrawn_at_token=control.at_token,
        two_tokens=found.two_tokens,
        redrawn_two_tokens=control.two_tokens,
        outputs=output_products(experts, shared, setting.block[setting.sequence], blocks),
        next_layer=np.zeros((len(experts), 0), dtype=np.float32),
        leading=mean_spectra(own, visits.sum(axis=1), rngs[1]),
        token_leading=single.leading,
        redrawn_leading=mean_spectra(redrawn_own, visits.sum(axis=1), rngs[2]),
        redrawn_token_leading=visit_spectra(redrawn, tokens, every, rngs[3]).leading,
        token_block=single.block,
    )
    return Studied(functions, own)


def _jacobians(
    experts: Sequence[Expert],
    own: JacobianSums,
    tokens: Sequence[Tokens],
    shared: FloatArray,
    layer: int,
    setting: Setting,
) -> _Jacobians:
    """Measure experts, as they are or drawn anew, with the same choice of pairs and tokens."""
    block, rng = setting.block[setting.sequence], setting.sampling.rng
    alike = Tokens(shared, block, setting.sequence, np.ones(len(shared)))
    shared_sums = jacobian_sums(experts, [alike] * len(experts), setting.blocks)[0]
    single = setting.single
    two = [
        cosines_of_two_tokens(experts[number], own_tokens, setting.blocks, rng("two tokens", layer, number))
        for number, own_tokens in enumerate(tokens)
    ]
    return _Jacobians(
        own=_table(own, setting),
        shared=_table(shared_sums, setting),
        at_token=token_cosines(experts, shared[single], block[single], setting.blocks, rng("at token", layer)),
        two_tokens=np.stack(two, axis=1).astype(np.float32),
    )


def _own_tokens(layer: LayerExperts, count: int, block: IntArray) -> list[Tokens]:
    """Kept visits of the first experts."""
    found = []
    for number in range(count):
        some = layer.kept_token[number] >= 0
        sequence = layer.kept_sequence[number, some].astype(np.int64)
        states, weight = layer.inputs.kept[number, some], layer.kept_weight[number, some]
        found.append(Tokens(states, block[sequence], sequence, weight))
    return found


def _table(sums: JacobianSums, setting: Setting) -> FloatArray:
    return products(sums, device=setting.device).astype(np.float32)


def _mismatch(layer: LayerExperts, experts: Sequence[Expert]) -> str:
    """Why these cannot be the experts of that layer, or ""."""
    states, count = layer.sample.shape[1], len(layer.visits)
    if not 1 <= len(experts) <= count:
        return f"{len(experts)} experts were read where {count} are chosen among"
    width = experts[0].gate.shape[1]
    if width != states:
        return f"its experts are {width} wide, and the states that were captured {states}"
    return ""
