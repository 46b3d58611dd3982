"""Planted routers: linear or not, near logits, same experts, tight bounds, necessity."""

import numpy as np
import pytest

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.router.test_geo_fig01_linear_router import test_router_linearity as router_linearity
from claims.router.test_geo_fig01_linear_router import test_sufficiency_bound as sufficiency_bound
from claims.router.test_geo_fig01_same_experts import test_sufficiency_topk as sufficiency_topk
from claims.router.test_geo_fig13_tightness import test_bound_tightness as bound_tightness
from claims.router.test_geo_prop1_necessity import test_necessity_full_space as necessity_full_space
from claims.router.test_geo_prop1_necessity import test_necessity_row_space as necessity_row_space
from claims.tests.support.verdicts import SAMPLING, two_layers, verdict
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.


def test_linear_router_is_supported() -> None:
    assert verdict(router_linearity, trace=two_layers(World(), 0), thresholds={}) == Verdict.SUPPORTED


def test_logits_that_no_affine_map_explains_are_refuted_with_a_certificate() -> None:
    world = World()
    rng = np.random.default_rng(0)
    hidden, weight = world.normal(rng), world.router(rng)
    trace = planted_trace(world, [hidden], [weight], logits=[np.tanh(2 * hidden @ weight.T)])
    finding = router_linearity(trace=trace, thresholds={})
    assert verdict(router_linearity, trace=trace, thresholds={}) == Verdict.REFUTED
    assert finding.counterexample is not None


def test_claims_that_need_linearity_are_not_applicable_to_another_router() -> None:
    trace = two_layers(World(), 0, linear=False)
    with pytest.raises(NotApplicable, match=r"residual of 0\.5"):
        sufficiency_bound(trace=trace, sampling=SAMPLING)


def test_bound_is_supported_for_a_linear_router() -> None:
    assert verdict(sufficiency_bound, trace=two_layers(World(), 1), sampling=SAMPLING) == Verdict.SUPPORTED


def test_bound_is_refuted_when_logits_stretch_further_than_the_router_can() -> None:
    world = World()
    rng = np.random.default_rng(1)
    hidden, weight = world.normal(rng), world.router(rng)
    trace = planted_trace(world, [hidden], [weight], logits=[9 * hidden @ weight.T])
    finding = sufficiency_bound(trace=trace, sampling=SAMPLING)
    assert verdict(sufficiency_bound, trace=trace, sampling=SAMPLING) == Verdict.REFUTED
    assert finding.counterexample is not None


def test_bound_is_vacuous_for_a_router_that_says_nothing() -> None:
    world = World()
    rng = np.random.default_rng(1)
    trace = planted_trace(world, [world.normal(rng)], [np.zeros((world.experts, world.width))])
    assert verdict(sufficiency_bound, trace=trace, sampling=SAMPLING) == Verdict.VACUOUS


def clustered(world: World, rng: np.random.Generator, spread: float = 0.15) -> np.ndarray:
    """Tokens around a few centres, so that near pairs are really near."""
    centres = rng.standard_normal((10, world.width))
    return np.asarray(centres[rng.integers(0, 10, world.tokens)] + spread * world.normal(rng))


@pytest.mark.parametrize("score", ["identity", "sigmoid"])
def test_same_experts_supported_for_clustered_tokens(score: str) -> None:
    world = World()
    rng = np.random.default_rng(2)
    trace = planted_trace(world, [clustered(world, rng)], [world.router(rng)], score=score)
    assert verdict(sufficiency_topk, trace=trace, sampling=SAMPLING) == Verdict.SUPPORTED


def test_same_experts_refuted_when_the_model_chooses_at_random() -> None:
    world = World()
    rng = np.random.default_rng(2)
    chosen = np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(world.tokens)])
    trace = planted_trace(world, [clustered(world, rng)], [world.router(rng)], experts=[chosen])
    assert verdict(sufficiency_topk, trace=trace, sampling=SAMPLING) == Verdict.REFUTED


def same_experts_null(seed: int) -> Verdict:
    world = World()
    rng = np.random.default_rng(seed)
    chosen = np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(world.tokens)])
    trace = planted_trace(world, [world.normal(rng)], [world.router(rng)], experts=[chosen])
    return verdict(sufficiency_topk, trace=trace, sampling=Sampling(seed, 199))


def flat_data(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Data in a plane that the router's leading direction does not see."""
    weight = world.router(rng)
    _, _, directions = np.linalg.svd(weight)
    weight = weight + 6 * np.outer(rng.standard_normal(world.experts), directions[-1]) / np.sqrt(world.experts)
    plane = directions[2:6]
    return rng.standard_normal((world.tokens, 4)) @ plane, weight


def test_tightness_supported_for_flat_data() -> None:
    world = World()
    hidden, weight = flat_data(world, np.random.default_rng(3))
    trace = planted_trace(world, [hidden], [weight])
    assert verdict(bound_tightness, trace=trace, sampling=SAMPLING) == Verdict.SUPPORTED


def test_tightness_refuted_for_isotropic_data() -> None:
    assert verdict(bound_tightness, trace=two_layers(World(), 3), sampling=SAMPLING) == Verdict.REFUTED


def tightness_null(seed: int) -> Verdict:
    world = World(sequences=12, length=5, width=16)
    return verdict(bound_tightness, trace=two_layers(world, seed), sampling=Sampling(seed, 199))


def test_full_space_necessity_refuted_with_a_certificate_when_experts_are_fewer_than_dimensions() -> None:
    trace = two_layers(World(), 4)
    finding = necessity_full_space(trace=trace, sampling=SAMPLING)
    assert verdict(necessity_full_space, trace=trace, sampling=SAMPLING) == Verdict.REFUTED
    assert finding.counterexample is not None


def test_full_space_necessity_supported_when_the_router_has_no_kernel() -> None:
    world = World(width=6, experts=12)
    rng = np.random.default_rng(4)
    weight = np.linalg.qr(rng.standard_normal((world.experts, world.width)))[0]
    trace = planted_trace(world, [world.normal(rng)], [weight])
    assert verdict(necessity_full_space, trace=trace, sampling=SAMPLING) == Verdict.SUPPORTED


@pytest.mark.parametrize("similarity", ["distance", "cosine"])
def test_row_space_necessity_supported_for_a_linear_router(similarity: str) -> None:
    trace = two_layers(World(width=40), 5)
    arguments = {"trace": trace, "variant": {"similarity": similarity}, "sampling": SAMPLING}
    assert verdict(necessity_row_space, **arguments) == Verdict.SUPPORTED


def test_row_space_necessity_refuted_when_logits_are_nearer_than_the_row_space_allows() -> None:
    world = World()
    rng = np.random.default_rng(5)
    hidden, weight = world.normal(rng), world.router(rng)
    trace = planted_trace(world, [hidden], [weight], logits=[0.05 * hidden @ weight.T])
    arguments = {"trace": trace, "variant": {"similarity": "distance"}, "sampling": SAMPLING}
    assert verdict(necessity_row_space, **arguments) == Verdict.REFUTED


def row_space_null(seed: int) -> Verdict:
    world = World(width=40)
    rng = np.random.default_rng(seed)
    chosen = np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(world.tokens)])
    trace = planted_trace(world, [world.normal(rng)], [world.router(rng)], experts=[chosen])
    return verdict(necessity_row_space, trace=trace, variant={"similarity": "distance"}, sampling=Sampling(seed, 199))
