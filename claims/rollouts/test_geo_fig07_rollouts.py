"""Does the similarity of two prompts predict that of what is generated from them?  GEO Figs 7 and 14."""

from dataclasses import dataclass

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.rollouts.prediction import held_out_r2, rank_correlation
from claims.rollouts.usage_similarity import ceiling_tables, similarity_tables
from claims.shared.answers import Answers, answers_of, models_rollouts
from claims.shared.position_alone import pairs_by_length
from claims.shared.rollout_parts import generated_parts, prompt_part
from fixtures.evidence.sequences import SequenceTrace
from fixtures.rollouts.population import FIRST, SECOND
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.sampling import Sampling

#: Fewer pairs of prompts say nothing about a correlation.
FEWEST = 30
#: Points that a scatter shows of each author.
POINTS = 120
ANY, PAIRED = "any two prompts", "paired prompts"


@claim(
    id="prompt-to-rollout",
    version=3,
    group="D",
    number=5,
    title="Prompt routing does not predict rollout routing",
    source="GEO (arXiv 2604.09780v1), Eqs 13-14",
    figures=("GEO Fig. 7", "GEO Fig. 14"),
    statement="How similarly two prompts are routed does not predict how similarly the tokens are routed that one "
    "author generates from them.",
    equation="|Spearman( cos(f, f') over prompts, cos(f, f') over generated tokens )| < 0.3;  held-out R^2 <= 0.1",
    definition="read (usage and its cosine, Eqs 13-14); reconstructed: generated tokens alone, where the paper's "
    "curves are cumulative; one author's rollouts, ranks and lines within authors, mean over layers and seeds. "
    "Variant: any two prompts, both wordings of a question and the first wordings of two; or the paper's pairs, two "
    "wordings of one question, which are all alike, so that their range is restricted",
    means="How alike two prompts are routed does predict how alike their generations are. Whether a prompt's experts "
    "are worth prefetching for its generation is another question: ask what its own prompt tells beyond any other.",
    check="The verdict of prefill-predicts-decode on this checkpoint: which share of a generation's experts its own "
    "prompt names beyond what another's does, and what an untrained model gives.",
    null_says="A claim of absence has a positive control instead: the similarity of first halves of completions must "
    "be seen to predict that of their second halves, or the similarities are noise; and among completions of the same "
    "length, to a factor of sqrt(2), too, or length alone makes both halves alike.",
    paper="three hand-picked pairs: similarity stays or drops in generation, whatever it was over the prompt (Fig. 7)",
    thresholds={
        "high": Threshold(0.3, "equivalence to 0: a weaker relation explains less than a tenth of the ranks"),
        "low": Threshold(-0.3, "equivalence to 0, from below"),
        "explained": Threshold(0.1, "a tenth of the variance of pairs that the line was not fitted to"),
        "seen": Threshold(0.3, "what the claim calls no prediction must be less than what can be seen"),
        "beyond": Threshold(0.3, "so much weaker than in the untrained twin: a relation that counts by itself"),
    },
    variants=({"pairs": ANY}, {"pairs": PAIRED}),
)
def test_prompt_to_rollout(rollouts: SequenceTrace, variant: Variant, sampling: Sampling) -> Finding:
    """Predict the similarity of completions from that of prompts, and second halves from first halves."""
    answers = answers_of(rollouts)
    tables = _tables(rollouts, answers, paired=variant["pairs"] == PAIRED)
    correlation = rank_correlation(tables.prompt, tables.generated, tables.pairs, sampling)
    explained = held_out_r2(tables.prompt, tables.generated, tables.pairs, sampling)
    halves = rank_correlation(tables.first, tables.second, tables.pairs, sampling)
    as_long = rank_correlation(*tables.by_length(), sampling)
    cumulative = rank_correlation(tables.prompt, tables.whole, tables.pairs, sampling)
    limits = (-1.0, 1.0)
    return Finding(
        headline=(
            Measured("Spearman, prompt to generation", correlation, "<", "high", within=limits),
            Measured("Spearman, prompt to generation", correlation, ">", "low", within=limits),
            Measured("held-out R^2, prompt to generation", explained, "<=", "explained"),
        ),
        premises=(
            Measured("Spearman, first half to second half", halves, ">=", "seen", within=limits),
            Measured(
                "Spearman, first half to second half, completions of the same length", as_long, ">=", "seen", limits
            ),
            *models_rollouts(rollouts, answers, sampling),
        ),
        reported=(Measured("Spearman, prompt to prompt and generation", cumulative, "<", "high"),),
        figure=_figure(tables, variant["pairs"]),
        notes=(*_notes(tables), *tables.notes),
    )


