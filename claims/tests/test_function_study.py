"""Product tables, cosines and spectra of a layer's experts against Jacobians that are formed one by one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from claims.function_grams import products
from claims.function_study import study_functions
from claims.function_sums import Tokens, jacobian_sums
from claims.function_trace import FloatArray, FunctionTrace, IntArray, LayerFunctions
from claims.redrawn_experts import RedrawnExperts
from claims.sampling import Sampling
from claims.tests.planted_visits import Visits, planted_layer, planted_router, planted_visits
from fixtures.evidence_store import load_evidence, save_evidence
from fixtures.expert_trace import ExpertTrace, LayerExperts
from metrics.arrays import Float64Array
from metrics.expert import Expert, OutputNorm, expert_output, local_jacobians
from metrics.expert_jacobian import jacobians
from metrics.gate_slope import gate_and_slope
from metrics.gated_unit import activation, gated_unit

WIDTH, HIDDEN, EXPERTS, SEQUENCES, LENGTH, KEPT = 6, 5, 4, 7, 6, 8


def drawn_experts(count: int = EXPERTS, width: int = WIDTH, hidden: int = HIDDEN, norm: bool = False) -> list[Expert]:
    """Experts with biases, and with an output norm if asked for."""
    rng = np.random.default_rng(3)
    gains = OutputNorm(rng.random(width) + 0.5, rng.random(width) + 0.5, 1e-3) if norm else None
    return [
        Expert(
            gate=rng.standard_normal((hidden, width)),
            up=rng.standard_normal((hidden, width)),
            down=rng.standard_normal((width, hidden)),
            unit=gated_unit(activation("silu")),
            gate_bias=rng.standard_normal(hidden),
            up_bias=rng.standard_normal(hidden),
            down_bias=rng.standard_normal(width),
            norm=gains,
        )
        for _ in range(count)
    ]


def without_up(expert: Expert) -> Expert:
    """The same without U, and with another activation."""
    return replace(expert, up=None, up_bias=None, unit=gated_unit(activation("gelu")))


def visits_of(experts: int, layer: int = 0) -> Visits:
    return planted_visits(np.random.default_rng([7, layer]), experts, WIDTH, SEQUENCES, LENGTH)


def trace_of(layers: Sequence[LayerExperts]) -> ExpertTrace:
    return ExpertTrace(
        checkpoint={"name": "planted"},
        population={"name": "planted"},
        lengths=np.full(SEQUENCES, LENGTH, dtype=np.int64),
        corpus=np.zeros(SEQUENCES, dtype=np.int16),
        corpora=("one",),
        documents=tuple(str(number) for number in range(SEQUENCES)),
        sample=np.arange(SEQUENCES * LENGTH, dtype=np.int64),
        layers=tuple(layers),
    )


def layer_of(experts: Sequence[Expert], number: int = 0, choices: int | None = None) -> LayerExperts:
    """A captured layer; ``choices`` of its router, of which the first are the experts."""
    visits = visits_of(choices or len(experts), number)
    beyond = [replace(experts[0], down=np.zeros_like(experts[0].down))] * ((choices or 0) - len(experts))
    return planted_layer(number, visits, [*experts, *beyond], KEPT, np.random.default_rng(number))


def studied(experts: Sequence[Expert], *, gate: bool = False) -> tuple[LayerExperts, FunctionTrace]:
    layer = layer_of(experts)
    routers = {0: planted_router(0, visits_of(len(experts)))} if gate else None
    return layer, study_functions(trace_of([layer]), {0: experts}, routers, seed=1)


def own_jacobians(expert: Expert, layer: LayerExperts, number: int) -> Float64Array:
    some = layer.kept_token[number] >= 0
    return jacobians(expert, local_jacobians(expert, layer.inputs.kept[number, some]))


def formed_table(
    blocks: IntArray, layer: LayerExperts, own: Sequence[Float64Array], weights: Sequence[FloatArray]
) -> Float64Array:
    """Products of summed Jacobians, from Jacobians at the kept visits of each expert."""
    count = int(blocks.max()) + 1
    sums = np.zeros((len(own), count, *own[0].shape[1:]))
    for number, found in enumerate(own):
        sequence = layer.kept_sequence[number, layer.kept_token[number] >= 0]
        for jacobian, weight, place in zip(found, weights[number], blocks[sequence], strict=True):
            sums[number, place] += weight * jacobian
    return np.asarray(np.einsum("ibde,jcde->ibjc", sums, sums))


def cosine(one: Float64Array, other: Float64Array) -> float:
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def mean_cosines(table: FloatArray) -> FloatArray:
    """Cosines of different experts' mean Jacobians, from a product table."""
    whole = table.sum(axis=(1, 3)).astype(np.float64)
    size = np.sqrt(np.diagonal(whole))
    return np.asarray((whole / size[:, None] / size)[np.triu_indices(len(whole), 1)])


