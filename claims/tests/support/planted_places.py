"""Planted texts of unlike length, in which routing slides with the place of a token, or belongs to the text."""

from typing import Literal

import numpy as np

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Null, refused
from claims.tests.support.planted_domains import Library, by_domain, drawn_documents
from claims.tests.support.planted_rollouts import Cast
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.token_routing import TokenRouting
from fixtures.planted.sequences import planted_sequences
from fixtures.rollouts.population import part_names, part_numbers
from metrics.arrays import Float64Array, IntArray

Slide = Literal["none", "doublings", "places"]


def placed_rollouts(
    cast: Cast,
    lengths: tuple[int, ...],
    seed: int,
    *,
    slide: Slide = "doublings",
    own: float = 0.0,
    by_question: bool = True,
) -> SequenceTrace:
    """Draw every token's expert from a window that slides over the experts, or from its author's own profile.

    Parameters
    ----------
    lengths : generated tokens of author i, a tenth more or less, the one at i modulo their number
    slide : whether the window slides with the place, as fast with each doubling of it or with each place, or not
    own : share of the tokens that are drawn from a profile of the question and author instead
    by_question : the question counts as well: author i is as long on question j as author i + 1 on question j + 1
    """
    rng = np.random.default_rng(seed)
    question, author = cast.rows[:, 0], cast.rows[:, 1]
    usual = np.array(lengths)[(author + by_question * question) % len(lengths)]
    generated = (usual * rng.uniform(0.9, 1.1, len(author))).astype(int)
    parts = part_names(int(generated.max()))
    window = _windows(cast.experts, int(generated.max()), slide)
    profile = rng.dirichlet(np.full(cast.experts, 0.3), (cast.layers, cast.questions * cast.authors))
    usage = np.zeros((cast.layers, len(author), len(parts), cast.experts), dtype=np.int64)
    for row, length in enumerate(generated):
        part = np.array(part_numbers(0, length))
        for layer in range(cast.layers):
            mine = profile[layer, question[row] * cast.authors + author[row]]
            np.add.at(usage[layer, row], (part, _drawn((1 - own) * window[:length] + own * mine, rng)), 1)
    usage[:, :, 0] = rng.multinomial(cast.prompt_tokens, np.full(cast.experts, 1 / cast.experts), usage.shape[:2])
    even = np.zeros_like(usage)
    even[..., 0] = usage.sum(axis=-1)
    return planted_sequences(usage, labels=cast.labels, parts=parts, by_identity=even)


def placed_prompts(cast: Cast, lengths: tuple[int, ...], seed: int) -> SequenceTrace:
    """Draw rollouts whose routing slides with the place from the first token of their prompt on, and tells no more.

    Parameters
    ----------
    lengths : tokens of the prompt of question i, a twentieth more or less, the one at i modulo their number
    """
    rng, question = np.random.default_rng(seed), cast.rows[:, 0]
    given = (np.array(lengths)[question % len(lengths)] * rng.uniform(0.95, 1.05, cast.questions)[question]).astype(int)
    window = _windows(cast.experts, int(given.max()) + cast.tokens, "doublings")
    upto = np.concatenate([np.zeros((1, cast.experts)), window.cumsum(axis=0)])
    part = np.array(part_numbers(0, cast.tokens))
    usage = np.zeros((cast.layers, len(question), len(cast.parts), cast.experts), dtype=np.int64)
    for row, prompt in enumerate(given):
        for layer in range(cast.layers):
            usage[layer, row, 0] = rng.multinomial(prompt, upto[prompt] / prompt)
            np.add.at(usage[layer, row], (part, _drawn(window[prompt : prompt + cast.tokens], rng)), 1)
    return planted_sequences(usage, labels=cast.labels, parts=cast.parts)


def placed_documents(
    library: Library, lengths: tuple[int, ...], seed: int, *, own: float = 0.0, kept: float = 1.0
) -> TokenRouting:
    """Draw documents whose routing slides with the place, and whose domains differ in length, or in routing too.

    Parameters
    ----------
    lengths : tokens of the documents of domain i, a tenth more or less
    own : share of the visits that are drawn from a profile of the document's domain instead
    kept : share of the documents that are as long as those of their domain; the others are as long as those of any
    """
    rng, domain = np.random.default_rng(seed), library.domain
    usual = np.where(rng.random(len(domain)) < kept, domain, rng.integers(0, len(lengths), len(domain)))
    tokens = (np.array(lengths)[usual] * rng.uniform(0.9, 1.1, len(domain))).astype(int)
    reached = _windows(library.experts, int(tokens.max()), "doublings").cumsum(axis=0)[tokens - 1]
    profile = rng.dirichlet(np.full(library.experts, 0.3), (library.layers, library.domains))
    slid = reached / tokens[:, None]
    return drawn_documents(library, (1 - own) * slid + own * profile[:, domain], rng, tokens=tokens)


def nearly_told_by_length() -> TokenRouting:
    """Draw two domains with experts of their own, whatever the length; one document of each is as long as the other's.

    So every document is as long as some document of the other domain, and yet length all but tells its domain.
    """
    library = Library(domains=2, documents=24)
    tokens = np.where(library.domain == 0, 128, 300)
    tokens[[0, library.documents]] = 300, 128
    profile = np.full((library.domains, library.experts), 0.05)
    profile[0, : library.experts // 2] = profile[1, library.experts // 2 :] = 1.0
    return drawn_documents(library, by_domain(library, profile[None]), np.random.default_rng(1), tokens=tokens)


#: Documents of domains that differ in length.
READ, LENGTHS = Library(documents=24, layers=2, experts=32), (64, 512, 4096)
#: What every claim about domains says of them: it holds where domains differ in routing too, and where lengths alone
#: tell the domains it does not apply, and is not supported by chance.
UNLIKE_LENGTHS = Case(
    "domains apart, and of unlike length",
    Verdict.SUPPORTED,
    token_routing=lambda: placed_documents(READ, LENGTHS, 1, own=0.6, kept=0.5),
)
TOLD_BY_LENGTH = refused(
    "token_routing",
    (
        "lengths tell the domain",
        "domains of documents that change when permuted within lengths, .* = 0,",
        lambda: placed_documents(READ, LENGTHS, 1),
    ),
    (
        "lengths tell the domain of all but a few",
        "change when permuted within lengths, .* = 0.1",
        nearly_told_by_length,
    ),
)
LENGTHS_ALONE = Null("lengths alone", {"token_routing": lambda seed: placed_documents(READ, LENGTHS, seed, kept=0.5)})


def _windows(experts: int, places: int, slide: Slide) -> Float64Array:
    """Profile at each place, (places, E): a bump a quarter of the experts wide, on a ring."""
    place = np.arange(1, places + 1)
    way = {"none": np.zeros(places), "doublings": np.log2(place) / np.log2(places), "places": place / places}[slide]
    apart = np.abs(np.arange(experts) - (0.75 * experts * way)[:, None])
    near = np.minimum(apart, experts - apart)
    window = np.exp(-0.5 * (near / (experts / 10)) ** 2)
    return np.asarray(window / window.sum(axis=1, keepdims=True))


def _drawn(profile: Float64Array, rng: np.random.Generator) -> IntArray:
    """One expert for each token, of profiles (n, E)."""
    upto = profile.cumsum(axis=1)
    return np.asarray((rng.random((len(profile), 1)) * upto[:, -1:] > upto).sum(axis=1))
