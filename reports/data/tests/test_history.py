"""Runs in order of time, what became of a claim, and the page and pictures that say it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claims.core.migration import MADE_AS
from claims.core.record import Record, write_records
from claims.core.verdict import Verdict
from reports.__main__ import main
from reports.data.history import drifting, histories
from reports.data.read import BadInput
from reports.data.runs import Run, read_runs
from reports.figures.timeline import timeline
from reports.tests.support.samples import criterion, record

Capture = pytest.CaptureFixture[str]
Write = Callable[..., Path]
LABELS = ["--label", "x", "--label", "y", "--label", "z"]
WEBP = b"RIFF"


def at(value: float, name: str = "a", **more: Any) -> Record:
    """Return a record whose interval is 0.2 wide around ``value``, against > 1."""
    measured = criterion("share", (value, value - 0.1, value + 0.1), "> 1")
    return record("kernel-energy", name, Verdict.SUPPORTED, **{"criteria": [measured], **more})


def runs_of(*runs: list[Record]) -> list[Run]:
    return [Run(f"night {i}", None, tuple(records)) for i, records in enumerate(runs)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a run's records into a folder of its name and return the folder."""

    def _write(name: str, *records: Record) -> Path:
        (tmp_path / name).mkdir()
        write_records(tmp_path / name / "records.jsonl", records)
        return tmp_path / name

    return _write


def dated(date: str) -> Record:
    return at(2.0, provenance={"date": date, "commit": "abc"})


def test_runs_are_in_order_of_their_dates_when_all_carry_one(write: Write) -> None:
    paths = [write("late", dated("2026-03-01T02:00+02:00")), write("early", dated("2026-03-01"))]
    assert [run.label for run in read_runs(paths)] == ["2026-03-01 00:00 (1)", "2026-03-01 00:00 (2)"]
    paths = [write("c", dated("2026-03-02")), write("d", dated("2026-03-01"))]
    assert [run.label for run in read_runs(paths)] == ["2026-03-01 00:00", "2026-03-02 00:00"]
    assert [run.label for run in read_runs(paths, ["new", "old"])] == ["old", "new"]
    with pytest.raises(BadInput, match="1 label for 2 runs"):
        read_runs(paths, ["only"])


def test_runs_without_dates_stay_as_given_under_the_name_of_their_folder_or_file(write: Write) -> None:
    late = write("late", at(2.0))
    write_records(late / "night.jsonl", [at(2.0)])
    paths = [late, write("early", dated("soon")), late / "records.jsonl", late / "night.jsonl"]
    assert [run.label for run in read_runs(paths)] == ["late (1)", "early", "late (2)", "night"]


def test_a_claim_is_followed_through_runs_that_differ_in_claims_and_checkpoints() -> None:
    other = record("bound-tightness", "b", Verdict.REFUTED, criteria=[criterion("gain", (1, 0.9, 1.1), "> 2")])
    found = histories(runs_of([at(2.0)], [at(1.9, "b"), other], [at(1.8), at(1.7, "b")]))
    assert [history.record.claim for history in found] == ["bound-tightness", "kernel-energy"]
    energy = found[1]
    assert energy.verdicts["a"] == (Verdict.SUPPORTED, None, Verdict.SUPPORTED)
    assert energy.verdicts["b"] == (None, Verdict.SUPPORTED, Verdict.SUPPORTED)
    values = {t.place: [p.value if p else None for p in t.points] for t in energy.tracks}
    assert values == {"a": [2.0, None, 1.8], "b": [None, 1.9, 1.7]}
    assert energy.changes == ()