@dataclass(frozen=True)
class _Tables:
    """Usage similarities of pairs of questions, (A, Q, Q), mean over layers, of A authors.

    ``pairs`` are those that are compared, and ``as_long`` (B, A, Q, Q) those of them in each band of lengths.
    """

    authors: tuple[str, ...]
    prompt: Float64Array
    generated: Float64Array
    whole: Float64Array
    first: Float64Array
    second: Float64Array
    pairs: BoolArray
    as_long: BoolArray
    notes: tuple[str, ...]

    def by_length(self) -> tuple[Float64Array, Float64Array, BoolArray]:
        """Return the halves' similarities and pairs, bands of lengths told apart as if each were an author's."""
        bands, (authors, *square) = len(self.as_long), self.first.shape
        first, second = (np.tile(table, (bands, 1, 1)) for table in (self.first, self.second))
        return first, second, self.as_long.reshape(bands * authors, *square)


def _tables(rollouts: SequenceTrace, answers: Answers, *, paired: bool) -> _Tables:
    """Measure every similarity of the authors that have pairs enough."""
    halves = (generated_parts(rollouts, half=half) for half in (FIRST, SECOND))
    parts = (prompt_part(rollouts), generated_parts(rollouts), None, *halves)
    tables = [similarity_tables(rollouts, answers, chosen).mean(axis=0) for chosen in parts]
    prompt, generated, whole, first, second = tables
    known = np.isfinite(np.stack(tables)).all(axis=0)
    every = np.ones(known.shape[1:], dtype=np.bool_)
    pairs = known & (np.diag(np.diag(every)) if paired else np.triu(every))
    count = pairs.sum(axis=(1, 2))
    kept = np.flatnonzero(count >= FEWEST)
    if not len(kept):
        what = "questions in two wordings" if paired else "pairs of prompts"
        raise NotApplicable(
            f"no author has more than {count.max()} {what} with two halves of a completion to each; {FEWEST} are needed"
        )
    as_long = (pairs & pairs_by_length(rollouts, answers))[:, kept]
    if as_long.sum() < FEWEST:
        raise NotApplicable(f"fewer than {FEWEST} pairs of completions are of the same length, to a factor of 1.4")
    if all(np.ptp(prompt[author][pairs[author]]) < 1e-9 for author in kept):
        raise NotApplicable("all pairs of prompts are equally similar, so their similarity can predict nothing")
    left = [answers.authors[author] for author in range(len(count)) if author not in kept]
    notes = (f"Authors left out, with fewer than {FEWEST} pairs: {', '.join(left)}.",) if left else ()
    ceilings = [float(ceiling_tables(rollouts, answers, chosen).mean(axis=0)[pairs].mean()) for chosen in parts[:2]]
    notes = (
        f"By counting noise alone prompts of equal usage would reach a cosine of {ceilings[0]:.3f}, completions "
        f"{ceilings[1]:.3f}.",
        *notes,
    )
    names = tuple(answers.authors[author] for author in kept)
    return _Tables(
        names, prompt[kept], generated[kept], whole[kept], first[kept], second[kept], pairs[kept], as_long, notes
    )


def _notes(tables: _Tables) -> tuple[str, ...]:
    """How many pairs there are, how far the predictor ranges, and what is not measured."""
    similar = tables.prompt[tables.pairs]
    low, high = np.quantile(similar, [0.05, 0.95])
    return (
        f"{int(tables.pairs.any(axis=0).sum())} pairs of prompts, {len(tables.authors)} authors; nine in ten prompt "
        f"similarities lie between {low:.3f} and {high:.3f}: where they hardly differ, little can be predicted.",
        "Fig. 14 shows the pooled hidden states of the same pairs, which the evidence on rollouts does not keep.",
    )


def _figure(tables: _Tables, called: str) -> Figure:
    """Similarity of prompts against that of what was generated from them, author by author."""
    series = []
    for number, name in enumerate(tables.authors):
        x, y = (table[number][tables.pairs[number]] for table in (tables.prompt, tables.generated))
        step = -(-len(x) // POINTS)
        series.append(Series(name, rounded(x[::step]), rounded(y[::step])))
    return Figure(
        kind="scatter",
        title=f"{called}, mean over layers",
        redraws="GEO Fig. 7",
        x_label="usage cosine of the prompts",
        y_label="usage cosine of the generated tokens",
        series=series,
    )
