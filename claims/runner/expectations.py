"""Expectations: which verdict a (claim, checkpoint) is known to have. They colour tests, never verdicts."""

import tomllib
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import msgspec

from claims.core.claim import Claim, Variant
from claims.core.verdict import Verdict
from fixtures.messages.checked import checked


class ExpectationError(ValueError):
    """The expectations file is damaged or stale; the message is one sentence that names the entry."""


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry: a known verdict, or several for a variant too close to its threshold to call, with the reason."""

    claim: str
    checkpoint: str
    verdict: Verdict | Annotated[list[Verdict], msgspec.Meta(min_length=1)]
    reason: str
    variant: str = "*"

    def matches(self, claim: str, checkpoint: str, variant: Variant) -> bool:
        """Tell whether the entry speaks of this claim, checkpoint (a pattern) and variant (a pattern)."""
        return (
            self.claim == claim
            and fnmatchcase(checkpoint, self.checkpoint)
            and fnmatchcase(variant_name(variant), self.variant)
        )

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The expected verdict, or the several."""
        return (self.verdict,) if isinstance(self.verdict, Verdict) else tuple(self.verdict)

    @property
    def says(self) -> str:
        """The expected verdict in words, ``refuted or inconclusive`` where there are several."""
        return " or ".join(self.verdicts)


def variant_name(variant: Variant) -> str:
    """Return a variant as ``key=value, key=value``; empty for a claim without variants."""
    return ", ".join(f"{key}={value}" for key, value in variant.items())


def read_expectations(path: Path) -> list[Expectation]:
    """Read ``claims/expected.toml``: an array of tables ``expect``.

    Raises
    ------
    ExpectationError
        When the file cannot be read, is not TOML, or an entry lacks a field or names no verdict.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExpectationError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ExpectationError(f"{path}: not TOML ({error})") from error
    entries = data.get("expect", [])
    if not isinstance(entries, list):
        raise ExpectationError(f"{path}: `expect` is not an array of tables ([[expect]])")
    try:
        return [checked(entry, Expectation, f"{path}, entry {number}") for number, entry in enumerate(entries, 1)]
    except ValueError as error:
        raise ExpectationError(str(error)) from error


def expected_verdict(
    entries: Iterable[Expectation], claim: str, checkpoint: str, variant: Variant
) -> Expectation | None:
    """Return the first entry that matches, or None."""
    return next((e for e in entries if e.matches(claim, checkpoint, variant)), None)


def check_entries(
    path: Path, entries: Iterable[Expectation], claims: Collection[Claim], checkpoints: Collection[str]
) -> None:
    """Refuse entries that match nothing.

    Parameters
    ----------
    claims : every claim of the catalogue
    checkpoints : every name an entry may speak of: the embedded ones and those of this run

    Raises
    ------
    ExpectationError
        Naming the first entry that matches no claim, variant or checkpoint.
    """
    for number, entry in enumerate(entries, start=1):
        named = [c for c in claims if c.id == entry.claim]
        if not named:
            raise ExpectationError(f"{path}, entry {number}: there is no claim {entry.claim!r}")
        if not any(fnmatchcase(variant_name(f), entry.variant) for f in named[0].variants):
            raise ExpectationError(f"{path}, entry {number}: {entry.claim} has no variant {entry.variant!r}")
        if not any(fnmatchcase(name, entry.checkpoint) for name in checkpoints):
            raise ExpectationError(f"{path}, entry {number}: no checkpoint matches {entry.checkpoint!r}")
