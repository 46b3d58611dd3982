"""The collecting plugin, by running pytest inside pytest: serial, on workers, stopped and killed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import reports.outputs.markdown_report  # what is loaded here is not loaded again by each inner run
from claims.core.record import Record, read_records
from reports.__main__ import main

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[3]

CONFTEST = """

import pytest
from claims.core.record import to_json
from claims.core.verdict import Verdict
from reports.tests.support.samples import criterion, record

pytest_plugins = ["reports.runner.collect"]

def pytest_addoption(parser):
    parser.addoption("--report-dir", default="out")

def pytest_configure(config):
    config.addinivalue_line("markers", "claim: a claim")

@pytest.fixture
def keep(request):
    def keep(name):
        half = criterion("energy", (0.5, 0.4, 0.6), "> 0.2", p=0.01)
        text = to_json(record("kernel-energy", name, Verdict.SUPPORTED, criteria=[half]))
        request.node.user_properties.append(("claim-record", text))
    return keep
"""
#: A process that was started in the background may ignore SIGINT; this one must not.
TERMINATE = "os.kill(os.getpid(), signal.SIGTERM)"
INTERRUPT = "signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT)"
TWO_CLAIMS = """
import os, signal
import pytest
pytestmark = pytest.mark.claim

def test_first(keep):
    keep("zoo/a")

def test_second(keep):
    {}
    keep("zoo/b")
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own with the plugin and a stub that attaches records."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest(CONFTEST)
    return pytester


def run(inner: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process of its own."""
    return inner.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *arguments)


def quick(inner: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process, for runs that end in order."""
    return inner.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def written(inner: pytest.Pytester) -> list[Record]:
    """Return the records that a run left, having checked that only the report is beside them."""
    names = {path.name for path in (inner.path / "out").iterdir()}
    assert names == {"records.jsonl", "report.md", "details", "papers"}
    return read_records(inner.path / "out" / "records.jsonl")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_records_matrix_and_report(inner: pytest.Pytester, workers: str) -> None:
    inner.makepyfile(TWO_CLAIMS.format("pass"), test_other="def test_other(): pass")
    result = run(inner, "-n", workers) if int(workers) else quick(inner)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["claim * zoo/a * zoo/b", "kernel-energy * ✓ supported * ✓ supported", "recorded 2 of 2 claim tests"]
    )
    result.stdout.fnmatch_lines(["report: out/report.md"])
    records = written(inner)
    assert [r.key[0] for r in records] == ["zoo/a", "zoo/b"]
    assert [(c.p, c.p_adjusted) for r in records for c in r.criteria] == [(0.01, 0.02)] * 2  # Holm over two claims
    assert "Recorded 2 of 2 claim tests. Beside the papers" in (inner.path / "out" / "report.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("happens", "arguments", "status"),
    [("os._exit(1)", ("-n", "2"), 10), ("pytest.skip('no memory')", (), 0), (INTERRUPT, (), 2), (TERMINATE, (), 2)],
)
def test_what_is_finished_is_kept_and_the_rest_is_missed(
    inner: pytest.Pytester, happens: str, arguments: tuple[str, ...], status: int
) -> None:
    inner.makepyfile(TWO_CLAIMS.format(happens))
    result = run(inner, *arguments)
    assert result.ret == status
    result.stdout.fnmatch_lines(["recorded 1 of 2 claim tests, missing:", "  *::test_second", "report: out/report.md"])
    assert [r.key[0] for r in written(inner)] == ["zoo/a"]


def test_a_keyword_that_matches_nothing_is_told_what_would(inner: pytest.Pytester) -> None:
    inner.makepyfile(TWO_CLAIMS.format("pass"))
    result = quick(inner, "-k", "fig99")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["Nothing here matches -k 'fig99': it takes parts of ids such as kernel-energy, *"])


@pytest.mark.parametrize(("verdict", "status"), [("REFUTED", 1), ("ERROR", 10)])
def test_what_is_broken_is_told_from_what_is_refuted(inner: pytest.Pytester, verdict: str, status: int) -> None:
    inner.makeconftest(CONFTEST.replace("Verdict.SUPPORTED", f"Verdict.{verdict}"))
    inner.makepyfile(TWO_CLAIMS.format("pass") + "    assert False")
    assert quick(inner).ret == status


