"""A claim that changes without its version is caught, and a raised version renews the file."""

from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.claim import Claim, Threshold
from claims.runner.catalogue import catalogue
from claims.tests.support.example_claim import CLAIM
from claims.versions import FILE, Kept, digest, kept, main, outdated, unraised, written


def test_no_claim_changed_without_its_version() -> None:
    """A message says which claim, and how to raise its version."""
    stored = kept()
    assert len(stored) == len(catalogue())
    assert [*unraised(catalogue(), stored), *outdated(catalogue(), stored)] == []
    assert FILE.read_text(encoding="utf-8") == written(catalogue())


STORED = {CLAIM.id: Kept(CLAIM.version, digest(CLAIM))}
NAME = next(iter(CLAIM.thresholds))
STRICTER = replace(CLAIM, thresholds={**CLAIM.thresholds, NAME: Threshold(0.987, "stricter")})


@pytest.mark.parametrize(
    "changed",
    [
        STRICTER,
        replace(CLAIM, equation=f"{CLAIM.equation} + 1"),
        replace(CLAIM, variants=({"rank": "8"},)),
        replace(CLAIM, thresholds={}),
    ],
)
def test_a_changed_claim_is_told_until_its_version_is_raised(changed: Claim) -> None:
    (sentence,) = unraised([changed], STORED)
    assert "raise its version from 1 to 2" in sentence
    raised = replace(changed, version=2)
    assert unraised([raised], STORED) == []
    assert len(outdated([raised], STORED)) == 1


def test_words_do_not_make_another_claim() -> None:
    reworded = replace(
        CLAIM,
        title="Another title",
        statement="In other words.",
        equation=f"  {CLAIM.equation}\n",
        thresholds={name: replace(one, why="another reason") for name, one in CLAIM.thresholds.items()},
    )
    assert digest(reworded) == digest(CLAIM)


def test_the_file_is_renewed_whole_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "versions.toml"
    assert main(file) == 0
    assert kept(file) == kept()
    old = file.read_text(encoding="utf-8").replace(digest(catalogue()[0]), "0" * 16)
    file.write_text(old, encoding="utf-8")
    assert main(file) == 1
    assert f"{catalogue()[0].id} changed: raise its version" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == old


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "versions.toml"
    file.write_text('kernel-energy = { version = "one" }\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"versions\.toml"):
        kept(file)
