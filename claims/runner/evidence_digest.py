"""The digest of what evidence says: every number of it, and nothing of where, when and how it was captured."""

import hashlib
import weakref
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np

from fixtures.evidence.experiments import Experiment, FunctionExperiment
from fixtures.kinds.registry import kinds
from fixtures.mlp.arms import MlpArms

#: Letters of a digest that a person can compare.
LENGTH = 16
#: Fields that tell of machine, versions and files; a record says these itself.
_LEFT_OUT = ("checkpoint", "provenance")
_KNOWN: dict[int, bytes] = {}


def digest_of(arguments: Mapping[str, object]) -> str:
    """Return the digest of the evidence among the arguments of a claim's function; "" where there is none."""
    return content_digest({name: value for name, value in arguments.items() if isinstance(value, _types())})


@cache
def _types() -> tuple[type, ...]:
    return (Experiment, FunctionExperiment, MlpArms, *(kind.type for kind in kinds().values()))


def content_digest(evidence: Mapping[str, object]) -> str:
    """Return the first `LENGTH` hexadecimal letters of the SHA-256 of pieces of evidence; "" for none.

    The same numbers give the same digest on every machine, in whichever order the pieces come; another bit of any array
    gives another one.

    Parameters
    ----------
    evidence : frozen dataclasses of arrays, numbers, texts, tuples and mappings, by the name that a claim calls them

    Raises
    ------
    TypeError
        When a piece holds something else.

    Examples
    --------
    >>> content_digest({}), len(content_digest({"numbers": (1, 2.5)}))
    ('', 16)
    """
    total = hashlib.sha256()
    for name in sorted(evidence):
        total.update(_framed(name.encode(), b"name") + _of_piece(evidence[name]))
    return total.hexdigest()[:LENGTH] if evidence else ""


def _of_piece(piece: object) -> bytes:
    """Return the digest of a piece, computed once: many claims read the same."""
    if id(piece) in _KNOWN:
        return _KNOWN[id(piece)]
    total = hashlib.sha256()
    _add(total, piece)
    if is_dataclass(piece):
        weakref.finalize(piece, _KNOWN.pop, id(piece), None)
        _KNOWN[id(piece)] = total.digest()
    return total.digest()


def _add(total: Any, value: object) -> None:
    """Add a value to a digest, each part with its type and length before it, so that no two read alike."""
    if isinstance(value, np.ndarray):
        total.update(_framed(f"{value.dtype.str}{value.shape}".encode(), b"array"))
        total.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    elif is_dataclass(value):
        told = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in _LEFT_OUT}
        _add(total, told)
    elif isinstance(value, Mapping):
        total.update(_framed(str(len(value)).encode(), b"mapping"))
        for key in sorted(value, key=repr):
            _add(total, key)
            _add(total, value[key])
    elif isinstance(value, tuple | list):
        total.update(_framed(str(len(value)).encode(), b"items"))
        for item in value:
            _add(total, item)
    else:
        total.update(_framed(*_plain(value)))


def _plain(value: object) -> tuple[bytes, bytes]:
    """Return a text, number or nothing as bytes, and the name of its type."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is not None and not isinstance(plain, bool | int | float | str):
        raise TypeError(f"evidence holds a {type(value).__name__}, which has no digest")
    return repr(plain).encode(), type(plain).__name__.encode()


def _framed(content: bytes, kind: bytes) -> bytes:
    return b"%s %d:%s" % (kind, len(content), content)
