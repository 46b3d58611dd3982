"""The report as a whole: golden text, the same bytes every time, and nothing that breaks it."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from claims.record import Record
from claims.verdict import Verdict
from reports.completeness import Completeness
from reports.render import render
from reports.tests.samples import criterion, record, run

GOLDEN = Path(__file__).parent / "golden" / "report.md"
HOSTILE = "../`x`|[a](b)<br>\n# h\x1b[31m" + "long" * 60


def hostile_run() -> list[Record]:
    """Return records whose every outside text is hostile."""
    checkpoint = {"name": HOSTILE, "revision": HOSTILE, "architecture": HOSTILE, "layers": None}
    bad = [
        replace(
            r,
            claim=HOSTILE,
            title=HOSTILE,
            group=HOSTILE,
            checkpoint=checkpoint,
            reason=HOSTILE,
            notes=[HOSTILE],
            equation=f"```\n{HOSTILE}",
            fork={HOSTILE: HOSTILE},
            thresholds={HOSTILE: {"value": 0.1, "why": HOSTILE}},
            criteria=[criterion(HOSTILE, (0.5, 0.4, 0.6), "> 0.2", unit=HOSTILE, method=HOSTILE)],
            provenance={HOSTILE: {HOSTILE: HOSTILE}},
            certificate=r.certificate and replace(r.certificate, says=HOSTILE, file=HOSTILE),
            figure=r.figure and replace(r.figure, title=HOSTILE, x_label="$\\frac{", redraws="日本 $_$"),
        )
        for r in run()
        if r.claim == "necessity-full-space"
    ]
    return [*bad[:1], *run()[:1]]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the whole sample run."""
    return render(run(), tmp_path_factory.mktemp("whole"))


def bare(records: list[Record]) -> list[Record]:
    """Return the records without pictures, which take most of the time."""
    return [replace(r, figure=None, layers=[]) for r in records]


def test_golden(rendered: Path) -> None:
    """To renew: ``python -m reports.tests FOLDER``, read FOLDER/report.md, copy it."""
    assert rendered.read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")


def test_completeness_is_told(tmp_path: Path) -> None:
    told = Completeness(20, ("claims/test_geo.py::test_lost[zoo/balanced]",))
    report = render(bare(run()), tmp_path, told).read_text(encoding="utf-8")
    assert "\nRecorded 19 of 20 claims.\n" in report
    assert "left no record" in report
    assert "- `claims/test_geo.py::test_lost[zoo/balanced]`" in report


def test_same_records_same_bytes_in_any_order(tmp_path: Path) -> None:
    ordered = [r for r in run() if r.key[0] in ("zoo/balanced", "generated")]
    shuffled = random.Random(5).sample(ordered, len(ordered))
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, records in zip(folders, (ordered, shuffled), strict=True):
        render(records, folder)
    first, second = ({p.name: p.read_bytes() for p in sorted(f.rglob("*.*"))} for f in folders)
    assert first == second
    assert len(first) == 7


def test_pictures_exist_and_are_linked_once(rendered: Path) -> None:
    report = rendered.read_text(encoding="utf-8")
    linked = re.findall(r"!\[[^\n]*\]\((figures/[a-z0-9-]+\.png)\)", report)
    assert sorted(linked) == sorted(f"figures/{p.name}" for p in (rendered.parent / "figures").iterdir())


def test_every_reference_has_its_heading(tmp_path: Path) -> None:
    report = render(bare([*run(), *hostile_run()]), tmp_path).read_text(encoding="utf-8")
    defined = dict(re.findall(r"^\[([a-z0-9-]+)\]: #([a-z0-9-]+)$", report, re.MULTILINE))
    headings = set(re.findall(r"^### ([a-z0-9-]+)$", report, re.MULTILINE))
    assert set(defined.values()) == headings
    assert set(re.findall(r"(?<!\\)\[([a-z][a-z0-9-]+)\](?![(:])", report)) <= set(defined)


def test_hostile_texts_break_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    report = render(hostile_run(), folder).read_text(encoding="utf-8")
    prose = re.sub(r"(?s)^(`{3,})text\n.*?^\1$|`+[^\n]*?`+(?!`)", "", report, flags=re.MULTILINE)
    assert not re.search(r"(?<!\\)<br>|\x1b|^# h", prose, re.MULTILINE)
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and folder not in p.parents]
    assert outside == []
    for block in re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", re.sub(r"\\[^|]", "", row))) for row in block.splitlines()}
        assert len(widths) == 1


def test_fork_sensitive_and_unexpected_cells_are_marked(rendered: Path) -> None:
    report = rendered.read_text(encoding="utf-8")
    row = next(line for line in report.splitlines() if line.startswith("| [bound-tightness]"))
    assert [cell.strip() for cell in row.split("|")[2:5]] == ["✓ supported", "✓ supported †", "✓ supported †"]
    assert "✗ refuted ‡" in report


def test_a_checkpoint_that_was_not_run_is_a_gap_not_a_verdict(tmp_path: Path) -> None:
    records = [record("kernel-energy", "a", Verdict.SUPPORTED), record("bound-tightness", "b", Verdict.REFUTED)]
    report = render(records, tmp_path).read_text(encoding="utf-8")
    assert "not run" in report
    assert "[kernel-energy] was not run on b." in report


def test_a_figure_that_cannot_be_drawn_is_a_sentence(tmp_path: Path) -> None:
    whole = next(r for r in run() if r.figure is not None)
    assert whole.figure is not None
    torn = replace(whole.figure, series=[replace(whole.figure.series[0], x=[1.0])])
    report = render([replace(whole, figure=torn)], tmp_path).read_text(encoding="utf-8")
    assert "No picture of" in report
    assert "different lengths" in report


def test_many_checkpoints_are_split_into_readable_tables(tmp_path: Path) -> None:
    records = [record("kernel-energy", f"org/model-{i:02}", Verdict.SUPPORTED) for i in range(11)]
    report = render(records, tmp_path).read_text(encoding="utf-8")
    assert len(re.findall(r"^\| claim ", report, re.MULTILINE)) == 2


def test_nothing_to_report_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no record"):
        render([], tmp_path)