FORMS = {
    "plain": drawn_experts(),
    "norm": drawn_experts(norm=True),
    "no up": [without_up(expert) for expert in drawn_experts()],
}


@pytest.mark.parametrize("form", FORMS)
def test_product_tables_are_those_of_formed_jacobians(form: str) -> None:
    experts = FORMS[form]
    layer, trace = studied(experts)
    found = trace.layers[0]
    own = [own_jacobians(expert, layer, number) for number, expert in enumerate(experts)]
    ones = [np.ones(len(each)) for each in own]
    weights = [layer.kept_weight[number, layer.kept_token[number] >= 0] for number in range(EXPERTS)]
    for table, each in ((found.own, ones), (found.weighted, weights)):
        expected = formed_table(trace.blocks, layer, own, each)
        np.testing.assert_allclose(table, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert found.own.dtype == np.float32
    assert found.visits.sum(axis=1).tolist() == layer.kept.tolist()


def test_the_shared_table_is_over_all_sampled_tokens() -> None:
    experts = FORMS["norm"]
    layer, trace = studied(experts)
    block = trace.blocks[np.repeat(np.arange(SEQUENCES), LENGTH)]
    every = np.stack([jacobians(expert, local_jacobians(expert, layer.sample)) for expert in experts])
    sums = np.stack([every[:, block == number].sum(axis=1) for number in range(block.max() + 1)], axis=1)
    expected = np.einsum("ibde,jcde->ibjc", sums, sums)
    np.testing.assert_allclose(trace.layers[0].shared, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("form", FORMS)
def test_the_gated_table_has_the_gradient_of_the_gate(form: str) -> None:
    experts = FORMS[form]
    layer, trace = studied(experts, gate=True)
    visits = visits_of(EXPERTS)
    own = []
    for number, expert in enumerate(experts):
        token = layer.kept_token[number, layer.kept_token[number] >= 0]
        states = visits.states[token]
        logits = states @ visits.router.T
        gate = gate_and_slope(logits, visits.chosen[token], visits.router, number, "softmax over top-k")
        own.append(jacobians(expert, local_jacobians(expert, states, gate)))
    expected = formed_table(trace.blocks, layer, own, [np.ones(len(each)) for each in own])
    table = trace.layers[0].gated
    assert table is not None
    np.testing.assert_allclose(table, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_products_do_not_depend_on_the_memory_that_they_take() -> None:
    experts = FORMS["norm"]
    layer, trace = studied(experts)
    states = layer.sample
    block = trace.blocks[np.repeat(np.arange(SEQUENCES), LENGTH)]
    tokens = Tokens(states, block, block, np.ones(len(states)))
    sums = jacobian_sums(experts, [tokens] * EXPERTS, SEQUENCES)[0]
    whole, parts = products(sums), products(sums, stack_bytes=1)
    np.testing.assert_allclose(parts, whole, rtol=1e-10, atol=1e-10 * np.abs(whole).max())
    np.testing.assert_allclose(products(sums, sums.together)[..., 0], whole.sum(axis=3), rtol=1e-8)


def test_products_in_single_precision_are_those_in_double(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = studied(FORMS["norm"])[1].layers[0]
    monkeypatch.setattr("claims.function_grams.precision", lambda device: torch.float32)
    single = studied(FORMS["norm"])[1].layers[0]
    for name in ("own", "shared"):
        one, other = getattr(exact, name), getattr(single, name)
        assert not np.array_equal(one, other)
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5 * np.abs(one).max())


def test_cosines_at_a_token_and_between_two() -> None:
    experts = FORMS["plain"]
    layer, trace = studied(experts)
    found = trace.layers[0]
    every = np.stack([jacobians(expert, local_jacobians(expert, layer.sample)) for expert in experts])
    block = trace.blocks[np.repeat(np.arange(SEQUENCES), LENGTH)]
    for number in range(SEQUENCES):
        at = [cosine(one, other) for one, other in zip(*every[:2, block == number], strict=True)]
        assert found.at_token.signed[number, 0, 1] == pytest.approx(np.mean(at), abs=1e-5)
        assert found.at_token.absolute[number, 1, 0] == pytest.approx(np.abs(at).mean(), abs=1e-5)
    assert found.at_token.tokens.tolist() == [LENGTH] * SEQUENCES
    assert np.isnan(np.diagonal(found.at_token.signed, axis1=1, axis2=2)).all()
    assert "all 6 pairs" in found.at_token.method
    own, sequence = own_jacobians(experts[0], layer, 0), layer.kept_sequence[0, layer.kept_token[0] >= 0]
    pairs = [(i, j) for i in range(len(own)) for j in range(len(own)) if sequence[i] != sequence[j]]
    assert len(pairs) <= 64
    for number in np.unique(trace.blocks[sequence]):
        here = [cosine(own[i], own[j]) for i, j in pairs if trace.blocks[sequence[i]] == number]
        assert found.two_tokens[number, 0] == pytest.approx(np.mean(here), abs=1e-5)


def test_outputs_are_centred_and_add_up_to_the_covariance() -> None:
    experts = FORMS["norm"]
    layer, trace = studied(experts)
    outputs = np.stack([expert_output(expert, layer.sample) for expert in experts])
    outputs -= outputs.mean(axis=1, keepdims=True)
    found = trace.layers[0].outputs
    assert found.shape == (SEQUENCES, EXPERTS, EXPERTS)
    np.testing.assert_allclose(found.sum(axis=0), np.einsum("ind,jnd->ij", outputs, outputs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("formed", [True, False])
def test_spectra_are_those_of_formed_jacobians(formed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not formed:
        monkeypatch.setattr("claims.function_spectra.FORMED", 0)
    monkeypatch.setattr("claims.function_spectra.LEADING", 3)
    experts = FORMS["norm"]
    layer, trace = studied(experts)
    found, anew = trace.layers[0], RedrawnExperts(experts, layer.layer, Sampling(1))
    singles = []
    for number, expert in enumerate(experts):
        own = own_jacobians(expert, layer, number)
        expected = np.linalg.svd(own.mean(axis=0), compute_uv=False)[:3]
        np.testing.assert_allclose(found.leading[number], expected, rtol=1e-4)
        redrawn = own_jacobians(anew[number], layer, number).mean(axis=0)
        expected = np.linalg.svd(redrawn, compute_uv=False)[:3]
        np.testing.assert_allclose(found.redrawn_leading[number], expected, rtol=1e-4, atol=1e-7)
        singles += list(np.linalg.svd(own, compute_uv=False)[:, 0])
    assert found.token_leading.shape == (len(found.token_block), 3)
    nearest = np.abs(found.token_leading[:, :1] - np.array(singles)).min(axis=1)
    np.testing.assert_allclose(nearest, 0.0, atol=1e-4 * max(singles))


def test_the_next_layer_is_the_next_that_was_read() -> None:
    first, last = FORMS["plain"], drawn_experts(count=3, hidden=7)
    layers = [layer_of(first, 0), layer_of(first, 1), layer_of(last, 2)]
    trace = study_functions(trace_of(layers), {0: first, 1: "its experts are a riddle", 2: last}, seed=1)
    means = [
        [own_jacobians(expert, layers[layer], number).mean(axis=0) for number, expert in enumerate(experts)]
        for layer, experts in ((0, first), (2, last))
    ]
    expected = [[cosine(one, other) for other in means[1]] for one in means[0]]
    np.testing.assert_allclose(trace.layers[0].next_layer, expected, atol=1e-5)
    assert trace.layers[2].next_layer.shape == (3, 0)
    unread = trace.layers[1]
    assert unread.note == "its experts are a riddle"
    assert trace.readable == (trace.layers[0], trace.layers[2])
    assert unread.own.shape == (0, SEQUENCES, 0, SEQUENCES)
    assert unread.at_token.signed.shape == (SEQUENCES, 0, 0)
    assert unread.leading.shape[0] == unread.token_leading.shape[0] == len(unread.token_block) == 0


def test_copies_are_alike_at_shared_tokens_whatever_their_scale() -> None:
    first = drawn_experts()[0]
    experts = [replace(first, down=size * first.down) for size in (1.0, 3.0, 0.1)]
    found = studied(experts)[1].layers[0]
    np.testing.assert_allclose(mean_cosines(found.shared), 1.0, atol=1e-5)
    off = np.triu_indices(len(experts), 1)
    np.testing.assert_allclose(found.at_token.signed[:, off[0], off[1]], 1.0, atol=1e-5)
    assert np.abs(mean_cosines(found.redrawn_shared)).max() < 0.9


def test_a_single_expert_has_no_pair_and_everything_else() -> None:
    found = studied(drawn_experts(count=1))[1].layers[0]
    assert not found.note
    assert found.own.shape == (1, SEQUENCES, 1, SEQUENCES)
    assert found.at_token.method == "one expert has no pair"
    assert np.isfinite(found.leading).all()
    assert len(found.token_leading) == KEPT


def test_an_expert_without_visits_is_zero_in_tables_and_unknown_elsewhere() -> None:
    experts = FORMS["plain"]
    layer = layer_of(experts)
    token, sequence, visits = layer.kept_token.copy(), layer.kept_sequence.copy(), layer.visits.copy()
    token[2], sequence[2], visits[2] = -1, -1, 0
    idle = replace(layer, kept_token=token, kept_sequence=sequence, visits=visits)
    found = study_functions(trace_of([idle, replace(layer, layer=1)]), dict.fromkeys((0, 1), experts), seed=1).layers[0]
    assert found.visits[2].sum() == 0
    assert not found.own[2].any()
    assert np.isnan(found.leading[2]).all()
    assert np.isnan(found.two_tokens[:, 2]).all()
    assert np.isnan(found.next_layer[2]).all()
    others = [0, 1, 3]
    assert np.isfinite(found.own).all()
    assert np.isfinite(found.next_layer[others]).all()
    assert np.isfinite(found.leading[others]).all()
    assert found.shared[2].any()


def test_a_dead_expert_has_no_cosine() -> None:
    experts = [*FORMS["plain"][:3], replace(FORMS["plain"][3], down=np.zeros((WIDTH, HIDDEN)))]
    found = studied(experts)[1].layers[0]
    assert not found.note
    assert not found.own[3].any()
    assert (found.leading[3] == 0).all()
    assert np.isnan(found.at_token.signed[:, 3]).all()
    assert np.isnan(found.two_tokens[:, 3]).all()


def test_choices_beyond_the_experts_are_left_out() -> None:
    experts = FORMS["plain"][:3]
    layer = layer_of(experts, choices=5)
    found = study_functions(trace_of([layer]), {0: experts}, {0: planted_router(0, visits_of(5))}, seed=1).layers[0]
    assert found.own.shape[0] == found.outputs.shape[1] == len(found.leading) == 3
    assert found.gated is not None


@pytest.mark.parametrize(
    ("experts", "reason"),
    [
        (drawn_experts(count=5), "5 experts were read where 4 are chosen among"),
        (drawn_experts(width=9), "its experts are 9 wide, and the states that were captured 6"),
        ([replace(drawn_experts()[0], down=np.full((WIDTH, HIDDEN), np.inf))] * 4, "are not finite"),
    ],
)
def test_experts_that_cannot_be_the_layer_s_are_a_note(experts: list[Expert], reason: str) -> None:
    trace = study_functions(trace_of([layer_of(FORMS["plain"])]), {0: experts}, seed=1)
    assert reason in trace.layers[0].note
    assert not trace.readable


def same(one: LayerFunctions, other: LayerFunctions) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("own", "redrawn_own", "redrawn_shared", "redrawn_two_tokens", "token_leading", "outputs")
    )


def test_a_study_is_the_same_each_time_and_can_be_saved(tmp_path: Path) -> None:
    one, other = studied(FORMS["norm"])[1], studied(FORMS["norm"])[1]
    assert same(one.layers[0], other.layers[0])
    folder = tmp_path / "functions"
    save_evidence(folder, one)
    assert same(load_evidence(folder, FunctionTrace).layers[0], one.layers[0])
