"""The suite verified: each claim is supported, refuted or vacuous where mathematics says so, and seldom wrong.

Every planted case builds a synthetic trace with known truth and asks for the claim's verdict. The null draws
count how often a claim is called supported in a world where it is not.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claims.claim import claim_of
from claims.finding import Finding, NotApplicable
from claims.judge import judge
from claims.sampling import Sampling
from claims.test_geo_fig01_linear_router import test_router_linearity as router_linearity
from claims.test_geo_fig01_linear_router import test_sufficiency_bound as sufficiency_bound
from claims.test_geo_fig01_same_experts import test_sufficiency_topk as sufficiency_topk
from claims.test_geo_fig03_confidence import test_ood_confidence as ood_confidence
from claims.test_geo_fig05_sequences import test_sequence_similarity as sequence_similarity
from claims.test_geo_fig13_tightness import test_bound_tightness as bound_tightness
from claims.test_geo_fig24_low_rank import test_low_rank_routing as low_rank_routing
from claims.test_geo_prop1_necessity import test_necessity_full_space as necessity_full_space
from claims.test_geo_prop1_necessity import test_necessity_row_space as necessity_row_space
from claims.test_geo_review_kernel import test_kernel_counterexample as kernel_counterexample
from claims.test_geo_review_kernel import test_kernel_energy as kernel_energy
from claims.verdict import Verdict
from fixtures.kernel_record import KernelMoves, Kind, Move
from fixtures.planted import World, planted_trace
from fixtures.trace import Trace

# The claims are imported under names that pytest does not collect.
SAMPLING = Sampling(seed=1, resamples=499)
DRAWS = 200


def verdict(test: Callable[..., Finding], **arguments: Any) -> Verdict:
    declared = claim_of(test)
    assert declared is not None
    return judge(declared, test(**arguments), {})[0]


def two_layers(world: World, seed: int, **doctored: Any) -> Trace:
    rng = np.random.default_rng(seed)
    hidden = [world.normal(rng) for _ in range(2)]
    return planted_trace(world, hidden, [world.router(rng) for _ in range(2)], **doctored)


def clustered(world: World, rng: np.random.Generator, spread: float = 0.15) -> np.ndarray:
    """Tokens around a few centres, so that near pairs are really near."""
    centres = rng.standard_normal((10, world.width))
    return centres[rng.integers(0, 10, world.tokens)] + spread * world.normal(rng)


# --- router-linearity ----------------------------------------------------------------------------------------


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


# --- sufficiency-bound ---------------------------------------------------------------------------------------


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


# --- sufficiency-topk ----------------------------------------------------------------------------------------


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


# --- bound-tightness -----------------------------------------------------------------------------------------


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


# --- necessity -----------------------------------------------------------------------------------------------


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
    arguments = {"trace": trace, "fork": {"similarity": similarity}, "sampling": SAMPLING}
    assert verdict(necessity_row_space, **arguments) == Verdict.SUPPORTED


def test_row_space_necessity_refuted_when_logits_are_nearer_than_the_row_space_allows() -> None:
    world = World()
    rng = np.random.default_rng(5)
    hidden, weight = world.normal(rng), world.router(rng)
    trace = planted_trace(world, [hidden], [weight], logits=[0.05 * hidden @ weight.T])
    arguments = {"trace": trace, "fork": {"similarity": "distance"}, "sampling": SAMPLING}
    assert verdict(necessity_row_space, **arguments) == Verdict.REFUTED


def row_space_null(seed: int) -> Verdict:
    world = World(width=40)
    rng = np.random.default_rng(seed)
    chosen = np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(world.tokens)])
    trace = planted_trace(world, [world.normal(rng)], [world.router(rng)], experts=[chosen])
    return verdict(necessity_row_space, trace=trace, fork={"similarity": "distance"}, sampling=Sampling(seed, 199))


# --- kernel --------------------------------------------------------------------------------------------------


def moves(*, kernel_changes: float, row_changes: float, output: float, seed: int = 0) -> KernelMoves:
    """Moves over 12 sequences of 8 tokens whose choices change at the given rates."""
    rng = np.random.default_rng(seed)
    sequence = np.repeat(np.arange(12, dtype=np.int32), 8)

    def move(kind: Kind, norm: float, rate: float) -> Move:
        return Move(
            layer=0,
            kind=kind,
            norm=norm,
            sequence=sequence,
            same_experts=rng.random(96) >= rate,
            near_tie=np.zeros(96, dtype=bool),
            weight_change=np.full(96, 1e-7),
            output_change=output * rng.uniform(0.8, 1.2, 96),
            example={"weight": np.eye(2), "hidden": np.ones(2), "moved": np.ones(2)},
        )

    kernel = [move("kernel", norm, kernel_changes) for norm in (0.1, 1.0, 10.0)]
    return KernelMoves(moves=(*kernel, move("row", 1.0, row_changes)), not_applicable={})


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (moves(kernel_changes=0.0, row_changes=0.9, output=0.5), Verdict.SUPPORTED),
        (moves(kernel_changes=0.3, row_changes=0.9, output=0.5), Verdict.REFUTED),
        (moves(kernel_changes=0.0, row_changes=0.9, output=0.01), Verdict.REFUTED),
        (moves(kernel_changes=0.0, row_changes=0.0, output=0.5), Verdict.VACUOUS),
    ],
)
def test_kernel_counterexample(planted: KernelMoves, expected: Verdict) -> None:
    arguments = {"trace": two_layers(World(), 6), "kernel_moves": planted, "sampling": SAMPLING}
    assert verdict(kernel_counterexample, fork={"move": "injected"}, **arguments) == expected


def test_an_impossible_reachable_move_is_not_applicable_with_its_reason() -> None:
    planted = moves(kernel_changes=0.0, row_changes=0.9, output=0.5)
    planted = replace(planted, not_applicable={0: "no norm feeds the block"})
    with pytest.raises(NotApplicable, match="no norm feeds the block"):
        kernel_counterexample(
            trace=two_layers(World(), 6), kernel_moves=planted, fork={"move": "reachable"}, sampling=SAMPLING
        )


def tilted(world: World, seed: int, towards: float) -> Trace:
    """States with energy moved into the row space (towards > 1) or out of it (< 1)."""
    rng = np.random.default_rng(seed)
    weight = world.router(rng)
    basis = np.linalg.svd(weight, full_matrices=False)[2]
    hidden = world.normal(rng)
    return planted_trace(world, [hidden + (towards - 1) * hidden @ basis.T @ basis], [weight])


@pytest.mark.parametrize("of", ["energy", "variance"])
def test_kernel_energy(of: str) -> None:
    for towards, expected in ((2.0, Verdict.SUPPORTED), (0.5, Verdict.REFUTED)):
        trace = tilted(World(), 7, towards)
        assert verdict(kernel_energy, trace=trace, fork={"of": of}, sampling=SAMPLING) == expected


def kernel_energy_null(seed: int) -> Verdict:
    return verdict(kernel_energy, trace=tilted(World(), seed, 1.0), fork={"of": "energy"}, sampling=Sampling(seed, 199))


# --- low-rank-routing ----------------------------------------------------------------------------------------


def settled_first(world: World, rng: np.random.Generator) -> Trace:
    """Experts 0 and 1 lead by a bias and swap along the leading data direction; the third lies in eight weak ones.

    On a token, its weak direction is longer than the leading one, so that a RANDOM projection loses the first
    pair sooner than the third expert: only data directions settle the first expert first.
    """
    weight = np.zeros((world.experts, world.width))
    weight[0, 0], weight[1, 0] = 1.0, -1.0
    weight[2:10, 1:9] = 4 * np.eye(8)
    hidden = 0.02 * world.normal(rng)
    hidden[:, 0] += rng.choice([-1.0, 1.0], world.tokens)
    hidden[np.arange(world.tokens), 1 + rng.integers(0, 8, world.tokens)] += 2.5
    bias = np.array([40.0, 40.0] + [0.0] * (world.experts - 2))
    return planted_trace(world, [hidden], [weight], bias=bias)


def swapped_first(world: World, rng: np.random.Generator) -> Trace:
    """Experts 0 and 1 swap along the weakest data direction; the third is settled by the leading ones."""
    weight = np.zeros((world.experts, world.width))
    weight[0, 8], weight[1, 8] = 1.0, -1.0
    weight[2:10, :8] = 4 * np.eye(8)
    hidden = 0.02 * world.normal(rng)
    hidden[:, 8] += 0.3 * rng.choice([-1.0, 1.0], world.tokens)
    hidden[np.arange(world.tokens), rng.integers(0, 8, world.tokens)] += 2.5
    bias = np.array([40.0, 40.0] + [0.0] * (world.experts - 2))
    return planted_trace(world, [hidden], [weight], bias=bias)


def low_rank(trace: Trace, part: str, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(low_rank_routing, trace=trace, fork={"part": part}, sampling=sampling)


ORDER, FEW = "first expert before the k-th", "few data directions"
WIDE = World(width=24, experts=10, top_k=3)


def test_first_expert_settled_first_is_supported_when_only_data_directions_do_it() -> None:
    assert low_rank(settled_first(WIDE, np.random.default_rng(8)), ORDER) == Verdict.SUPPORTED


def test_first_expert_settled_last_is_refuted() -> None:
    assert low_rank(swapped_first(WIDE, np.random.default_rng(8)), ORDER) == Verdict.REFUTED


def test_first_expert_settled_first_is_vacuous_for_a_random_router_on_isotropic_states() -> None:
    assert low_rank(two_layers(World(sequences=48), 8), ORDER) == Verdict.VACUOUS


def test_few_data_directions_supported_for_flat_data() -> None:
    world = World()
    rng = np.random.default_rng(9)
    hidden = world.normal(rng) * np.geomspace(3, 0.01, world.width)
    assert low_rank(planted_trace(world, [hidden], [world.router(rng)]), FEW) == Verdict.SUPPORTED


def test_few_data_directions_refuted_when_routing_lives_in_the_weakest_ones() -> None:
    world = World(sequences=64)
    rng = np.random.default_rng(9)
    weight = world.router(rng)
    weight[:, :16] = 0.0
    hidden = world.normal(rng) * np.repeat([1.3, 1.0], [16, 8])
    assert low_rank(planted_trace(world, [hidden], [weight]), FEW) == Verdict.REFUTED


def few_directions_null(seed: int) -> Verdict:
    world = World()
    rng = np.random.default_rng(seed)
    trace = planted_trace(world, [world.normal(rng)], [world.router(rng)])
    others = world.normal(rng)  # directions of other isotropic tokens: those of the same ones do fit them a little
    layer = replace(trace.layers[0], second_moment=others.T @ others / len(others))
    return low_rank(replace(trace, layers=(layer,)), FEW, Sampling(seed, 199))


# --- ood-confidence ------------------------------------------------------------------------------------------


def louder(world: World, seed: int, gain: float) -> dict[str, Trace]:
    """Original text whose row-space part is ``gain`` times that of scrambled text; everything else alike."""
    rng = np.random.default_rng(seed)
    weight = [world.router(rng) for _ in range(4)]

    def read(factor: float, noise: np.random.Generator) -> Trace:
        hidden = []
        for matrix in weight:
            basis = np.linalg.svd(matrix, full_matrices=False)[2]
            states = world.normal(noise)
            hidden.append(states + (factor - 1) * states @ basis.T @ basis)
        return planted_trace(world, hidden, weight)

    original = read(gain, rng)
    return {
        "trace": original,
        "again": original,
        "shuffled": read(1.0, rng),
        "reversed_order": read(1.0, rng),
    }


FORK = {"against": "shuffled", "confidence": "softmax"}


@pytest.mark.parametrize(("gain", "expected"), [(1.6, Verdict.SUPPORTED), (0.6, Verdict.REFUTED)])
def test_ood_confidence(gain: float, expected: Verdict) -> None:
    assert verdict(ood_confidence, **louder(World(), 10, gain), fork=FORK, sampling=SAMPLING) == expected


def test_own_weights_are_not_applicable_to_a_softmax_router() -> None:
    fork = {"against": "shuffled", "confidence": "own weight"}
    with pytest.raises(NotApplicable, match="sigmoid"):
        ood_confidence(**louder(World(), 10, 1.6), fork=fork, sampling=SAMPLING)


def confidence_null(seed: int) -> Verdict:
    return verdict(ood_confidence, **louder(World(), seed, 1.0), fork=FORK, sampling=Sampling(seed, 199))


# --- sequence-similarity -------------------------------------------------------------------------------------


def topical(world: World, seed: int, pull: float) -> Trace:
    """Tokens point at experts drawn from their sequence's topic; ``pull`` 0 gives every sequence the same topic.

    Two corpora have base topics of their own, so that pairs across them lie lower.
    """
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.dirichlet(np.full(world.experts, 0.5), 2), world.sequences // 2, axis=0)
    own = np.stack([rng.dirichlet(20 * row / row.sum() + 0.05) for row in base])
    topic = pull * own + (1 - pull) / world.experts
    drawn = np.concatenate([rng.choice(world.experts, world.length, p=row) for row in topic])
    hidden = np.eye(world.experts)[drawn] + 0.05 * rng.standard_normal((world.tokens, world.experts))
    return planted_trace(world, [hidden], [np.eye(world.experts)], corpora=2)


LONG = World(sequences=40, length=48, width=8, experts=8, top_k=1)


def test_sequence_similarity_supported_for_topical_sequences() -> None:
    assert verdict(sequence_similarity, trace=topical(LONG, 11, 1.0), sampling=SAMPLING) == Verdict.SUPPORTED


def test_sequence_similarity_refuted_when_experts_are_chosen_at_random() -> None:
    rng = np.random.default_rng(11)
    trace = topical(LONG, 11, 1.0)
    chosen = np.stack([rng.permutation(LONG.experts)[: LONG.top_k] for _ in range(LONG.tokens)])
    layer = trace.layers[0]
    doctored = planted_trace(
        LONG, [layer.hidden.astype(np.float64)], [layer.router.weight.astype(np.float64)], experts=[chosen], corpora=2
    )
    assert verdict(sequence_similarity, trace=doctored, sampling=SAMPLING) == Verdict.REFUTED


def similarity_null(seed: int) -> Verdict:
    return verdict(sequence_similarity, trace=topical(LONG, seed, 0.0), sampling=Sampling(seed, 199))


# --- how often the suite is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "null",
    [
        same_experts_null,
        tightness_null,
        row_space_null,
        kernel_energy_null,
        few_directions_null,
        confidence_null,
        similarity_null,
    ],
    ids=lambda null: null.__name__.removesuffix("_null"),
)
def test_false_support_stays_below_five_percent(null: Callable[[int], Verdict]) -> None:
    supported = sum(null(seed) == Verdict.SUPPORTED for seed in range(DRAWS))
    assert supported <= 0.05 * DRAWS, f"{supported} of {DRAWS} null draws were called supported"