def test_what_is_not_asked_after_the_first_failure_is_not_lost(inner: pytest.Pytester) -> None:
    inner.makepyfile(TWO_CLAIMS.format("pass").replace('keep("zoo/a")', 'keep("zoo/a"); assert False'))
    assert quick(inner, "-x").ret == 1


def test_a_kill_keeps_what_is_finished_and_the_next_run_sets_it_aside(inner: pytest.Pytester) -> None:
    test = inner.makepyfile(TWO_CLAIMS.format("os.kill(os.getpid(), signal.SIGKILL)"))
    run(inner)
    out = inner.path / "out"
    assert [p.name for p in out.iterdir()] == ["records.jsonl.partial"]
    assert [r.key[0] for r in read_records(out / "records.jsonl.partial")] == ["zoo/a"]
    result = run(inner, f"{test.name}::test_first", "-s")
    result.stdout.fnmatch_lines(["an earlier run was cut off; what it had finished is in *records.interrupted.jsonl"])
    assert {p.name for p in out.iterdir() if p.is_file()} == {
        "records.interrupted.jsonl", "records.jsonl", "report.md",
    }  # fmt: skip


def test_a_run_of_less_in_the_same_folder_loses_nothing(inner: pytest.Pytester) -> None:
    test, out = inner.makepyfile(TWO_CLAIMS.format("pass")), inner.path / "out"
    run(inner)
    again = run(inner)
    whole = (out / "records.jsonl").read_bytes()
    again.stdout.no_fnmatch_line("not of this run*")
    assert not (out / "records.previous.jsonl").exists()
    notes = out / "papers" / "notes.md"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text("the reader's own", encoding="utf-8")
    result = run(inner, f"{test.name}::test_first", "-s")
    assert notes.exists()
    result.stdout.fnmatch_lines(["not of this run: 1 verdict of before, kept in *records.previous.jsonl"])
    assert (out / "records.previous.jsonl").read_bytes() == whole
    assert [r.key[0] for r in read_records(out / "records.jsonl")] == ["zoo/a"]


def test_records_of_another_schema_are_not_overwritten(inner: pytest.Pytester) -> None:
    inner.makepyfile(TWO_CLAIMS.format("pass"))
    out = inner.path / "out"
    out.mkdir()
    (out / "records.jsonl").write_text('{"schema": 99}\n', encoding="utf-8")
    run(inner).stdout.fnmatch_lines(["*records.jsonl could not be read, and is *records.previous.jsonl now"])
    assert (out / "records.previous.jsonl").read_text(encoding="utf-8") == '{"schema": 99}\n'


def test_no_claim_no_word_no_file(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_unit(): pass")
    result = quick(inner)
    assert "claims" not in result.stdout.str()
    assert not (inner.path / "out").exists()


def test_an_unusable_report_folder_stops_the_run_before_it_starts(inner: pytest.Pytester) -> None:
    inner.makepyfile(TWO_CLAIMS.format("pass"))
    (inner.path / "file").write_text("")
    result = quick(inner, "--report-dir", "file/under")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: the report folder *under cannot be used: *file is not a folder"])


def test_what_goes_wrong_with_the_report_never_costs_the_records(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        TWO_CLAIMS.format("pass") + "\n\ndef test_torn(request):\n"
        "    request.node.user_properties.append(('claim-record', '{torn'))\n"
    )
    (inner.path / "out" / "report.md").mkdir(parents=True)
    result = quick(inner)
    result.stdout.fnmatch_lines(
        [
            "recorded 2 of 3 claim tests, missing:",
            "the record of *::test_torn cannot be read: a record is not JSON in UTF-8 *",
            "the report could not be rendered: *",
        ]
    )
    assert len(read_records(inner.path / "out" / "records.jsonl")) == 2


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_while_the_report_is_drawn_is_told(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports.outputs.markdown_report, "render", stopped)
    inner.makepyfile(TWO_CLAIMS.format("pass"))
    result = quick(inner)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["drawing the report was interrupted; the records are whole, and `python -m reports *"])
    assert "Traceback" not in result.stdout.str()
    assert len(read_records(inner.path / "out" / "records.jsonl")) == 2


def test_a_stopped_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("argparse.ArgumentParser.parse_args", lambda *_: SimpleNamespace(run=stopped))
    assert main(["render", "out"]) == 130
    assert capsys.readouterr().err == "reports: stopped; files that were begun are not there\n"
