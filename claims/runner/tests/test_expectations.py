"""The expectations file: strict in both directions, damaged entries named."""

from pathlib import Path

import pytest

from claims.core.verdict import Verdict
from claims.runner.catalogue import catalogue
from claims.runner.expectations import ExpectationError, check_entries, expected_verdict, read_expectations

ENTRY = """
[[expect]]
claim = "necessity-full-space"
checkpoint = "{checkpoint}"
verdict = "{verdict}"
reason = "kernel"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "expected.toml"
    path.write_text(text)
    return path


def test_the_first_matching_entry_counts(tmp_path: Path) -> None:
    text = ENTRY.format(checkpoint="olmoe-*", verdict="refuted") + ENTRY.format(checkpoint="*", verdict="supported")
    entries = read_expectations(written(tmp_path, text))
    found = [expected_verdict(entries, "necessity-full-space", name, {}) for name in ("olmoe-aux", "mine")]
    assert [entry.verdicts for entry in found if entry] == [(Verdict.REFUTED,), (Verdict.SUPPORTED,)]
    assert expected_verdict(entries, "kernel-energy", "mine", {}) is None


def test_variants_are_matched_by_pattern(tmp_path: Path) -> None:
    text = ENTRY.format(checkpoint="*", verdict="refuted").replace("necessity-full-space", "kernel-energy")
    entries = read_expectations(written(tmp_path, text + 'variant = "of=variance"\n'))
    assert expected_verdict(entries, "kernel-energy", "x", {"of": "variance"}) is not None
    assert expected_verdict(entries, "kernel-energy", "x", {"of": "energy"}) is None


def test_an_entry_may_foresee_either_of_two_verdicts(tmp_path: Path) -> None:
    text = ENTRY.format(checkpoint="*", verdict="#").replace('"#"', '["refuted", "inconclusive"]')
    entry = read_expectations(written(tmp_path, text))[0]
    assert entry.verdicts == (Verdict.REFUTED, Verdict.INCONCLUSIVE)
    assert entry.says == "refuted or inconclusive"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[expect]\n", "not TOML"),
        ('[[expect]]\nclaim = "x"\n', "entry 1 has no field 'checkpoint'"),
        (ENTRY.format(checkpoint="*", verdict="green"), "entry 1: verdict is 'green', which it may not be"),
        (
            ENTRY.format(checkpoint="*", verdict="#").replace('"#"', '["refuted", "green"]'),
            r"verdict\[1\] is 'green'",
        ),
        (ENTRY.format(checkpoint="*", verdict="#").replace('"#"', "[]"), "entry 1: verdict is an empty list"),
        (
            ENTRY.format(checkpoint="*", verdict="refuted") + "variants = 'a'\n",
            "entry 1 has the unknown field 'variants'",
        ),
        ("expect = 3\n", "not an array of tables"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ExpectationError, match=sentence):
        read_expectations(written(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("necessity-full-space", "necessity", "no claim 'necessity'"),
        ('checkpoint = "*"', 'checkpoint = "nobody-*"', "no checkpoint matches"),
        ('reason = "kernel"', 'reason = "kernel"\nvariant = "of=shape"', "no variant 'of=shape'"),
    ],
)
def test_an_entry_that_matches_nothing_is_an_error(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = written(tmp_path, ENTRY.format(checkpoint="*", verdict="refuted").replace(old, new))
    with pytest.raises(ExpectationError, match=sentence):
        check_entries(path, read_expectations(path), catalogue(), ["olmoe-aux"])


def test_the_shipped_file_speaks_of_known_claims_and_checkpoints() -> None:
    from fixtures.session.plugin import known_names

    path = Path("claims/expected.toml")
    check_entries(path, read_expectations(path), catalogue(), {*known_names(), "generated"})
