"""Does similar routing need similar hidden states?  GEO Prop. 1 (necessity): as stated, and as real text has it."""

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import by_layer
from claims.core.finding import Counterexample, Curve, Finding, Measured, NotApplicable
from claims.shared.premises import left_out, linear_layers, models_text
from claims.shared.token_pairs import NEAREST, PAIR_TOKENS, over_layers, pair_tokens, sequence_means, sequences_of
from fixtures.evidence.null_space_moves import Move, NullSpaceMoves
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.null_space import EPS64, random_subspace, row_space
from metrics.stats.bootstrap import exact
from metrics.stats.pair_sampling import PairSampling
from metrics.stats.sampling import Sampling
from metrics.usage.token_pairs import nearest_pairs_mask, squared_distances

#: Largest logit change, over what float32 can hold, and largest change of a length for two states to count as equal.
ROUNDING, STRETCH = 1e-5, 1e-3
#: Random routers drawn; the lowest share of them is what luck alone gives once in twenty.
ROUTERS = 19


@claim(
    id="necessity-full-space",
    group="A",
    number=5,
    asks="logits",
    kind="theorem",
    title="Similar routing needs similar hidden states (as stated)",
    source="GEO (arXiv 2604.09780v1), abstract and Prop. 1; objection of its public review",
    figures=("GEO Fig. 1", "GEO Prop. 1"),
    statement="Two states of the network with the same router logits, and so the same experts, are similar, in the "
    "full space.",
    equation="z(h') = z(h)  implies  ||h' - h|| < 0.5 ||h||,  h and h' both outputs of the norm: ||h'/g|| = ||h/g||",
    definition="paper (abstract: necessary and sufficient); the margin is ours. The other state is not an injected "
    "multiple but one that the norm in front of the router really returns for some input: the other point of the "
    "norm's image, of gains g, with the same part in the row space of W",
    null_says="None: one counterexample decides.",
    paper="claimed; no number printed",
    thresholds={
        "far": Threshold(0.5, "half of its own norm away is not similar; independent states of one norm are 1.4 apart")
    },
)
def test_necessity_full_space(trace: Trace, null_space_moves: NullSpaceMoves, thresholds: dict[str, float]) -> Finding:
    """Look how far the other reachable state with the same logits lies; where W has no kernel, there is none."""
    layers = linear_layers(trace)
    numbers = {layer.router.layer for layer in layers}
    moves = [move for move in null_space_moves.moves if move.kind == "reachable" and move.layer in numbers]
    blind = any(not row_space(layer.router.weight, eps=EPS64).full for layer in layers)
    if blind and not moves:
        reasons = sorted(set(null_space_moves.not_applicable.values())) or ["no reachable move was made at any layer"]
        raise NotApplicable("; ".join(reasons[:2]))
    twins = [found for found in map(_twin, moves) if found is not None]
    if blind and not twins:
        raise NotApplicable(f"none of {len(moves)} reachable moves leaves the logits and the length before the gains")
    proof = max(twins, key=lambda found: found.numbers["distance"], default=None)
    distance = proof.numbers["distance"] if proof else 0.0
    certified = proof is not None and distance >= thresholds["far"]
    return Finding(
        headline=(Measured("distance at equal logits, in ||h||", exact(distance, 1, "token"), "<", "far"),),
        certified=certified,
        layers=(
            Curve(
                "distance at equal logits, in ||h||",
                tuple(int(found.numbers["layer"]) for found in twins),
                tuple(found.numbers["distance"] for found in twins),
                "far",
            ),
        ),
        counterexample=proof if certified else None,
        notes=left_out(trace, layers) if blind else ("No router has a kernel: equal logits are equal states.",),
    )


def _twin(move: Move) -> Counterexample | None:
    """A token's state and the other one that the norm returns and the router cannot tell from it, if it is one."""
    shown = move.example
    weight, hidden, moved, gains = (shown[name].astype(np.float64) for name in ("weight", "hidden", "moved", "gains"))
    change = float(np.abs(weight @ (moved - hidden)).max())
    largest = float(np.abs(weight).sum(axis=1).max() * max(np.abs(hidden).max(), np.abs(moved).max()))
    stretch = abs(float(np.linalg.norm(moved / gains) / np.linalg.norm(hidden / gains)) - 1)
    if change > ROUNDING * largest or stretch > STRETCH:
        return None
    distance = float(np.linalg.norm(moved - hidden) / np.linalg.norm(hidden))
    return Counterexample(
        check="same-logits",
        says=f"at layer {move.layer} two states that the norm returns, {distance:.3g} norms apart, have equal logits",
        arrays={name: shown[name] for name in ("weight", "bias", "hidden", "moved", "gains") if name in shown},
        numbers={"layer": move.layer, "distance": distance, "logit change": change, "length change": stretch},
    )


