"""GEO Fig. 6: overlap of most-used experts by layer, for four kinds of pairs of rollouts and for chance."""

import numpy as np
import numpy.typing as npt

from claims.curves import along
from claims.overlap_tables import OverlapTables, same_question
from claims.question_bootstrap import mean_over_pairs, mean_over_questions
from claims.record import Figure, Series
from claims.sampling import Sampling
from metrics.estimate import Estimate

FloatArray = npt.NDArray[np.float64]

#: What the paper reports for different authors of one question.
PAPER = 0.6


def overlap_figure(tables: OverlapTables, tokens: str, sampling: Sampling) -> Figure:
    """Draw Fig. 6: the kinds of pairs that there are, the size-matched null, and the paper's 60 %."""
    lines = [
        ("same question, same author, other seed", _own(same_question(tables.same), sampling)),
        ("same question, different authors", _own(same_question(tables.different), sampling)),
        ("different questions, same author", _apart(tables.same, sampling)),
        ("different questions, different authors", _apart(tables.different, sampling)),
        ("sets of the same sizes, experts renamed", _own(same_question(tables.different_chance), sampling)),
    ]
    ends = [float(tables.layers[0]), float(tables.layers[-1])]
    return Figure(
        kind="lines",
        title=f"experts that two rollouts share, {'all tokens' if tokens == 'whole rollout' else 'generated tokens'}",
        redraws="GEO Fig. 6",
        x_label="layer",
        y_label="Jaccard of top-p sets, p = 0.8",
        series=[along(name, tables.layers, estimates) for name, estimates in lines if estimates],
        reference=[Series("the paper's 60 %", ends, [PAPER, PAPER])],
    )


def _own(table: FloatArray, sampling: Sampling) -> list[Estimate]:
    """One estimate a layer from values (L, Q), none where no question has a value."""
    if np.isnan(table).all():
        return []
    return [mean_over_questions(values, sampling) for values in table]


def _apart(table: FloatArray, sampling: Sampling) -> list[Estimate]:
    """One estimate a layer from pairs of different questions (L, Q, Q), none where there is no pair."""
    if np.isnan(table[:, ~np.eye(table.shape[1], dtype=np.bool_)]).all():
        return []
    return [mean_over_pairs(pairs, sampling) for pairs in table]
