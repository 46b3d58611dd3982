"""Repeated inputs: which sequence of a trace is which document, how often repeated, or as plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fixtures.evidence.sequences import LayerSequences, SequenceTrace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.usage.profiles import cosine_matrix

#: The part of a sequence that is repeated; the rest is its frame.
TEXT = "text"
REPEATED, PLAIN = "duplicated", "plain"


@dataclass(frozen=True)
class Copies:
    """D documents, each read C times repeated and C times as plain text of the same length.

    Attributes
    ----------
    trace : SequenceTrace
    counts : (C,), how often the text is repeated, ascending from 1
    corpus : (D,), corpus of each document
    rows : for each kind, the sequences of the documents, (D, C)
    """

    trace: SequenceTrace
    counts: IntArray
    corpus: IntArray
    rows: dict[str, IntArray]

    @property
    def most(self) -> str:
        """The most copies, for example "12x"."""
        return f"{self.counts[-1]}x"

    @property
    def unit_tokens(self) -> IntArray:
        """Tokens of the text of each document, once: (D,)."""
        return np.asarray(self.of_text(self.trace.part_tokens, REPEATED)[:, 0], dtype=np.int64)

    @property
    def within(self) -> list[BoolArray]:
        """For each domain, which pairs of documents are of it, (D, D); domains of one document have none."""
        domains = [self.corpus == domain for domain in np.unique(self.corpus)]
        return [np.outer(own, own) for own in domains if own.sum() > 1]

    @property
    def across(self) -> list[BoolArray]:
        """For each two domains, which pairs of documents are of the one and the other, (D, D)."""
        domains = [self.corpus == domain for domain in np.unique(self.corpus)]
        return [np.outer(a, b) | np.outer(b, a) for a, b in combinations(domains, 2)]

    def similarity(self, layers: Sequence[LayerSequences], kind: str) -> Float64Array:
        """Usage similarity (GEO Eq 14) of pairs of documents at each count, mean over layers: (C, D, D)."""
        visits = [self.trace.usage_of(layer, [TEXT]) for layer in layers]
        return np.stack([np.mean([cosine_matrix(v[rows]) for v in visits], axis=0) for rows in self.rows[kind].T])

    def energy(self, layer: LayerSequences, kind: str) -> Float64Array:
        """Shared-direction energy (GEO Eq 7) of each whole sequence, its frame included: (D, C)."""
        if layer.spectrum is None:
            raise ValueError(f"The evidence holds no spectra at layer {layer.layer}; capture it again.")
        return np.asarray(layer.spectrum.energy[:, 0][self.rows[kind]], dtype=np.float64)

    def logit_norm(self, layer: LayerSequences, kind: str) -> Float64Array:
        """Mean norm of the logits over the text: (D, C)."""
        return self.of_text(layer.logit_norm, kind)

    def confidence(self, layer: LayerSequences, kind: str) -> Float64Array:
        """Mean of max softmax(z) over the text: (D, C)."""
        return self.of_text(layer.confidence, kind)

    def of_text(self, values: npt.NDArray[np.generic], kind: str) -> Float64Array:
        """One number a sequence and part, (S, P), for the text of each document: (D, C)."""
        return np.asarray(values[:, self.trace.part_numbers([TEXT])[0]][self.rows[kind]], dtype=np.float64)


def read_copies(trace: SequenceTrace) -> Copies:
    """Sort the sequences of a trace by document, kind and count.

    Raises
    ------
    ValueError
        When a document is not there once for every kind and count, or not with a single copy.
    """
    labels = zip(trace.labels["document"], trace.labels["kind"], map(int, trace.labels["copies"]), strict=True)
    place = {label: number for number, label in enumerate(labels)}
    documents = list(dict.fromkeys(document for document, _, _ in place))
    counts = sorted({count for _, _, count in place})
    wanted = {(document, kind, count) for document in documents for kind in (REPEATED, PLAIN) for count in counts}
    if set(place) != wanted or len(place) != trace.sequences or counts[:1] != [1] or len(counts) < 2:
        raise ValueError(
            f"{len(documents)} documents need {len(wanted)} sequences, one for each of {', '.join(map(str, counts))} "
            f"copies and one for as much plain text, and the evidence holds {trace.sequences} others."
        )
    rows = {
        kind: np.array([[place[document, kind, count] for count in counts] for document in documents])
        for kind in (REPEATED, PLAIN)
    }
    return Copies(trace, np.array(counts), trace.corpus[rows[REPEATED][:, 0]], rows)