@claim(
    id="necessity-in-practice",
    group="A",
    number=6,
    asks="logits",
    title="Similar routing comes with similar hidden states, in real text",
    source="GEO (arXiv 2604.09780v1), abstract and Fig. 1, asked of the tokens that there are",
    figures=("GEO Fig. 1", "GEO Prop. 1"),
    statement="Tokens of real text whose router logits are near have near hidden states too, with few exceptions.",
    equation="P(||h_i - h_j|| > median over all pairs  |  ||z_i - z_j|| among the nearest 1 %) <= 0.05",
    definition=f"ours: what the figure shows of necessity. Pairs are those of up to {PAIR_TOKENS:,} sampled tokens; a "
    "sequence's value is the share among pairs that its tokens begin, and sequences are averaged",
    means="Of the tokens that the router finds most alike, more than one pair in twenty lie farther apart than "
    "usual: on this text routing is no stand-in for the hidden state.",
    check="Neighbours by router logits against neighbours by hidden state, on your own text, before you "
    "cluster, cache or retrieve by routing.",
    null_says="Random routers of the same singular values, their row spaces drawn at random, the lowest share of 19: "
    "where any linear map does as well, nothing was learned.",
    paper="claimed; no number printed",
    thresholds={
        "far": Threshold(0.05, "one near pair in twenty whose states lie farther apart than most would be rare"),
        "excess": Threshold(
            0.02, "two near pairs in a hundred fewer than the luckiest of 19 random routers leaves apart"
        ),
    },
)
def test_necessity_in_practice(trace: Trace, sampling: Sampling) -> Finding:
    """Count the pairs near in logits and far apart in hidden state, by the router and by random ones."""
    layers, pairs = linear_layers(trace), PairSampling.like(sampling)
    found = [_shares(layer, trace, sampling) for layer in layers]
    shares, drawn = (np.stack(tables) for tables in zip(*found, strict=True))
    lowest = drawn[:, int(np.argmin([over_layers(draw).mean() for draw in drawn.swapaxes(0, 1)]))]

    def share(name: str, table: Float64Array) -> Measured:
        return Measured(name, pairs.mean(over_layers(table)), "<=", "far", within=(0.0, 1.0))

    return Finding(
        headline=(share("share of the pairs nearest in logits that lie farther apart than the median pair", shares),),
        excess=(
            Measured(
                "margin below the lowest of 19 random routers",
                pairs.mean(over_layers(lowest - shares)),
                ">=",
                "excess",
                within=(-1.0, 1.0),
            ),
        ),
        premises=models_text(trace, sampling),
        controls=(share("the same of the lowest of 19 random routers", lowest),),
        reported=(share("the same of random routers, the mean of 19", _over_draws(drawn)),),
        layers=(
            by_layer("near in logits, far in hidden state", layers, shares, pairs, "far"),
            by_layer("random routers", layers, _over_draws(drawn), pairs),
        ),
        notes=left_out(trace, layers),
    )


def _shares(layer: LayerTrace, trace: Trace, sampling: Sampling) -> tuple[Float64Array, Float64Array]:
    """Per sequence, of its pairs near in logits the share far apart in hidden state; by random routers too."""
    tokens = pair_tokens(trace)
    sequence, hidden = sequences_of(trace, tokens), layer.hidden[tokens].astype(np.float64)
    distance = squared_distances(hidden, hidden)
    far = distance > np.median(distance[np.triu_indices(len(tokens), k=1)])

    def share(logits: Float64Array) -> Float64Array:
        near = nearest_pairs_mask(squared_distances(logits, logits), NEAREST)
        return sequence_means((near & far).sum(axis=1), near.sum(axis=1), sequence, trace.sequences)

    space, rng = row_space(layer.router.weight), sampling.rng("random routers", layer.router.layer)
    drawn = [hidden @ random_subspace(hidden.shape[1], space.rank, rng) * space.singular for _ in range(ROUTERS)]
    measured = layer.logits[trace.sample[tokens]].astype(np.float64)
    return share(measured), np.stack([share(logits) for logits in drawn])


def _over_draws(tables: Float64Array) -> Float64Array:
    """Mean (L, S) over the draws (L, R, S) in which a sequence has a value; NaN where it has none."""
    known = ~np.isnan(tables)
    count = known.sum(axis=1)
    means = np.full(count.shape, np.nan)
    np.divide(np.where(known, tables, 0.0).sum(axis=1), count, out=means, where=count > 0)
    return means
