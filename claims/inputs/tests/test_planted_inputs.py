"""Planted texts that the router hears louder than the same tokens out of order."""

from functools import cache, partial
from typing import Any

import numpy as np
from scipy.optimize import brentq

from claims.core.verdict import Verdict
from claims.inputs.test_geo_fig03_confidence import test_ood_confidence as ood_confidence
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

WORLD = World()
SOFTMAX = {"against": "shuffled", "confidence": "softmax"}


def read(heard: float = 1.0, *, whole: float = 1.0, seed: int = 10, noise: int = 0) -> Trace:
    """A text whose part in the row space of the routers is ``heard`` times as long, and all of it ``whole`` times.

    Texts of one seed have the same routers; those of one noise have the same tokens, in another order perhaps.
    """
    rng = np.random.default_rng(seed)
    weight = [WORLD.router(rng) for _ in range(2)]
    tokens = np.random.default_rng([seed, noise])
    hidden = []
    for matrix in weight:
        basis = np.linalg.svd(matrix, full_matrices=False)[2]
        states = WORLD.normal(tokens)
        hidden.append(whole * (states + (heard - 1) * states @ basis.T @ basis))
    return planted_trace(WORLD, hidden, weight, spectra=False)


def texts(original: Any, *, other: Any = read, again: Any = None) -> dict[str, Any]:
    """Evidence of a text and of its tokens out of order, or what makes it; read again, the text is the same."""
    return {
        "trace": original,
        "again": original if again is None else again,
        "shuffled": other,
        "reversed_order": other,
        "variant": SOFTMAX,
    }


def louder(seed: int, fall: float) -> Trace:
    """A text whose confidence is on average so much, of itself, above that of scrambled text."""
    return read(louder_by(fall), seed=seed)


def scrambled(seed: int) -> Trace:
    """Other tokens under the same routers."""
    return read(seed=seed, noise=1)


@cache
def louder_by(fall: float) -> float:
    """Return how much louder a text is whose confidence falls by so much of itself, on average over many worlds."""

    def beyond(gain: float) -> float:
        worlds = [texts(read(gain, seed=seed), other=scrambled(seed)) for seed in range(1000, 1030)]
        found = [finding_of(ood_confidence, sampling=Sampling(0, 9), **world) for world in worlds]
        return float(np.mean([one.headline[0].estimate.value for one in found])) - fall

    return float(brentq(beyond, 1.0, 1.2, xtol=1e-3))


CONTRACTS = (
    Contract(
        ood_confidence,
        (
            Case("louder originals", Verdict.SUPPORTED, **texts(partial(read, 1.6))),
            Case("a little louder than matters", Verdict.SUPPORTED, **texts(partial(read, 1.1))),
            Case(
                "read again, it falls half as far", Verdict.SUPPORTED,
                **texts(partial(read, 1.6), again=partial(read, 1.3)),
            ),
            Case(
                "originals louder in every direction", Verdict.PARTLY, says="relative fall of alignment",
                **texts(partial(read, whole=1.6)),
            ),
            Case("a little less louder than matters", Verdict.REFUTED, **texts(partial(read, 1.02))),
            Case("quieter originals", Verdict.REFUTED, **texts(partial(read, 0.6))),
            Case("read again, it falls as far", Verdict.VACUOUS, **texts(partial(read, 1.6), again=read)),
            Case(
                "of a small fall, reading again gives half", Verdict.VACUOUS,
                **texts(partial(read, 1.05), again=partial(read, 1.025)),
            ),
            Case(
                "a fall at the threshold", Verdict.INCONCLUSIVE,
                **texts(partial(louder, 3, 0.02), other=partial(scrambled, 3)),
            ),
            Case(
                "own weights of a softmax router", Verdict.NOT_APPLICABLE, says="sigmoid",
                **texts(partial(read, 1.6)) | {"variant": {"against": "shuffled", "confidence": "own weight"}},
            ),
            Case(
                "a text that is not modelled", Verdict.NOT_APPLICABLE, says="a premise is not met: nats a token",
                **texts(lambda: predicted(read(1.6), 0.3)),
            ),
        ),
        (
            Null("texts alike", texts(lambda seed: read(seed=seed), other=scrambled)),
            Null("a fall at the threshold", texts(partial(louder, fall=0.02), other=scrambled)),
            Null(
                "true at its threshold plus a margin", texts(partial(louder, fall=0.04), other=scrambled),
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far(texts(lambda seed: read(1.6, seed=seed), other=scrambled)),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
