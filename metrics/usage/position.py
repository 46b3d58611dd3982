"""What position and length alone say of a text's routing: tokens and texts exchanged with others of the same place.

Routing that slides with position makes texts of unlike length use unlike experts, whatever they say. So what tells
texts apart is held against the same texts whose tokens are those of any text, at the same places.
"""

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, Int64Array, IntArray, as_float64
from metrics.usage.counting_noise import visits_by_group

#: Bands of places or lengths, to a doubling.
BANDS = 2


def bands(place: FloatArray | IntArray) -> Int64Array:
    """Number the band that a place or a length lies in: from one band to the next it grows by a factor of sqrt(2).

    Parameters
    ----------
    place : places counted from 1, or lengths in tokens, any shape; below 1 as 1

    Returns
    -------
    int64 array of the same shape, from 0

    Examples
    --------
    >>> bands(np.array([1, 2, 3, 4, 6, 256])).tolist()
    [0, 2, 3, 4, 5, 16]
    """
    counted = np.maximum(as_float64(np.asarray(place)), 1.0)
    return np.asarray(np.floor(BANDS * np.log2(counted)), dtype=np.int64)


def middle_places(tokens: IntArray) -> Float64Array:
    """Return the middle place of each part of texts whose parts follow one another, counted from 1.

    Parameters
    ----------
    tokens : int array of shape (S, P), tokens of each part

    Returns
    -------
    float64 array of shape (S, P); of a part without tokens the end of the one before, plus a half

    Examples
    --------
    Places 1 to 8 and 9 to 12:

    >>> middle_places(np.array([[8, 4]])).tolist()
    [[4.5, 10.5]]
    """
    counts = np.asarray(tokens, dtype=np.float64)
    return np.asarray(counts.cumsum(axis=1) - counts + (counts + 1) / 2)


def drawn_by_position(visits: IntArray, tokens: IntArray, band: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw the tokens of each part of a text from the usage of all texts at its band of places.

    All texts draw from the same tokens, so nothing but how long they are, and so which places they reach, tells them
    apart: what they share, or do not, is what position, length and counting noise give. Reconstructed: a token's
    choices are drawn one by one, as in `metrics.usage.counting_noise.drawn_alike`. A text that would be left without a
    visit keeps its own.

    Parameters
    ----------
    visits : int array of shape (S, P, E), visits of each expert in each part of each text
    tokens : int array of shape (S, P), the tokens that made them
    band : int array of shape (S, P), the band of places of each part, for example `bands` of `middle_places`
    rng : source of the draws

    Returns
    -------
    int64 array of shape (S, P, E), visits

    Examples
    --------
    Early tokens use the first expert and late ones the second, in every text: so do those that are drawn.

    >>> visits, tokens = np.array([[[8, 0], [0, 0]], [[8, 0], [0, 8]]]), np.array([[8, 0], [8, 8]])
    >>> drawn = drawn_by_position(visits, tokens, np.array([[0, 1], [0, 1]]), np.random.default_rng(0))
    >>> bool((drawn == visits).all())
    True
    """
    _, number = np.unique(band, return_inverse=True)
    place = number.reshape(np.shape(tokens))
    pooled = visits_by_group(visits, place)
    made = np.bincount(place.ravel(), weights=np.ravel(tokens), minlength=len(pooled))[:, None]
    share = np.divide(pooled, made, out=np.zeros_like(pooled), where=made > 0)
    drawn = rng.binomial(np.asarray(tokens)[..., None], share[place].clip(0.0, 1.0))
    return np.where(drawn.any(axis=(1, 2), keepdims=True), drawn, visits)


def same_length(tokens: FloatArray | IntArray) -> BoolArray:
    """Tell of every two texts whether they are of the same length, to a factor of sqrt(2).

    Parameters
    ----------
    tokens : array of shape (N,), above 0; NaN of a text that is not there

    Returns
    -------
    bool array of shape (N, N), symmetric; False where a length is NaN

    Examples
    --------
    >>> same_length(np.array([100, 140, 190])).tolist()
    [[True, True, False], [True, True, True], [False, True, True]]
    """
    length = as_float64(np.asarray(tokens))
    most, least = np.maximum(length[:, None], length), np.minimum(length[:, None], length)
    return np.asarray(most <= np.sqrt(2) * least)


def permuted_within(labels: IntArray, band: IntArray, rng: np.random.Generator) -> Int64Array:
    """Permute labels among the texts of the same band, so that length keeps what it tells of them.

    Parameters
    ----------
    labels : int array of shape (N,)
    band : int array of shape (N,); where all texts are of one band, every permutation is as likely as any other
    rng : source of the order

    Returns
    -------
    int64 array of shape (N,)

    Examples
    --------
    Labels that go with the length stay where they are:

    >>> permuted_within(np.array([0, 0, 1, 1]), np.array([5, 5, 9, 9]), np.random.default_rng(0)).tolist()
    [0, 0, 1, 1]
    """
    found = np.array(labels, dtype=np.int64)
    for one in np.unique(band):
        own = np.flatnonzero(np.asarray(band) == one)
        found[own] = rng.permutation(found[own])
    return found


def changed_within(labels: IntArray, band: IntArray) -> float:
    """Return how many labels `permuted_within` is expected to change, over how many a permutation of all changes.

    Near 0 the permuted labels are almost the true ones, and say nothing of what the labels do.

    Parameters
    ----------
    labels : int array of shape (N,); a number of its own each where texts themselves are exchanged
    band : int array of shape (N,)

    Returns
    -------
    In [0, 1]: 1 where all texts are of one band, 0 where no label can change

    Examples
    --------
    Nine texts in ten are of a band whose other texts have their label:

    >>> labels, band = np.repeat([0, 1], 10), np.repeat([5, 9], 10)
    >>> band[[0, 10]] = 9, 5
    >>> round(changed_within(labels, band), 2)
    0.36
    """
    every = _expected_changes(labels)
    parts = [_expected_changes(np.asarray(labels)[np.asarray(band) == one]) for one in np.unique(band)]
    return sum(parts) / every if every > 0 else 0.0


def _expected_changes(labels: IntArray) -> float:
    """Expected number of labels that a permutation changes: of each the share of the others, itself included."""
    _, counts = np.unique(labels, return_counts=True)
    return float(len(labels) - np.square(counts).sum() / len(labels))
