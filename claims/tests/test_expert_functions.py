"""Experts of real architectures: the closed form against automatic differentiation of the model's own module."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, model_type_to_module_name
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from claims.expert_functions import ExpertFunctions, unit_of
from fixtures import tiny_models
from fixtures.architectures.tiny_config import EXTRA
from fixtures.dense_experts import read_dense_experts
from fixtures.dense_sites import find_dense_layers
from fixtures.discovery import find_moe_layers
from fixtures.expert_calls import watch_experts
from fixtures.expert_weights import UnreadableExperts, read_experts
from fixtures.gated_experts import GatedExperts, OutputNorm, expert_output
from fixtures.gating import Gating
from fixtures.router_card import read_routers
from fixtures.router_site import RouterSite
from fixtures.single_experts import Ask, asking
from metrics.arrays import Float64Array
from metrics.expert import expert_output as numpy_output
from metrics.expert import local_jacobians
from metrics.expert_jacobian import jacobians
from metrics.gated_unit import activation

EXACT = 1e-8  # relative, in float64


def families() -> list[str]:
    """Every third causal language model whose source has experts, and those that tiny models know by name."""
    root = Path(transformers.__file__).parent / "models"

    def has_experts(kind: str) -> bool:
        module = model_type_to_module_name(kind)
        source = root / module / f"modeling_{module}.py"
        return source.exists() and "Experts(nn.Module" in source.read_text(encoding="utf-8")

    kinds = [kind for kind in sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) if has_experts(kind)]
    plain = [kind for kind in kinds if not CONFIG_MAPPING[kind].sub_configs]
    return sorted({*plain[1::3], *EXTRA} & {*kinds})


def own_jacobians(ask: Ask, states: torch.Tensor, expert: int) -> Float64Array:
    """Jacobians (N, D, D) of what the model's module computes when every token goes to one expert."""
    chosen = torch.full((len(states),), expert)
    # No token's output depends on another token, so that the sum over tokens has the same Jacobians.
    jacobian: Any = torch.autograd.functional.jacobian
    found = jacobian(lambda x: ask(x, chosen).sum(dim=0), states)
    return np.asarray(found.transpose(0, 1).numpy())


def last_layer(kind: str) -> tuple[Any, RouterSite]:
    """A tiny model in float64 and its last router."""
    model: Any = tiny_models.tiny_model(kind).double()
    model.set_experts_implementation("eager")  # the grouped products have no float64
    return model, read_routers(model, find_moe_layers(model)[-1:])[0]


def largest_error(model: Any, card: RouterSite) -> float:
    """Largest relative error over the first and last expert of a layer."""
    (experts,) = read_experts(model, [card])
    functions = ExpertFunctions(experts)
    call = watch_experts(model, [card.site])[experts.path]
    way = asking(model.get_submodule(experts.path), call, len(card.router.weight))
    assert way is not None
    states = torch.randn(3, experts.width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    errors = []
    for number in (0, experts.count - 1):
        expected = own_jacobians(way.ask, states, number)
        found = jacobians(functions[number], local_jacobians(functions[number], states.numpy()))
        errors.append(np.abs(found - expected).max() / np.abs(expected).max())
    return float(max(errors))


def test_jacobians_of_many_families_are_those_of_their_own_modules() -> None:
    errors: dict[str, float] = {}
    missing: dict[str, str] = {}
    for kind in families():
        try:
            model, card = last_layer(kind)
        except Exception as reason:  # a tiny model of this kind cannot be made, or does not run in float64
            missing[kind] = str(reason)
            continue
        if card.site.experts is None:
            with pytest.raises(UnreadableExperts, match="no module beside the router holds the experts"):
                read_experts(model, [card])
        else:
            errors[kind] = largest_error(model, card)
    assert len(errors) >= 12, missing
    assert {kind: error for kind, error in errors.items() if not error <= EXACT} == {}


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gemma3_text", "phi3", "gpt2", "phi", "nemotron"])
def test_the_jacobian_of_a_dense_mlp_is_that_of_its_module(kind: str) -> None:
    model: Any = tiny_models.tiny_model(kind).double()
    (experts,) = read_dense_experts(model, find_dense_layers(model)[-1:])
    (function,) = ExpertFunctions(experts)
    mlp = model.get_submodule(experts.path)
    states = torch.randn(5, experts.width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([torch.func.jacrev(lambda h: mlp(h[None, None])[0, 0])(x) for x in states]).detach().numpy()
    found = jacobians(function, local_jacobians(function, states.numpy()))
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, rtol=EXACT, atol=EXACT * np.abs(expected).max())


def planted(gating: Gating, norm: OutputNorm | None = None, is_gated: bool = True) -> GatedExperts:
    """Two experts of width 5 on 4 dimensions."""
    random = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(2, *shape, generator=random, dtype=torch.float64)

    return GatedExperts(
        "experts", 0, drawn(5, 4), drawn(5, 4) if is_gated else None, drawn(4, 5), drawn(5),
        drawn(5) if is_gated else None, drawn(4), gating, norm, "routed", 0.0,
    )  # fmt: skip


GAINS = tuple(torch.linspace(0.5, 1.5, 4, dtype=torch.float64) * size for size in (1, 2))
FORMS = {
    "plain": planted(Gating("silu")),
    "not gated": planted(Gating("relu2"), is_gated=False),
    "limits": planted(Gating("silu", 1.702, gate_max=0.5, up_limit=0.7, up_shift=1.0)),
    "late limit": planted(Gating("gelu_tanh", act_max=0.3, up_limit=0.7)),
    "own": planted(Gating("own", own=lambda g, u: torch.sin(g) * torch.tanh(u))),
    "norm": planted(Gating("gelu"), OutputNorm(GAINS, None, 1e-4)),
    "norm of its own": planted(Gating("silu"), OutputNorm(None, GAINS, 1e-4)),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_functions_are_the_experts(form: str) -> None:
    experts = FORMS[form]
    functions = ExpertFunctions(experts)
    x = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert len(functions) == 2
    for number, function in enumerate(functions):
        expected = expert_output(experts, number, x)
        np.testing.assert_allclose(numpy_output(function, x.numpy()), expected.numpy(), rtol=1e-10, atol=1e-12)
        slopes = torch.func.vmap(torch.func.jacrev(lambda h, e=number: expert_output(experts, e, h[None])[0]))(x)
        found = jacobians(function, local_jacobians(function, x.numpy()))
        np.testing.assert_allclose(found, slopes.numpy(), rtol=EXACT, atol=EXACT)


def test_some_or_all_experts_may_be_asked_for() -> None:
    functions = ExpertFunctions(FORMS["plain"])
    np.testing.assert_array_equal(functions[1:][0].gate, functions[-1].gate)
    with pytest.raises(IndexError):
        functions[2]


def test_both_packages_name_the_same_activations() -> None:
    from fixtures.gating import ACTIVATIONS

    grid = torch.linspace(-5, 5, 40, dtype=torch.float64)
    for name, function in ACTIVATIONS.items():
        np.testing.assert_allclose(activation(name).value(grid.numpy()), function(grid).numpy(), rtol=1e-12, atol=1e-14)
    assert math.isinf(Gating("silu").gate_max)
    assert unit_of(Gating("linear", up_limit=1.0)).value(np.ones(1), 2 * np.ones(1)).tolist() == [1.0]
