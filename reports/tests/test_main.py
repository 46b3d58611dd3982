"""The command line: exit codes, sentences, and no half-written file."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from claims.record import Certificate, Record, read_records, to_json, write_records
from claims.verdict import Verdict
from reports.__main__ import main
from reports.tests.samples import criterion, record

Capture = pytest.CaptureFixture[str]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write records under a name and return the path."""

    def _write(name: str, *records: Record) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        write_records(path, records)
        return path

    return _write


ONE = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[criterion("x", (0.5, 0.4, 0.6), "> 0.2")])
TWO = record("bound-tightness", "a", Verdict.REFUTED)


def test_render_writes_beside_the_records(write: Write, capsys: Capture) -> None:
    path = write("run/records.jsonl", ONE)
    assert main(["render", str(path)]) == 0
    assert capsys.readouterr().out.strip() == str(path.with_name("report.md"))
    assert main(["render", str(path.parent)]) == 0


def test_render_to_a_folder_or_a_file(write: Write, tmp_path: Path) -> None:
    path = str(write("records.jsonl", ONE))
    assert main(["render", path, "-o", str(tmp_path / "new" / "deep")]) == 0
    assert (tmp_path / "new" / "deep" / "report.md").is_file()
    assert main(["render", path, "-o", str(tmp_path / "summary.md")]) == 0
    assert (tmp_path / "summary.md").is_file()
    page = (tmp_path / "details" / "kernel-energy.md").read_text(encoding="utf-8")
    assert "[The report](../summary.md)" in page
    assert "[The report](../summary.md)" in (tmp_path / "papers" / "geo.md").read_text(encoding="utf-8")


def test_compare_exits_one_only_for_a_changed_verdict(write: Write, capsys: Capture) -> None:
    old, same = write("old.jsonl", ONE, TWO), write("same.jsonl", TWO, replace(ONE, seconds=1.0))
    assert main(["compare", str(old), str(same)]) == 0
    assert main(["compare", str(old), str(write("new.jsonl", ONE))]) == 1
    assert "1 verdict changed" in capsys.readouterr().out


def test_merge_joins_shards_and_forgives_seconds(write: Write, tmp_path: Path, capsys: Capture) -> None:
    a, b = write("a.jsonl", ONE), write("b.jsonl", TWO, replace(ONE, seconds=77.0, provenance={"device": "cuda"}))
    assert main(["merge", str(a), str(b), "-o", str(tmp_path / "all.jsonl")]) == 0
    assert [r.claim for r in read_records(tmp_path / "all.jsonl")] == ["bound-tightness", "kernel-energy"]
    assert main(["merge", str(b), str(a)]) == 0
    assert [json.loads(line)["claim"] for line in capsys.readouterr().out.splitlines()] == [TWO.claim, ONE.claim]


def test_merge_refuses_records_that_disagree(write: Write, tmp_path: Path, capsys: Capture) -> None:
    other = replace(ONE, verdict=Verdict.REFUTED, fork=ONE.fork)
    paths = [str(write("a.jsonl", ONE)), str(write("b.jsonl", other))]
    assert main(["merge", *paths, "-o", str(tmp_path / "all.jsonl")]) == 2
    assert capsys.readouterr().err == "reports: two records of claim kernel-energy on a disagree in verdict\n"
    assert not (tmp_path / "all.jsonl").exists()


def test_merge_says_that_p_values_are_those_of_the_shards(write: Write, capsys: Capture) -> None:
    other = replace(ONE, claim="sequence-similarity")
    assert main(["merge", str(write("a.jsonl", ONE)), str(write("b.jsonl", other))]) == 0
    assert "adjusted p-values" in capsys.readouterr().err


def _damaged(**changes: object) -> str:
    return json.dumps({**json.loads(to_json(ONE)), **changes})


def _experiment(**facts: object) -> str:
    return _damaged(checkpoint={"name": "a", "kind": "experiment", **facts})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "holds no record"),
        ("{not json", "line 1: not JSON"),
        ('{"schema": 99}', "line 1: not a record of schema 1"),
        ('["a"]', "not a record of schema 1"),
        ('{"schema": 1}', "a record without claim"),
        (_damaged(verdict="perhaps"), "'perhaps' is not a valid Verdict"),
        (_damaged(criteria=[{"name": "x"}]), "a damaged record"),
        (_damaged(criteria="none"), "a damaged record"),
        (_damaged(title=5), "record 1: title is not of type str"),
        (_damaged(fork={"r": 8}), "record 1: fork is not of type str"),
        (_damaged(seconds="long"), "record 1: seconds is not a number"),
        (
            _damaged(checkpoint={"name": "a", "kind": "audio"}),
            "kind is 'audio', which is none of moe, dense",
        ),
        (_damaged(checkpoint={"name": "a", "kind": ["moe"]}), "which is none of moe, dense, experiment"),
        (_experiment(arms="ab", checkpoints=[]), "record 1: checkpoint.arms is not of type list"),
        (_experiment(arms=["a", "b"], checkpoints=[["a", 1]]), "checkpoint.checkpoints is not of type str"),
        (_experiment(arms=["a", "b"]), "checkpoint.checkpoints is not of type list"),
        (_experiment(arms=["a", "b"], checkpoints=[["a"]]), "does not name one checkpoint an arm for every seed"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_records_are_one_sentence(tmp_path: Path, capsys: Capture, content: str, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content, encoding="utf-8")
    for command in (["render", str(path)], ["merge", str(path)], ["compare", str(path), str(path)]):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert error.startswith("reports: ")
        assert says in error
        assert error.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.jsonl"]


def test_missing_file_and_binary_file_are_one_sentence(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, says in (("absent.jsonl", "No such file"), ("binary", "is not UTF-8 text")):
        assert main(["render", str(tmp_path / name)]) == 2
        assert says in capsys.readouterr().err


def test_unwritable_target_is_one_sentence(write: Write, tmp_path: Path, capsys: Capture) -> None:
    path = str(write("records.jsonl", ONE))
    (tmp_path / "file").write_text("")
    assert main(["render", path, "-o", str(tmp_path / "file" / "under")]) == 2
    assert main(["merge", path, "-o", str(tmp_path / "file" / "out.jsonl")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert all(error.startswith("reports: cannot write ") for error in errors)


def test_help_names_the_exit_codes(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "--help"])
    assert stopped.value.code == 0
    assert "Exit status" in capsys.readouterr().out


def test_merge_carries_certificates_along(write: Write, tmp_path: Path, capsys: Capture) -> None:
    content = b"arrays"
    digest = hashlib.sha256(content).hexdigest()
    found, lost, outside = (
        replace(ONE, claim=name, certificate=Certificate(file, digest, "blind-move", "says"))
        for name, file in (("a", "certificates/a.npz"), ("b", "certificates/b.npz"), ("c", "../evil.npz"))
    )
    first, second = write("one/records.jsonl", found, lost), write("two/records.jsonl", outside)
    (tmp_path / "one" / "certificates").mkdir()
    (tmp_path / "one" / "certificates" / "a.npz").write_bytes(content)
    (tmp_path / "evil.npz").write_bytes(content)
    assert main(["merge", str(first), str(second), "-o", str(tmp_path / "all" / "records.jsonl")]) == 0
    assert {p.name for p in (tmp_path / "all").rglob("*")} == {"records.jsonl", "certificates", "a.npz"}
    notes = capsys.readouterr().err
    assert "certificates/b.npz" in notes
    assert "../evil.npz" in notes
