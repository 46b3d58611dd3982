"""Subspace readings of planted experts: known angles, replicates against a direct computation, what is left out."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from claims.function_blocks import blocks_of_trace
from claims.sampling import Sampling
from claims.subspace_drawn import sample_of, with_load
from claims.subspace_lead import lead_over_drawn, lower_end, luck_of_draw, overlap_above_chance
from claims.subspace_replicates import PAIRS, Groups, distances, overlap_table, some_pairs
from claims.subspace_side import random_partition
from claims.subspace_study import study_subspaces
from claims.subspace_trace import Reading, SubspaceTrace
from claims.tests.planted_subspaces import (
    Tokens,
    World,
    alike,
    cut_at_random,
    expert_trace,
    partly_overlapping,
    rotated,
)
from fixtures.dataclass_json import decode, encode
from fixtures.expert_trace import ExpertTrace
from metrics.expert import Expert, expert_output
from metrics.gated_unit import activation, gated_unit
from metrics.grassmann import normalised_geodesic, pair_angles, pairs_of, subspace_overlap
from metrics.row_space import random_subspace
from metrics.state_subspaces import state_subspaces

SMALL = World(sequences=6, length=60, kept=64, width=36)


def studied(world: World, *layers: Tokens, seed: int = 0) -> SubspaceTrace:
    trace = expert_trace(world, layers)
    return study_subspaces(trace, blocks_of_trace(trace), seed)


def reading_of(trace: SubspaceTrace, side: str, name: str, removed: bool = False) -> Reading:
    found = trace.layers[0].reading(side, name, removed)
    assert found is not None
    return found


def groups_of(rng: np.random.Generator, count: int, visits: int, width: int) -> Groups:
    states = rng.standard_normal((count, visits, width)) * np.exp(-np.arange(width) / 4) + 5.0
    return Groups(states, rng.uniform(0.1, 1.0, (count, visits)), rng.integers(0, 4, (count, visits)))


@pytest.mark.parametrize(("visits", "width"), [(60, 12), (20, 40)], ids=["many visits", "wide states"])
@pytest.mark.parametrize("removed", [False, True])
def test_replicates_are_subspaces_of_the_visits_that_are_left(visits: int, width: int, removed: bool) -> None:
    rng = np.random.default_rng(0)
    direction = rng.standard_normal(width) if removed else None
    groups = replace(groups_of(rng, 3, visits, width), removed=direction)
    found = distances(groups, [2, 4], 4, pairs_of(3))
    for replicate, block in enumerate((-1, 0, 1, 2, 3)):
        keep = groups.block != block
        for rank in (2, 4):
            bases = [
                state_subspaces(x[k], g[k], rank, removed=direction)
                for x, g, k in zip(groups.states, groups.weights, keep, strict=True)
            ]
            angles = pair_angles(np.stack(bases))
            assert found[rank].geodesic[replicate] == pytest.approx(normalised_geodesic(angles).mean(), rel=1e-8)
            assert found[rank].overlap[replicate] == pytest.approx(subspace_overlap(angles).mean(), rel=1e-8)


def test_a_random_partition_deals_each_visit_once_with_its_weight_and_block() -> None:
    rng = np.random.default_rng(20)
    groups = groups_of(rng, 3, 20, 4)
    dealt = random_partition(groups, rng)

    def rows(each: Groups) -> list[list[float]]:
        columns = (each.states.reshape(60, 4), each.weights.reshape(60, 1), each.block.reshape(60, 1))
        return sorted(np.concatenate(columns, axis=1).tolist())

    assert rows(dealt) == rows(groups)
    assert not np.array_equal(dealt.weights, groups.weights)


def test_a_block_that_holds_an_expert_takes_it_out_of_its_replicate() -> None:
    rng = np.random.default_rng(1)
    groups = groups_of(rng, 3, 40, 8)
    groups.block[0] = 2
    found = distances(groups, [2], 4, pairs_of(3))[2]
    without = Groups(groups.states[1:], groups.weights[1:], groups.block[1:])
    assert found.geodesic[3] == pytest.approx(distances(without, [2], 4, pairs_of(2))[2].geodesic[3])
    groups.block[1] = 2
    assert np.isnan(distances(groups, [2], 4, pairs_of(3))[2].geodesic).tolist() == [False, False, False, True, False]


def test_visits_that_do_not_span_the_rank_have_no_subspace() -> None:
    groups = groups_of(np.random.default_rng(2), 3, 40, 8)
    groups.states[1] = groups.states[1, :1] + np.outer(np.arange(40.0), np.ones(8))
    found = distances(groups, [1, 2], 0, pairs_of(3))
    assert found[1].known.tolist() == [True, True, True]
    assert found[2].known.tolist() == [True, False, True]


def test_of_many_groups_some_pairs_are_compared() -> None:
    rng = np.random.default_rng(3)
    groups = groups_of(rng, 34, 12, 6)
    pairs = some_pairs(34, rng)
    assert len(pairs[0]) == len(set(zip(*pairs, strict=True))) == PAIRS
    found = distances(groups, [2], 0, pairs)[2]
    table = overlap_table(found.bases)
    assert found.overlap[0] == pytest.approx(table[pairs].mean(), rel=1e-5)
    assert np.diag(table) == pytest.approx(1.0)


def test_shared_directions_are_the_overlap() -> None:
    world = World()
    tokens = partly_overlapping(world, np.random.default_rng(4), shared=4, own=4)
    found = reading_of(studied(world, tokens), "input", "8")
    # Half of the eight directions are common; the noise is a hundredth of the states.
    assert found.overlap[0] == pytest.approx(0.5, abs=0.01)
    assert np.rad2deg(found.angles) == pytest.approx([0.0] * 4 + [90.0] * 4, abs=3.0)
    assert found.pair_overlap[~np.eye(4, dtype=bool)] == pytest.approx(0.5, abs=0.02)
    assert found.share > 0.99


def test_a_rotation_changes_no_reading() -> None:
    rng = np.random.default_rng(5)
    tokens = cut_at_random(SMALL, rng)
    one, other = (reading_of(studied(SMALL, each), "input", "8") for each in (tokens, rotated(tokens, rng)))
    for name in ("geodesic", "overlap", "random_geodesic", "random_overlap"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4)


def test_references_lie_where_they_must() -> None:
    found = reading_of(studied(World(), alike(World(), np.random.default_rng(6))), "input", "16")
    assert abs(found.geodesic[0] - found.random_geodesic[0]) < 0.1 * found.geodesic[0]
    assert found.geodesic[0] < found.floor_geodesic
    assert found.floor_overlap == 16 / 40
    assert np.square(np.cos(found.floor_angles)).mean() == pytest.approx(16 / 40, abs=0.05)
    assert found.partitions == 2


def test_taking_the_mean_direction_off_leaves_one_dimension_less() -> None:
    tokens = alike(SMALL, np.random.default_rng(7))
    found = reading_of(studied(SMALL, replace(tokens, states=tokens.states + 7.0)), "input", "16", removed=True)
    assert found.width == SMALL.width - 1
    assert found.floor_overlap == 16 / 35


def test_every_block_is_left_out_once_and_two_at_a_time_beside_drawn_routers() -> None:
    world = World()
    trace = expert_trace(world, [cut_at_random(world, np.random.default_rng(22))])
    blocks = np.arange(16)
    found = reading_of(study_subspaces(trace, blocks, 0), "input", "16")
    assert found.geodesic.shape == found.random_geodesic.shape == found.overlap.shape == (17,)
    assert found.routed_geodesic.shape == found.drawn_geodesic.shape == (9,)
    layer = trace.layers[0]
    used = slice(found.visits)
    keep = layer.kept_sequence[:, used] != 15
    visits = zip(layer.inputs.kept[:, used], layer.kept_weight[:, used], keep, strict=True)
    bases = [state_subspaces(x[k], g[k], 16) for x, g, k in visits]
    assert found.geodesic[16] == pytest.approx(normalised_geodesic(pair_angles(np.stack(bases))).mean(), rel=1e-6)


def test_ninety_percent_takes_one_rank_for_all_experts() -> None:
    world = World()
    found = reading_of(studied(world, partly_overlapping(world, np.random.default_rng(8), 6, 6)), "input", "90 %")
    assert 9 <= found.rank <= 12
    assert found.share >= 0.9


def with_few(trace: ExpertTrace, kept: dict[int, int]) -> ExpertTrace:
    """The trace with fewer kept visits of some experts."""
    layer = trace.layers[0]
    token, weight = layer.kept_token.copy(), layer.kept_weight.copy()
    for expert, count in kept.items():
        token[expert, count:] = -1
        weight[expert, count:] = 0
    return replace(trace, layers=(replace(layer, kept_token=token, kept_weight=weight),))


def test_experts_with_too_few_visits_are_left_out_and_counted() -> None:
    trace = expert_trace(SMALL, [cut_at_random(SMALL, np.random.default_rng(9))])
    found = study_subspaces(with_few(trace, {0: 63, 1: 31}), blocks_of_trace(trace), 0)
    eight, sixteen = (reading_of(found, "input", name) for name in ("8", "16"))
    assert (eight.experts.tolist(), eight.left_out, eight.visits) == ([0, 2, 3], 1, 63)
    assert (sixteen.experts.tolist(), sixteen.left_out, sixteen.visits) == ([2, 3], 2, 64)
    assert found.layers[0].kept.tolist() == [63, 31, 64, 64]


def test_no_reading_without_two_experts() -> None:
    trace = expert_trace(SMALL, [cut_at_random(SMALL, np.random.default_rng(9))])
    found = study_subspaces(with_few(trace, {0: 20, 1: 20, 2: 20}), blocks_of_trace(trace), 0)
    assert found.layers[0].readings == ()


def test_a_single_expert_has_no_reading() -> None:
    world = replace(SMALL, experts=1)
    assert studied(world, alike(world, np.random.default_rng(10))).layers[0].readings == ()


def test_visits_without_weight_do_not_count() -> None:
    trace = expert_trace(SMALL, [cut_at_random(SMALL, np.random.default_rng(11))])
    layer = trace.layers[0]
    weight = layer.kept_weight.copy()
    weight[0, ::2] = 0
    found = study_subspaces(replace(trace, layers=(replace(layer, kept_weight=weight),)), blocks_of_trace(trace), 0)
    assert reading_of(found, "input", "8").visits == 32
    assert found.layers[0].reading("input", "16") is not None


def test_ranks_above_half_the_width_are_left_out() -> None:
    world = replace(SMALL, width=20)
    names = [
        each.reading for each in studied(world, cut_at_random(world, np.random.default_rng(12))).layers[0].readings
    ]
    assert names == ["8", "90 %"]


def test_blocks_are_of_sequences() -> None:
    trace = expert_trace(SMALL, [alike(SMALL, np.random.default_rng(13))])
    with pytest.raises(ValueError, match="5 blocks for 6 sequences"):
        study_subspaces(trace, np.zeros(5, dtype=np.int64), 0)


def test_one_block_has_nothing_without_it() -> None:
    trace = expert_trace(SMALL, [alike(SMALL, np.random.default_rng(13))])
    found = reading_of(study_subspaces(trace, np.zeros(6, dtype=np.int64), 0), "input", "8")
    assert np.isnan(found.geodesic).tolist() == [False, True]


def test_the_same_seed_gives_the_same_trace_and_it_can_be_saved() -> None:
    tokens = cut_at_random(SMALL, np.random.default_rng(14))
    one = studied(SMALL, tokens)
    arrays: dict[str, np.ndarray] = {}
    back = decode(SubspaceTrace, encode(one, "", arrays), arrays)
    for mine, saved, again in zip(
        one.layers[0].readings, back.layers[0].readings, studied(SMALL, tokens).layers[0].readings, strict=True
    ):
        assert np.array_equal(mine.geodesic, again.geodesic)
        assert np.array_equal(mine.draws, again.draws)
        assert np.array_equal(mine.geodesic, saved.geodesic)
        assert mine.reading == saved.reading


def test_drawn_routers_have_the_load_of_the_router() -> None:
    rng = np.random.default_rng(15)
    logits = rng.standard_normal((1000, 8)) + rng.standard_normal(8)
    load = np.array([700, 400, 300, 200, 200, 100, 90, 10])
    chosen = np.argsort(-with_load(logits, load, 2), axis=1)[:, :2]
    met = np.sort(np.bincount(chosen.ravel(), minlength=8))[::-1]
    assert np.abs(met - load).max() <= 5


@pytest.mark.parametrize("even", [True, False])
def test_a_drawn_router_is_no_more_distinct_than_another(even: bool) -> None:
    """Of routers that are themselves drawn at random, whatever their load, the mean lead is 0."""
    world = World(sequences=4, width=16, length=100)
    leads = []
    for seed in range(40):
        tokens = cut_at_random(world, np.random.default_rng(seed), even=even)
        layer = expert_trace(world, [tokens]).layers[0]
        lead = sample_of(layer, np.zeros(world.tokens, dtype=np.int64), 0, Sampling(seed)).leads([8], None)[8]
        if lead.visits:
            leads.append(lead.routed[0] - lead.draws.mean())
    assert len(leads) > 20
    assert abs(np.mean(leads)) < 3 * np.std(leads) / np.sqrt(len(leads))


def gated(rng: np.random.Generator, width: int, inner: int) -> Expert:
    gate, up = rng.standard_normal((2, inner, width)) / np.sqrt(width)
    return Expert(gate, up, rng.standard_normal((width, inner)), gated_unit(activation("silu")))


def test_outputs_are_compared_with_those_of_experts_drawn_anew() -> None:
    world, rng = World(), np.random.default_rng(16)
    tokens = cut_at_random(world, rng)
    # One function for all experts: their outputs differ by routing alone, those of drawn ones by their weights as well.
    expert = gated(rng, world.width, 24)
    outputs = np.stack([expert_output(expert, tokens.states)] * world.experts)
    trace = expert_trace(world, [replace(tokens, outputs=outputs)])
    blocks = blocks_of_trace(trace)
    found = reading_of(study_subspaces(trace, blocks, 0, {0: [expert] * world.experts}), "output", "16")
    assert found.routed_geodesic[0] < found.draws.min()
    unread = reading_of(study_subspaces(trace, blocks, 0, {0: "no weights"}), "output", "16")
    assert (unread.drawn_visits, unread.drawn_note, len(unread.draws)) == (0, "no weights", 0)
    assert unread.geodesic == pytest.approx(found.geodesic)


def test_a_small_sample_gives_no_drawn_routers() -> None:
    trace = expert_trace(SMALL, [cut_at_random(SMALL, np.random.default_rng(17))])
    layer = trace.layers[0]
    few = replace(
        layer,
        sample=layer.sample[:30],
        sample_experts=layer.sample_experts[:30],
        sample_weights=layer.sample_weights[:30],
    )
    found = reading_of(
        study_subspaces(replace(trace, sample=trace.sample[:30], layers=(few,)), blocks_of_trace(trace), 0),
        "input",
        "8",
    )
    assert found.drawn_visits == 0
    assert "30 sampled tokens" in found.drawn_note


def test_overlap_of_random_subspaces_is_not_told_from_chance() -> None:
    """Whatever the text says: its blocks do not know how few pairs of subspaces there are."""
    rng, world = np.random.default_rng(21), World()
    base = reading_of(studied(world, alike(world, rng)), "input", "8")
    outside = 0
    for _ in range(200):
        bases = np.stack([random_subspace(40, 8, rng) for _ in range(4)])
        mean = overlap_table(bases)[pairs_of(4)].mean()
        found = overlap_above_chance([replace(base, overlap=np.full(17, mean))])
        outside += not found.low <= 0 <= found.high
    assert 2 <= outside <= 20


def test_lead_adds_the_luck_of_the_draw_to_that_of_the_text() -> None:
    world = World()
    readings = [
        reading_of(studied(world, cut_at_random(world, np.random.default_rng(seed))), "input", "16")
        for seed in (18, 19)
    ]
    lead = lead_over_drawn(readings)
    assert lead.value == pytest.approx(np.mean([r.routed_geodesic[0] - r.draws.mean() for r in readings]))
    deviations = [r.draws.std(ddof=1) * np.sqrt(1 + 1 / 6) for r in readings]
    luck = student.ppf(0.975, 10) * np.hypot(*deviations) / 2
    assert luck_of_draw([r.draws for r in readings]) == pytest.approx(luck)
    assert lead.high - lead.value > luck
    assert lower_end(lead).high == lead.low
