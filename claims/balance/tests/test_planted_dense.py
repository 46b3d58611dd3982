"""Planted dense models whose tokens grow alike, or do not."""

from functools import partial

from claims.balance import test_geo_fig12_dense
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_depth import (
    DOWN_AND_UP,
    GROWING,
    SLIGHT,
    dense,
    in_some_order,
    rising_in,
    swapped,
    without_router,
)
from claims.tests.support.text_fits import predicted

CONTRACTS = (
    Contract(
        test_geo_fig12_dense.test_dense_similarity,
        (
            Case("pre-norm, growing", Verdict.SUPPORTED, dense=partial(dense, 8, GROWING, "pre")),
            Case("post-norm, growing", Verdict.SUPPORTED, dense=partial(dense, 8, GROWING, "post")),
            Case("sandwich, parting", Verdict.SUPPORTED, dense=partial(dense, 8, GROWING[::-1], "sandwich")),
            Case(
                "sandwich, a rise of 0.26", Verdict.SUPPORTED,
                dense=lambda: without_router(rising_in(1.0, 1, SLIGHT), "sandwich"),
            ),
            Case(
                "pre-norm, a rise of 0.26", Verdict.INCONCLUSIVE,
                dense=lambda: without_router(rising_in(1.0, 1, SLIGHT), "pre"),
            ),
            Case(
                "sandwich, angles that part while energy grows", Verdict.REFUTED,
                dense=lambda: without_router(swapped(rising_in(1.0, 1), energy=True), "sandwich"),
            ),
            Case(
                "sandwich, angles that close while energy fades", Verdict.PARTLY, says="cosine",
                dense=lambda: without_router(swapped(rising_in(1.0, 1), energy=False), "sandwich"),
            ),
            Case("pre-norm, parting", Verdict.REFUTED, dense=partial(dense, 8, GROWING[::-1], "pre")),
            Case("sandwich, growing", Verdict.REFUTED, dense=partial(dense, 8, GROWING, "sandwich")),
            Case(
                "a trend that many orders show", Verdict.INCONCLUSIVE, says="^permutation p over layer orders",
                dense=partial(dense, 5, DOWN_AND_UP, "pre"),
            ),
            Case(
                "sandwich, a rise that many orders show", Verdict.INCONCLUSIVE, says="Spearman",
                dense=partial(dense, 5, DOWN_AND_UP, "sandwich"),
            ),
            Case(
                "a text not modelled", Verdict.NOT_APPLICABLE, says="nats a token .* = 0.1, claimed",
                dense=lambda: predicted(dense(8, GROWING, "pre"), 0.1),
            ),
            Case(
                "unknown norms", Verdict.NOT_APPLICABLE, says="which are unknown; the energy goes from",
                dense=partial(dense, 9, GROWING, "unknown"),
            ),
        ),
        (
            Null(
                "a rise of 0.32", {"dense": lambda seed: without_router(rising_in(0.66, seed), "sandwich")}
            ),
            Null(
                "true at its threshold plus a margin, sandwich",
                {"dense": lambda seed: without_router(rising_in(0.6, seed), "sandwich")}, resamples=99,
                limits={Verdict.REFUTED: 0.5},
            ),
            Null(
                "true at its threshold plus a margin, pre-norm",
                {"dense": lambda seed: without_router(rising_in(0.7, seed), "pre")}, resamples=99,
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"dense": lambda seed: dense(seed, GROWING, "pre")}, which="pre-norm", resamples=99),
            true_by_far({"dense": lambda seed: dense(seed, GROWING[::-1], "sandwich")}, which="sandwich", resamples=99),
            Null(
                "an order of 6 layers that all sequences share, sandwich",
                {"dense": lambda seed: dense(seed, in_some_order(seed, 6), "sandwich")}, resamples=99,
                limits={Verdict.REFUTED: 0.95},
            ),
        ),
        cannot={Verdict.VACUOUS: "it has no null: which orders of the layers rise as much is part of the claim"},
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
