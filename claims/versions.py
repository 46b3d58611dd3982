"""Versions of claims: a claim whose thresholds, equation or variants change is another claim, and its version says so.

``claims/versions.toml`` keeps of each claim its version and the digest of what defines it. After a change, raise the
claim's ``version`` by one where it is declared, and renew the file::

    python -m claims.versions

which refuses while a claim was changed and its version was not raised. Numbers of different versions are not compared.
"""

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from claims.core.claim import Claim
from claims.runner.catalogue import catalogue
from fixtures.messages.checked import checked

FILE = Path(__file__).parent / "versions.toml"
_HEAD = "# Of each claim its version, and the digest of what defines it; written by: python -m claims.versions\n"


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file keeps of a claim."""

    version: int
    digest: str


def digest(claim: Claim) -> str:
    """Return the digest of what defines a claim: kind, equation, null, variants, and thresholds with their values."""
    defines = {
        "kind": claim.kind,
        "equation": " ".join(claim.equation.split()),
        "null": " ".join(claim.null_says.split()),
        "variants": [dict(variant) for variant in claim.variants],
        "thresholds": {name: threshold.value for name, threshold in sorted(claim.thresholds.items())},
    }
    return hashlib.sha256(json.dumps(defines, sort_keys=True).encode()).hexdigest()[:16]


def kept(file: Path = FILE) -> dict[str, Kept]:
    """Read what the file keeps, by claim; nothing where there is no file.

    Raises
    ------
    ValueError
        When it is not TOML, or an entry is not a version and a digest.
    """
    if not file.exists():
        return {}
    return checked(tomllib.loads(file.read_text(encoding="utf-8")), dict[str, Kept], file.name)


def unraised(claims: Iterable[Claim], stored: dict[str, Kept]) -> list[str]:
    """Return a sentence for each claim that changed while its version was not raised."""
    return [
        f"{claim.id} changed: raise its version from {claim.version} to {stored[claim.id].version + 1} where it is "
        "declared, then run: python -m claims.versions"
        for claim in claims
        if claim.id in stored and digest(claim) != stored[claim.id].digest and claim.version <= stored[claim.id].version
    ]


def outdated(claims: Iterable[Claim], stored: dict[str, Kept]) -> list[str]:
    """Return a sentence for each claim whose entry is not there or of another version, and each entry of no claim."""
    known = {claim.id: claim for claim in claims}
    names = [*known, *(name for name in stored if name not in known)]
    wrong = [n for n in names if n not in stored or n not in known or stored[n].version != known[n].version]
    return [f"the entry of {name} in {FILE.name} is not up to date: run python -m claims.versions" for name in wrong]


def written(claims: Iterable[Claim]) -> str:
    """Return the text of the file, a line a claim in the order of their ids."""
    ordered = sorted(claims, key=lambda claim: claim.id)
    return _HEAD + "".join(f'{c.id} = {{ version = {c.version}, digest = "{digest(c)}" }}\n' for c in ordered)


def main(file: Path = FILE) -> int:
    """Renew the file; return 0, or 1 with a sentence for each claim whose version has to be raised first."""
    claims = catalogue()
    problems = unraised(claims, kept(file))
    for sentence in problems:
        print(sentence, file=sys.stderr)
    if problems:
        return 1
    file.write_text(written(claims), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
