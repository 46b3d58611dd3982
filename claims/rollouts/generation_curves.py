"""How alike the usage of two rollouts is as generation goes on, for pairs of questions.  GEO Fig. 9."""

from dataclasses import dataclass

import numpy as np

from claims.core.finding import NotApplicable
from claims.rollouts.usage_similarity import over_authors, seed_similarity, similarity_tables
from claims.shared.answers import Answers, require_unrelated
from claims.shared.question_bootstrap import over_questions, own_mean, pair_mean
from claims.shared.rollout_parts import generated_parts, prompt_part, reached_lengths
from fixtures.evidence.sequences import SequenceTrace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

#: Two points are in order by luck, one time in two.
FEWEST_POINTS = 3
#: Similarities that differ by less are equal to rounding.
DIGITS = 9

SO_FAR = "prompt and generation so far"
ALONE = "each stretch of generation alone"


@dataclass(frozen=True)
class GenerationCurves:
    """Usage cosines at m generated lengths.

    Attributes
    ----------
    lengths : m numbers of generated tokens; 0 is the prompt's end
    pairs : (m, L, Q, Q), of rollouts of questions i and j, NaN for pairs that are not looked at
    seeds : (m, L, Q), of two rollouts of one question, by which ``pairs`` are divided; None where they are not
    notes : what was left out
    """

    lengths: tuple[int, ...]
    pairs: Float64Array
    seeds: Float64Array | None
    notes: tuple[str, ...]

    def at(self, drawn: Float64Array, layers: slice, point: int) -> Float64Array:
        """Return the value at one of the lengths, mean over layers, of drawn questions: (..., Q) to (...)."""
        value = pair_mean(drawn, self.pairs[point, layers].mean(axis=0))
        if self.seeds is None:
            return value
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(value / own_mean(drawn, self.seeds[point, layers].mean(axis=0)))


def generation_curves(
    rollouts: SequenceTrace, answers: Answers, apart: BoolArray, similarity: str, *, noiseless: bool = False
) -> GenerationCurves:
    """Measure usage cosines up to the lengths that at least half of the rollouts reach.

    Parameters
    ----------
    apart : (Q, Q), the pairs of questions to look at
    similarity : SO_FAR, the prompt and all tokens so far; or ALONE, the tokens of each stretch, with two seeds'
    noiseless : SO_FAR: without counting noise, as in `similarity_tables`

    Raises
    ------
    NotApplicable
        When fewer than three lengths are left, or ALONE finds too few questions with two seeds of one author.
    """
    ends = reached_lengths(rollouts)
    lengths = (0, *ends) if similarity == SO_FAR else ends
    if len(lengths) < FEWEST_POINTS:
        raise NotApplicable(
            f"half of the rollouts end within {_median_length(rollouts):.0f} generated tokens, which leaves "
            f"{len(lengths)} lengths to compare; {FEWEST_POINTS} are needed"
        )
    if similarity == SO_FAR:
        prompt = prompt_part(rollouts)
        so_far = [prompt, *((*prompt, *generated_parts(rollouts, end=end)) for end in ends)]
        tables = [over_authors(similarity_tables(rollouts, answers, parts, noiseless=noiseless)) for parts in so_far]
        return GenerationCurves(lengths, np.where(apart, np.stack(tables), np.nan), None, ())
    stretches = [generated_parts(rollouts, start=start, end=end) for start, end in zip((0, *ends), ends, strict=False)]
    pairs = np.stack([similarity_tables(rollouts, answers, parts) for parts in stretches])
    seeds = np.stack([seed_similarity(rollouts, answers, parts) for parts in stretches])
    # The same questions and authors at every length: short answers would change who is compared.
    whole = np.asarray(np.isfinite(seeds).all(axis=(0, 1)))
    if not whole.any():
        raise NotApplicable(f"no author has two rollouts of one question that generate {ends[-2]} tokens and more")
    pairs = np.where(whole[:, :, None] & whole[:, None, :] & apart, pairs, np.nan)
    left = int(np.count_nonzero(~whole))
    tables = [over_authors(table) for table in pairs]
    require_unrelated(tables[0][0], "unrelated questions that one author answered twice at every length")
    return GenerationCurves(
        lengths,
        np.stack(tables),
        np.stack([over_authors(np.where(whole, table, np.nan)) for table in seeds]),
        (f"{left} of {whole.size} pairs of author and question were left out, without two answers long enough.",),
    )


def _median_length(rollouts: SequenceTrace) -> float:
    """Return the median number of generated tokens."""
    numbers = rollouts.part_numbers(generated_parts(rollouts))
    return float(np.median(rollouts.part_tokens[:, numbers].sum(axis=1)))


def fall(curves: GenerationCurves, layers: slice, sampling: Sampling) -> Estimate:
    """Estimate Spearman's correlation of length and similarity, resampling questions; 0 for a flat curve."""

    def trend(drawn: Float64Array) -> Float64Array:
        points = [curves.at(drawn, layers, point) for point in range(len(curves.lengths))]
        return _trend(np.stack(points, axis=-1))

    return over_questions(curves.pairs.shape[-1], trend, sampling, interval="percentile")


def drop_by_depth(curves: GenerationCurves, sampling: Sampling) -> Estimate:
    """Estimate Spearman's correlation of the layer and how far its curve falls over the first half of the lengths."""
    half = 1 + len(curves.lengths) // 2
    drops = curves.pairs[0] - curves.pairs[1:half].mean(axis=0)

    def trend(drawn: Float64Array) -> Float64Array:
        return _trend(np.stack([pair_mean(drawn, table) for table in drops], axis=-1))

    return over_questions(curves.pairs.shape[-1], trend, sampling, interval="percentile")


def _trend(points: Float64Array) -> Float64Array:
    """Spearman's correlation of points (..., m) with their order, 0 where they are equal, NaN where one is."""
    known = np.asarray(np.isfinite(points).all(axis=-1))
    values = np.where(known[..., None], points, 0.0).round(DIGITS)
    found = row_spearman(np.broadcast_to(np.arange(points.shape[-1]), values.shape), values)
    return np.asarray(np.where(known, np.nan_to_num(found), np.nan))
