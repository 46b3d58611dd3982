"""Tables of pairs of rollouts against loops over the pairs; labels and parts of rollouts; resampled questions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from claims.core.finding import NotApplicable
from claims.core.verdict import holds
from claims.rollouts import test_geo_fig07_prompts, test_geo_fig09_prefill
from claims.rollouts.expert_overlap import overlap_tables
from claims.rollouts.prediction import held_out_r2, rank_correlation
from claims.rollouts.prompt_usage import prompt_usage, unrelated_curve, with_and_without
from claims.rollouts.usage_similarity import ceiling_tables, renamed_tables, seed_similarity, similarity_tables
from claims.shared.answers import answers_of, moe_layers, unrelated_questions
from claims.shared.question_bootstrap import mean_over_pairs, over_questions, pair_mean, pair_total
from claims.shared.rollout_parts import generated_parts, lengths, prompt_part, reached_lengths
from claims.tests.support.planted_rollouts import Cast, drawn_rollouts, profiles
from claims.tests.support.verdicts import SAMPLING, finding_of
from fixtures.evidence.sequences import SequenceTrace
from fixtures.planted.sequences import planted_sequences
from fixtures.rollouts.population import FIRST, SECOND
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling
from metrics.usage.counting_noise import ceiling
from metrics.usage.profiles import cosine_matrix
from metrics.usage.top_p import expected_jaccard, jaccard, top_p_set

prompt_similarity = test_geo_fig07_prompts.test_prompt_similarity
prefill_collapse = test_geo_fig09_prefill.test_prefill_collapse
CAST = Cast(questions=8, kinds=3, authors=2, seeds=2, layers=2, experts=6, tokens=64)


def some_rollouts(cast: Cast = CAST) -> SequenceTrace:
    rng = np.random.default_rng(3)
    profile = profiles(rng, cast, len(cast.rows), 1.0)
    rollouts = drawn_rollouts(cast, profile, profile[:, None], rng)
    kept = np.flatnonzero(rng.random(len(cast.rows)) < 0.8)  # ragged: some answers are missing
    labels = {name: tuple(np.array(values)[kept].tolist()) for name, values in rollouts.labels.items()}
    usage = np.stack([layer.usage[kept] for layer in rollouts.layers])
    return planted_sequences(usage * 1000 + np.arange(cast.experts), labels=labels, parts=rollouts.parts)


def short_rollouts(cast: Cast = CAST) -> SequenceTrace:
    rng = np.random.default_rng(4)
    profile = profiles(rng, cast, len(cast.rows), 1.0)
    return drawn_rollouts(replace(cast, prompt_tokens=20), profile, profile[:, None], rng)


def test_overlap_against_a_loop_over_pairs() -> None:
    rollouts = some_rollouts()
    tables = overlap_tables(rollouts, "generated", SAMPLING)
    layer, question = rollouts.layers[1], np.array(rollouts.labels["question"])
    author, wording = np.array(rollouts.labels["author"]), np.array(rollouts.labels["wording"])
    members = top_p_set(layer.usage[:, 1:].sum(axis=1))  # no two experts are equally used
    names = tables.answers.questions
    for i, j in np.ndindex(len(names), len(names)):
        pairs = [
            (a, b)
            for a in np.flatnonzero((question == names[i]) & (wording == "0"))
            for b in np.flatnonzero((question == names[j]) & (wording == "0"))
            if a != b
        ]
        for alike, table, chance in (
            (True, tables.measured.same, tables.chance.same),
            (False, tables.measured.different, tables.chance.different),
        ):
            chosen = [(a, b) for a, b in pairs if (author[a] == author[b]) == alike]
            values = [jaccard(members[a], members[b]) for a, b in chosen]
            sizes = members.sum(axis=1)
            expected = [expected_jaccard(sizes[a], sizes[b], CAST.experts) for a, b in chosen]
            np.testing.assert_allclose(table[1, i, j], np.mean(values) if values else np.nan)
            np.testing.assert_allclose(chance[1, i, j], np.mean(expected) if expected else np.nan)


def test_similarity_against_a_loop_over_pairs() -> None:
    rollouts = some_rollouts()
    answers = answers_of(rollouts)
    parts = generated_parts(rollouts, half=FIRST)
    found, seeds = (f(rollouts, answers, parts)[0] for f in (similarity_tables, seed_similarity))
    cosine = cosine_matrix(rollouts.usage_of(rollouts.layers[0], parts).astype(np.float64))
    for a, i, j in np.ndindex(*found.shape):
        own = (answers.author == a) & (answers.wording == 0)
        first = np.flatnonzero(own & (answers.question == i))
        second = np.flatnonzero((answers.question == j) & (answers.author == a) & (answers.wording == 1))
        alike = np.flatnonzero(own & (answers.question == j))
        block = cosine[np.ix_(first, second if i == j else alike)]
        np.testing.assert_allclose(found[a, i, j], block.mean() if block.size else np.nan)
        if i == j:
            again = cosine[np.ix_(first, first)][~np.eye(len(first), dtype=bool)]
            np.testing.assert_allclose(seeds[a, i], again.mean() if again.size else np.nan)


def test_similarity_without_counting_noise_against_a_loop_over_pairs() -> None:
    rollouts = short_rollouts()
    answers, parts = answers_of(rollouts), generated_parts(rollouts, half=FIRST)
    found, limits = (
        table[0]
        for table in (
            similarity_tables(rollouts, answers, parts, noiseless=True),
            ceiling_tables(rollouts, answers, parts),
        )
    )
    visits = rollouts.usage_of(rollouts.layers[0], parts)
    tokens = rollouts.part_tokens[:, rollouts.part_numbers(parts)].sum(axis=1)
    cosine, limit = cosine_matrix(visits.astype(np.float64)), np.sqrt(ceiling(visits, tokens))
    for a, i, j in np.ndindex(*found.shape):
        first, second, alike = (
            np.flatnonzero((answers.author == a) & (answers.question == question) & (answers.wording == wording))
            for question, wording in ((i, 0), (j, 1), (j, 0))
        )
        pairs = [(s, t) for s in first for t in (second if i == j else alike)]
        for table, values in (
            (found, [cosine[s, t] / limit[s] / limit[t] for s, t in pairs]),
            (limits, [limit[s] * limit[t] for s, t in pairs]),
        ):
            assert table[a, i, j] == pytest.approx(np.mean(values) if values else np.nan, nan_ok=True)


def test_prompts_too_short_to_tell_have_no_ceiling_and_count_as_equal() -> None:
    cast = replace(CAST, prompt_tokens=1)
    rollouts = drawn_rollouts(cast, np.full(6, 1.0), np.full(6, 1.0), np.random.default_rng(0))
    prompts = prompt_usage(rollouts)
    known = ~np.isnan(prompts.counted)
    assert (prompts.ceiling[known] == 0).all()
    assert (prompts.noiseless[known] == 1).all()


def test_both_intervals_are_held_and_the_value_is_the_counted_one() -> None:
    values = np.array([0.95, 0.85, 0.80, 0.92])
    counted, noiseless = SAMPLING.mean(values - 0.1), SAMPLING.mean(values)
    for found in (with_and_without(counted, noiseless), with_and_without(noiseless, counted)):
        assert (found.low, found.high) == (counted.low, noiseless.high)
        assert found.draws == ()
    assert with_and_without(counted, noiseless).value == counted.value
    unknown = with_and_without(counted, SAMPLING.mean(values[:1]))
    assert holds(unknown.low, unknown.high, 0.5, ">=") is holds(unknown.low, unknown.high, 0.99, ">=") is None


def test_two_claims_show_unrelated_prompts_by_one_definition() -> None:
    rollouts = replace(some_rollouts(replace(CAST, layers=4)), checkpoint={})
    curves = [
        next(curve for curve in finding_of(test, rollouts=rollouts).layers if curve.name.startswith("prompts of"))
        for test in (prompt_similarity, prefill_collapse)
    ]
    assert curves[0] == curves[1] == unrelated_curve(prompt_usage(rollouts), SAMPLING)


def test_renamed_profiles_are_what_renaming_gives_on_average() -> None:
    rollouts = some_rollouts()
    answers = answers_of(rollouts)
    expected = renamed_tables(rollouts, answers, None)
    rng, found = np.random.default_rng(0), []
    layer = rollouts.layers[0]
    for _ in range(400):
        order = np.argsort(rng.random((rollouts.sequences, 1, CAST.experts)), axis=-1)
        renamed = replace(layer, usage=np.take_along_axis(layer.usage, order, axis=2))
        shuffled = replace(rollouts, layers=(renamed,))
        found.append(similarity_tables(shuffled, answers, None)[0])
    difference = np.mean(found, axis=0) - expected[0]
    assert np.nanmax(np.abs(difference)) < 0.08  # 400 draws with a spread of 0.3
    assert abs(np.nanmean(difference)) < 0.01


def test_parts_add_up() -> None:
    rollouts = some_rollouts()
    assert lengths(rollouts) == (8, 16, 32, 64)
    assert prompt_part(rollouts) == ("prompt",)
    everything = {*prompt_part(rollouts), *generated_parts(rollouts)}
    assert everything == set(rollouts.parts)
    halves = [set(generated_parts(rollouts, half=half)) for half in (FIRST, SECOND)]
    assert halves[0] | halves[1] == everything - {"prompt"}
    assert not halves[0] & halves[1]
    assert generated_parts(rollouts, start=8, end=16) == ("generated 8-15, first half", "generated 8-15, second half")
    tokens = dict(zip(CAST.parts, CAST.part_tokens.tolist(), strict=True))
    assert sum(tokens[name] for name in generated_parts(rollouts, end=32)) == 32
    assert sum(tokens[name] for name in halves[1]) == 32


def test_lengths_that_few_rollouts_reach_are_left_out() -> None:
    rollouts = some_rollouts()
    tokens = rollouts.part_tokens.copy()
    tokens[: len(tokens) // 2 + 1, 5:] = 0
    assert reached_lengths(rollouts) == (8, 16, 32, 64)
    assert reached_lengths(replace(rollouts, part_tokens=tokens)) == (8, 16)


def test_sequences_that_are_no_rollouts_are_not_applicable() -> None:
    plain = planted_sequences(np.ones((1, 9, 1, 4), dtype=int), labels={"question": [str(i) for i in range(9)]})
    with pytest.raises(NotApplicable, match="no label 'author'"):
        answers_of(plain)
    with pytest.raises(NotApplicable, match="no part 'prompt'; their parts are all"):
        prompt_part(plain)
    with pytest.raises(NotApplicable, match="no generated part"):
        generated_parts(plain)
    dense = planted_sequences(np.ones((1, 9, 1, 0), dtype=int))
    with pytest.raises(NotApplicable, match="0 layers with experts were read; 1 are needed"):
        moe_layers(dense)


def test_wordings_are_ranked_within_their_question() -> None:
    names = {"question": ["a"] * 3 + ["b"] * 2 + list("cdefgh"), "wording": ["2", "10", "2", "1", "0"] + ["5"] * 6}
    labels = {**names, "author": ["x"] * 11, "kind": ["one"] * 11}
    answers = answers_of(planted_sequences(np.ones((1, 11, 1, 4), dtype=int), labels=labels))
    assert answers.wording.tolist() == [0, 1, 0, 1, 0] + [0] * 6
    apart, called = unrelated_questions(answers)
    assert called == "different questions"
    assert (apart == ~np.eye(8, dtype=bool)).all()
    for others, expected in ((3, "different questions"), (4, "questions of different kinds")):
        assert unrelated_questions(replace(answers, kind=(np.arange(8) < others).astype(int)))[1] == expected


def test_questions_without_a_pair_are_no_units() -> None:
    table = np.full((9, 9), np.nan)
    table[:4, :4] = np.arange(16.0).reshape(4, 4)
    estimate, alone = mean_over_pairs(table, SAMPLING), mean_over_pairs(table[:4, :4], SAMPLING)
    assert (estimate.n, estimate.value, estimate.low) == (4, alone.value, alone.low)


def test_pairs_count_as_often_as_both_questions_were_drawn() -> None:
    table = np.arange(16.0).reshape(4, 4)
    table[2, 3] = np.nan
    drawn = np.array([2, 0, 1, 1])
    copies = np.repeat(np.arange(4), drawn).tolist()
    pairs = [(i, j) for i in copies for j in copies if i != j and (i, j) != (2, 3)]
    assert pair_mean(drawn.astype(float), table) == pytest.approx(np.mean([table[pair] for pair in pairs]))
    full = np.nan_to_num(table)
    expected = sum(full[i, j] for i in copies for j in copies if i != j) + sum(full[i, i] for i in copies)
    assert pair_total(drawn.astype(float), full) == pytest.approx(expected)


def test_intervals_over_pairs_cover_the_truth_as_often_as_they_say() -> None:
    # Each pair is the sum of its questions' effects: resampling questions sees it, resampling pairs would not.
    inside = 0
    for seed in range(200):
        effect = np.random.default_rng(seed).standard_normal(40)
        estimate = mean_over_pairs(effect[:, None] + effect, Sampling(seed, 199))
        inside += estimate.low <= 0 <= estimate.high
    assert 176 <= inside <= 199  # 190 expected, standard deviation 3; small samples cover a little less


def test_predictions_within_authors() -> None:
    rng = np.random.default_rng(5)
    x = rng.random((2, 12, 12)) + np.array([0.0, 5.0])[:, None, None]
    y = 0.3 * (x - x.mean(axis=(1, 2), keepdims=True)) + 0.1 * rng.random(x.shape)
    for pairs in (np.eye(12, dtype=bool), np.triu(np.ones((12, 12), dtype=bool))):
        both = np.stack([pairs, pairs])
        own = [spearmanr(a[pairs], b[pairs]).statistic for a, b in zip(x, y, strict=True)]
        assert rank_correlation(x, y, both, SAMPLING).value == pytest.approx(np.mean(own))
        explained = held_out_r2(x, y, both, SAMPLING)
        assert 0.5 < explained.low <= explained.value <= explained.high < 1


def test_an_estimate_counts_questions() -> None:
    def first(drawn: Float64Array) -> Float64Array:
        return drawn[..., 0]

    estimate = over_questions(9, first, SAMPLING)
    assert (estimate.n, estimate.unit, estimate.value) == (9, "question", 1.0)