def test_a_changed_threshold_or_definition_is_marked_once_whatever_the_number_of_places() -> None:
    moved = {"margin": {"value": 0.5, "why": "stricter"}}
    now = [at(2.0, n, thresholds=moved, definition="as we read it now", variant={"r": "8"}) for n in ("a", "b")]
    (history,) = histories(runs_of([at(2.0), at(2.0, "b")], [at(2.1), at(2.1, "b")], now, now))
    says = ("threshold margin was 0.02, is 0.5", "definition changed", "primary variant was as stated, is r=8")
    assert sorted(history.changes) == sorted((2, change) for change in says)
    nameless = at(2.0, criteria=[criterion("share", (2.0, 1.9, 2.1), "> 1.5")])
    (history,) = histories(runs_of([at(2.0)], [nameless]))
    assert history.changes == ((1, "threshold of share was > 1.0, is > 1.5"),)


@pytest.mark.parametrize(
    ("values", "is_told"),
    [
        ((2.0, 1.9, 1.25), True),  # from 4.5 to 0.75 of its width
        ((2.0, 1.9, 1.05), True),  # touches
        ((2.0, 1.9, 1.8), False),
        ((1.25, 1.25, 1.24), False),  # near, and always was
        ((1.05, 1.0, 1.05), False),  # never was clear
        ((2.0,), False),
    ],
)
def test_drift_is_told_before_a_verdict_flips(values: tuple[float, ...], is_told: bool) -> None:
    (history,) = histories(runs_of(*([at(value)] for value in values)))
    assert [track.place for track, _, _ in drifting(history)] == ["a"] * is_told


def test_numbers_that_are_missing_or_have_thresholds_of_their_own_are_drawn(tmp_path: Path) -> None:
    bare = replace(criterion("share", (2.0, 1.9, 2.1), "> 1"), value=None, low=None, high=None)
    own = criterion("share", (2.0, 1.9, 2.1), "> 0.01")
    found = histories(runs_of([at(2.0), at(2.0, "b", criteria=[own])], [at(2.0, criteria=[bare])]))
    assert timeline(tmp_path / "a.webp", found[0], ["x", "y"])
    assert (tmp_path / "a.webp").read_bytes().startswith(WEBP)
    (nothing,) = histories(runs_of([at(2.0, criteria=[bare])]))
    assert not timeline(tmp_path / "b.webp", nothing, ["x"])
    assert not (tmp_path / "b.webp").exists()


def test_history_writes_the_same_page_and_a_picture_a_claim_whatever_the_names(
    write: Write, tmp_path: Path, capsys: Capture
) -> None:
    silent = record("necessity-full-space", "a", Verdict.ERROR, reason="no weights")
    paths = [write("one", at(2.0), silent), write("two", at(1.3), at(1.2, "<b>|_x_")), write("three", at(1.05))]
    out, written = tmp_path / "out", []
    for _ in range(2):
        assert main(["history", *map(str, paths), "-o", str(out), *LABELS]) == 0
        assert capsys.readouterr().out.splitlines()[0] == str(out / "history.md")
        written.append({p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*.*")})
    assert written[0] == written[1]
    assert written[0].keys() == {"history.md", "history/kernel-energy.webp"}
    assert written[0]["history/kernel-energy.webp"].startswith(WEBP)
    text = (out / "history.md").read_text(encoding="utf-8")
    assert "in which they were given" in text
    assert "\\<b>\\|\\_x\\_" in text
    assert "| x " in text
    assert main(["history", str(write("dated", dated("2026-03-01"))), "-o", str(out)]) == 0
    assert "of the dates that their records carry" in (out / "history.md").read_text(encoding="utf-8")


def test_an_untrained_control_has_numbers_but_no_verdicts_and_roles_are_told() -> None:
    control = at(2.0, "zoo/init")
    old = at(2.0, provenance={MADE_AS: 1})
    (history,) = histories(runs_of([old, control], [at(2.0), replace(control, verdict=Verdict.REFUTED)]))
    assert list(history.verdicts) == ["a"]
    assert {track.place for track in history.tracks} == {"a", "zoo/init"}
    assert history.changes == ((1, "criteria got roles, and verdicts another rule"),)
    (history,) = histories(runs_of([at(2.0, "zoo/init")], [at(1.05, "zoo/init")]))
    assert list(drifting(history)) == []
