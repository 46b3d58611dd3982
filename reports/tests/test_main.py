"""The command line: exit codes, sentences, and no half-written file."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import Certificate, Record, read_records, to_json, write_records
from claims.core.verdict import Verdict
from reports.__main__ import main
from reports.data.read import load
from reports.tests.support.pages import rows
from reports.tests.support.samples import criterion, record

DOCS = Path(__file__).parents[2] / "docs"
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


def test_render_writes_beside_the_records_to_a_folder_or_a_file(write: Write, tmp_path: Path, capsys: Capture) -> None:
    path = write("run/records.jsonl", ONE)
    for records, options, report in (
        (path, [], path.with_name("report.md")),
        (path.parent, [], path.with_name("report.md")),
        (path, ["-o", str(tmp_path / "new" / "deep")], tmp_path / "new" / "deep" / "report.md"),
        (path, ["-o", str(tmp_path / "summary.md")], tmp_path / "summary.md"),
    ):
        assert main(["render", str(records), *options]) == 0
        assert capsys.readouterr().out.strip() == str(report)
        assert report.is_file()
    for page in ("details/kernel-energy.md", "papers/geo.md"):
        assert "[The report](../summary.md)" in (tmp_path / page).read_text(encoding="utf-8")


def test_compare_exits_one_for_a_verdict_that_vanished(write: Write, capsys: Capture) -> None:
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


def test_merge_refuses_what_disagrees_and_tells_of_other_runs(write: Write, tmp_path: Path, capsys: Capture) -> None:
    first, target = str(write("a.jsonl", ONE)), tmp_path / "all.jsonl"
    refuted = write("b.jsonl", replace(ONE, verdict=Verdict.REFUTED))
    assert main(["merge", first, str(refuted), "-o", str(target)]) == 2
    assert capsys.readouterr().err == "reports: two records of claim kernel-energy on a disagree in verdict\n"
    assert not target.exists()
    foreign = write("c.jsonl", replace(ONE, claim="x", provenance={**ONE.provenance, "commit": "abc"}))
    assert main(["merge", first, str(foreign)]) == 0
    assert capsys.readouterr().err == "reports: note: the shards are not of one run: they differ in commit\n"


def test_matrix_prints_the_report_s_matrix_without_links(write: Write, capsys: Capture) -> None:
    assert main(["matrix", str(write("records.jsonl", ONE, TWO))]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        "2 claims on 1 checkpoint (a) gave 2 verdicts: 1 supported and 1 refuted. "
        "What random weights of the same architecture give was not measured for a; --untrained names such.\n\n"
        "## Claims by"
    )
    assert ["kernel-energy", "✓ supported 0.500"] in rows(printed)
    assert "](" not in printed


def test_compare_exits_one_for_a_lost_margin_and_takes_its_share(write: Write, capsys: Capture) -> None:
    nearer = replace(ONE, criteria=[criterion("x", (0.36, 0.26, 0.46), "> 0.2")])
    runs = [str(write("old.jsonl", ONE)), str(write("new.jsonl", nearer))]
    assert main(["compare", *runs]) == 0
    assert main(["compare", *runs, "--margin", "0.5"]) == 1
    assert main(["compare", *runs, "--margin", "-1"]) == 2
    assert main(["compare", *runs, "--margin", "nan"]) == 2
    assert capsys.readouterr().err.count("--margin is a share") == 2


def _damaged(**changes: object) -> str:
    return json.dumps({**json.loads(to_json(ONE)), **changes})


def _experiment(**facts: object) -> str:
    return _damaged(checkpoint={"name": "a", "kind": "experiment", **facts})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "holds no record"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (None, "No such file"),
        ("{not json", "line 1 is not JSON"),
        ('{"schema": 99}', "line 1 is not a record of schema 1"),
        ('["a"]', "not a record of schema 1"),
        ('{"schema": 1}', "line 1 has no field 'claim'"),
        (_damaged(verdict="perhaps"), "line 1: verdict is 'perhaps', which it may not be"),
        (_damaged(criteria=[{"name": "x"}]), "line 1: criteria[0] has no field 'value'"),
        (_damaged(criteria="none"), "line 1: criteria is text, not a list"),
        (_damaged(title=5), "line 1: title is a whole number, not text"),
        (_damaged(variant={"r": 8}), "line 1: variant[...] is a whole number, not text"),
        (_damaged(seconds="long"), "line 1: seconds is text, not a number or null"),
        (
            _damaged(checkpoint={"name": "a", "kind": "audio"}),
            "record 1: checkpoint: kind is 'audio', which it may not be",
        ),
        (_damaged(checkpoint={"name": "a", "kind": ["moe"]}), "checkpoint: kind is a list, not text"),
        (_experiment(arms="ab", checkpoints=[]), "record 1: checkpoint: arms is text, not a list"),
        (
            _experiment(arms=["a", "b"], checkpoints=[["a", 1]]),
            "checkpoint: checkpoints[0][1] is a whole number, not text",
        ),
        (_experiment(arms=["a", "b"]), "checkpoint has no field 'checkpoints'"),
        (_experiment(arms=["a", "b"], checkpoints=[["a"]]), "does not name one checkpoint an arm for every seed"),
        (_damaged(title="\ud800"), "line 1 is not JSON in UTF-8"),
        (_experiment(about=["x", {"y": "\udfff"}]), "line 1 is not JSON in UTF-8"),
        (_damaged(seconds=1e101), "line 1: seconds is not a number <= 1e+100"),
        (
            _damaged(provenance={"seed": 10**400}),
            "line 1: provenance[...] is not a whole number <= 9223372036854775807",
        ),
        (_damaged(seconds=float("nan")), "line 1 is not JSON in UTF-8"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_records_are_one_sentence(tmp_path: Path, capsys: Capture, content: str | bytes | None, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    commands = ["render", "html", "matrix", "merge"]
    good = tmp_path / "good.jsonl"
    write_records(good, [ONE])
    pair = [str(good), str(path)]
    history = ["history", *pair, "-o", str(tmp_path / "history")]
    for command in (*([name, str(path)] for name in commands), ["compare", *pair], ["merge", *pair], history):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert error.startswith("reports: ")
        assert says in error
        assert error.count("\n") == 1
    assert main(["html", str(good), "--history", *pair]) == 2
    assert {p.name for p in tmp_path.iterdir()} - {"bad.jsonl"} == {"good.jsonl"}


def test_unwritable_target_is_one_sentence(write: Write, tmp_path: Path, capsys: Capture) -> None:
    path = str(write("records.jsonl", ONE))
    (tmp_path / "file").write_text("")
    targets = {
        "file/under": "render",
        "file/out.jsonl": "merge",
        "file/page.html": "html",
        ".": "html",
        "file": "history",
    }
    for target, command in targets.items():
        assert main([command, path, "-o", str(tmp_path / target)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"reports: cannot write {tmp_path}")
        assert ".new" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "records.jsonl"]


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("html", ()),
        ("export", ()),
        ("merge", ()),
        ("card", ("--checkpoint", "a")),
        ("badge", ("--checkpoint", "a")),
    ],
)
def test_what_cannot_be_written_is_named_as_the_user_named_it(
    command: str, more: tuple[str, ...], write: Write, tmp_path: Path, capsys: Capture
) -> None:
    path, target = str(write("records.jsonl", ONE)), tmp_path / "taken"
    target.mkdir()
    assert main([command, path, *more, "-o", str(target)]) == 2
    assert capsys.readouterr().err == f"reports: cannot write {target}: Is a directory\n"
    assert not list(target.iterdir())


def test_the_shipped_schema_of_records_is_current(capsys: Capture) -> None:
    assert main(["schema", "records"]) == 0
    assert (DOCS / "schema" / "records.schema.json").read_text(encoding="utf-8") == capsys.readouterr().out
    assert len(load(DOCS / "sample" / "records.jsonl")) > 400


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
