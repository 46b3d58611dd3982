"""The pytest glue: letters, exits and records of every verdict, identities with their shrunk counterexample."""

from pathlib import Path

import pytest

from claims.core.record import Record, read_records
from claims.core.verdict import Verdict

ROOT = Path(__file__).resolve().parents[3]
HEADER = """
from hypothesis import given, settings, strategies as st
from claims.core.claim import Threshold, claim
from claims.core.finding import Finding, Measured, NotApplicable
from metrics.stats.bootstrap import exact, estimate_mean

def fields(id, **more):
    return {"id": id, "group": "A", "title": "t", "source": "s", "figures": ("GEO Fig. 13",), "statement": "s",
            "equation": "e", "definition": "d", "null_says": "n", "paper": "p",
            "thresholds": {"bound": Threshold(1.0, "because")}, **more}
"""
FINDINGS = """
@claim(**fields("holds"))
def test_holds():
    return Finding(headline=(Measured("x", exact(2, 5), ">", "bound"),))

@claim(**fields("empty"))
def test_empty():
    large, beyond = Measured("x", exact(2, 5), ">", "bound"), Measured("x beyond", exact(0, 5), ">", "bound")
    return Finding(headline=(large,), excess=(beyond,))

@claim(**fields("short"))
def test_short():
    small, beyond = Measured("x", exact(0, 5), ">", "bound"), Measured("x beyond", exact(2, 5), ">", "bound")
    return Finding(headline=(small,), excess=(beyond,))

@claim(**fields("fails"))
def test_fails():
    return Finding(headline=(Measured("x", exact(0, 5), ">", "bound"),))

@claim(**fields("straddles"))
def test_straddles():
    return Finding(headline=(Measured("x", estimate_mean([0.0, 1.0, 2.0], seed=0), ">", "bound"),))

@claim(**fields("premise"))
def test_premise():
    raise NotApplicable("no experts")

@claim(**fields("broken"))
def test_broken():
    raise ValueError("12 values are not finite")
"""
IDENTITY = """
@claim(**fields("identity-false", kind="identity"))
@settings(database=None, derandomize=True)
@given(st.integers(0, 1000))
def test_identity(n):
    assert n < 17, "n is too large"
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(pytester: pytest.Pytester, text: str, *arguments: str) -> tuple[pytest.RunResult, dict[str, Record]]:
    pytester.makeini("[pytest]\nmarkers =\n    gpu: x\n    benchmarks: x\n")
    pytester.makepyfile(test_claims=HEADER + text)
    plugins = [
        part
        for name in ("fixtures.session.plugin", "claims.runner.plugin", "reports.runner.collect")
        for part in ("-p", name)
    ]
    result = pytester.runpytest_subprocess(*plugins, "--report-dir", "out", "-p", "no:cacheprovider", *arguments)
    path = pytester.path / "out" / "records.jsonl"
    return result, {record.claim: record for record in read_records(path)} if path.exists() else {}


def test_each_verdict_has_its_outcome_and_leaves_a_record(pytester: pytest.Pytester) -> None:
    result, records = run(pytester, FINDINGS, "-v")
    assert {name: record.verdict for name, record in records.items()} == {
        "holds": Verdict.SUPPORTED,
        "empty": Verdict.VACUOUS,
        "short": Verdict.PARTLY,
        "fails": Verdict.REFUTED,
        "straddles": Verdict.INCONCLUSIVE,
        "premise": Verdict.NOT_APPLICABLE,
        "broken": Verdict.ERROR,
    }
    assert records["premise"].reason == "no experts"
    assert records["broken"].reason == "12 values are not finite"
    for word in ("SUPPORTED", "PARTLY", "VACUOUS", "REFUTED", "INCONCLUSIVE", "NOT APPLICABLE", "ERROR"):
        result.stdout.fnmatch_lines([f"*{word}*"])
    assert result.ret == 10  # one could not be computed
    result.stdout.fnmatch_lines(["*repeat: pytest *--report-dir out* -k 'fails and generated'"])
    assert "Traceback" not in result.stdout.str()


def test_expectations_decide_the_colour_in_both_directions(pytester: pytest.Pytester, tmp_path: Path) -> None:
    entry = '[[expect]]\nclaim = "{}"\ncheckpoint = "*"\nverdict = "refuted"\nreason = "known"\n'
    known = tmp_path / "known.toml"
    known.write_text(entry.format("router-linearity"))

    def as_known(name: str) -> pytest.RunResult:
        text = FINDINGS.replace(f'fields("{name}")', 'fields("router-linearity")')
        return run(pytester, text, "--expected", str(known), "-k", name)[0]

    assert as_known("fails").ret == pytest.ExitCode.OK
    result = as_known("holds")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*expected refuted (known); router-linearity: measured supported*"])


def test_a_refuted_reading_beside_the_primary_one_fails_nothing(pytester: pytest.Pytester) -> None:
    text = FINDINGS.replace('fields("fails")', 'fields("fails", variants=({"of": "x"}, {"of": "y"}))')
    text = text.replace("def test_fails():", "def test_fails(variant):")
    text = text.replace("exact(0, 5)", 'exact(2 if variant["of"] == "x" else 0, 5)')
    result, records = run(pytester, text, "-v", "-k", "fails")
    assert records["fails"].verdict == Verdict.REFUTED  # the last of its readings
    result.stdout.fnmatch_lines(["*SUPPORTED*", "*REFUTED (beside)*"])
    assert result.ret == pytest.ExitCode.OK


def test_a_false_identity_is_refuted_with_its_shrunk_counterexample(pytester: pytest.Pytester) -> None:
    result, records = run(pytester, IDENTITY)
    found = records["identity-false"]
    assert found.verdict == Verdict.REFUTED
    assert "n is too large" in found.reason
    assert "n=17" in found.reason
    assert found.checkpoint["name"] == "generated"
    assert "n=17" in (pytester.path / "out" / "report.md").read_text(encoding="utf-8")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_claims_are_chosen_by_id_and_by_figure(pytester: pytest.Pytester) -> None:
    _, records = run(pytester, FINDINGS + IDENTITY, "-k", "fig13 and holds")
    assert set(records) == {"holds"}
