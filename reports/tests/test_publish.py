"""What people link to: a card, a badge, a hub's metadata and a table say what the records say, and no more."""

import csv
import io
import re
import xml.dom.minidom
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from huggingface_hub import parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from claims.core.record import Record, read_records, write_records
from claims.core.verdict import Role, Verdict
from reports.__main__ import main
from reports.data.board import board
from reports.outputs.hub import eval_results, model_index
from reports.outputs.tests.test_one_number import PRINTED
from reports.pages.card import ROWS, Card, card
from reports.tests.support.pages import ragged_tables
from reports.tests.support.samples import criterion, judged, record, run
from reports.text.numbers import claimed, interval
from reports.text.templates import fill

SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "records.jsonl"
HOSTILE = 'a"><script>x</script>|b'
Capture = pytest.CaptureFixture[str]
#: How what made a verdict answered.
_ANSWER = {
    Verdict.SUPPORTED: True,
    Verdict.PARTLY: False,
    Verdict.VACUOUS: False,
    Verdict.REFUTED: False,
    Verdict.INCONCLUSIVE: None,
}


@pytest.fixture(scope="module")
def sample() -> list[Record]:
    return read_records(SAMPLE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    write_records(path, run())
    return path


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d[\d,.]*(?:e[+-]?\d+)?", text)


def of(sample: list[Record], name: str) -> Card:
    return card(board(sample), name)


@pytest.mark.parametrize("name", ["olmoe-aux", "olmoe-noaux", "small-gptoss-bias-s0", "small-dense-s0"])
def test_every_number_of_a_card_is_in_the_records(sample: list[Record], name: str) -> None:
    told = of(sample, name)
    records = [r for r in sample if r.key[0] == name and r.primary and r.kind == "finding"]
    assert 0 < len(told.rows) <= ROWS
    for title, made, control, verdict in told.rows:
        (mine,) = (r for r in records if r.title == title and r.verdict.value in verdict)
        said = {c.role: set[str]() for c in mine.criteria}
        for c in mine.criteria:
            if c.role is Role.CONTROL or c.holds is _ANSWER[mine.verdict]:
                said[c.role].add(
                    f"{c.name}: {interval(c)}" + (f", claimed {claimed(c)}" * (c.role is not Role.CONTROL))
                )
        assert any(made in texts for role, texts in said.items() if role is not Role.CONTROL)
        assert control in {*said.get(Role.CONTROL, ()), "–"}
    facts = " ".join(text for _, text in told.facts)
    known = set(numbers(" ".join(str((r.provenance, r.checkpoint)) for r in records)))
    assert {number.rstrip(",") for number in numbers(facts)} <= {number.rstrip(",") for number in known}


def test_every_card_is_plain_markdown_and_says_intervals_of_its_own_checkpoint_alone(sample: list[Record]) -> None:
    run_of, seen = board(sample), 0
    for name in run_of.kinds.keys() - run_of.controls:
        mine = [r for r in sample if r.key[0] == name]
        if not any(r.counted and r.primary and r.verdict != Verdict.NOT_APPLICABLE for r in mine):
            continue
        text = fill("card.md.j2", card=card(run_of, name))
        assert ragged_tables(text) == []
        assert not re.search(r"(?<!\\)<[a-zA-Z/!]", text)  # a hub strips raw HTML
        own = {str(interval(c)) for r in mine for c in r.criteria}
        printed = set(PRINTED.findall(text.replace("\\", "")))
        assert printed <= own, name
        seen += len(printed)
    assert seen > 50


def test_a_card_counts_what_was_asked_and_its_theorems(sample: list[Record]) -> None:
    told = of(sample, "olmoe-aux")
    mine = [r for r in sample if r.key[0] == "olmoe-aux" and r.verdict != Verdict.NOT_APPLICABLE]
    findings = [r for r in mine if r.kind == "finding" and r.primary]
    held = sum(r.verdict == Verdict.SUPPORTED for r in findings)
    theorems = sum(r.kind == "theorem" for r in mine)
    assert told.short.startswith(f"Of {len(findings)} empirical claims, {held} hold")
    assert len(told.rows) + told.rest == len(findings)
    assert told.theorems == f"{theorems} of {theorems} checks passed"
    assert told.sizes == "3.29 M parameters, 6 layers, top-2 of 16 experts"


def test_a_row_tells_the_headline_that_failed_and_a_hub_every_one() -> None:
    fails = criterion("Jaccard", (0.1, 0.05, 0.15), ">= 0.8")
    run_of = board([judged("two", "a", criterion("share", (0.6, 0.55, 0.65), ">= 0.5"), fails)])
    (row,) = card(run_of, "a").rows
    assert row[1:] == ["Jaccard: 0.100 [0.0500, 0.150], claimed >= 0.8", "–", "✗ refuted"]
    (result,) = msgspec.yaml.decode(model_index(run_of, "a"))["model-index"][0]["results"]
    assert [(m["name"], m["value"]) for m in result["metrics"]] == [("share", 0.6), ("Jaccard", 0.1)]
    entries = msgspec.yaml.decode(eval_results(run_of, "a", "owner/claims"))
    assert [e["value"] for e in entries] == [0.6, 0.1]
    assert len({e["dataset"]["task_id"] for e in entries}) == 2


def test_a_row_has_the_control_of_its_number_and_the_sign_of_variants() -> None:
    fails = criterion("Jaccard", (0.1, 0.05, 0.15), ">= 0.8")
    share = replace(criterion("share, balanced", (0.3, 0.2, 0.4), ">= 0.5"), role=Role.CONTROL)
    chance = replace(criterion("Jaccard, permuted", (0.4, 0.3, 0.5), ">= 0.8"), role=Role.CONTROL)
    made = judged("two", "a", criterion("share", (0.6, 0.55, 0.65), ">= 0.5"), fails, share, chance)
    other = replace(made, variant={"of": "another"}, primary=False, verdict=Verdict.SUPPORTED)
    (row,) = card(board([made, other]), "a").rows
    assert row[2:] == ["Jaccard, permuted: 0.400 [0.300, 0.500]", "✗ refuted †"]


@pytest.mark.parametrize(("bad", "worst"), [(10, 10), (15, ROWS), (3, 3)])
def test_no_refuted_claim_makes_room_for_another(bad: int, worst: int) -> None:
    good, half = (0.6, 0.5, 0.7), (0.1, 0.05, 0.15)
    beyond = criterion("excess", good, ">= 0.2", role=Role.EXCESS)
    told = card(
        board(
            [
                *(judged(f"bad-{i}", "a", criterion("share", half, ">= 0.2")) for i in range(bad)),
                *(judged(f"half-{i}", "a", criterion("share", half, ">= 0.2"), beyond) for i in range(10)),
                *(judged(f"good-{i}", "a", criterion("share", good, ">= 0.2")) for i in range(10)),
            ]
        ),
        "a",
    )
    words = [row[3].split()[-1] for row in told.rows]
    assert words == ["refuted"] * worst + ["partly"] * max(0, 6 - worst) + ["supported"] * (ROWS - max(6, worst))
    assert told.rest == bad + 20 - ROWS


def test_what_could_not_be_computed_has_a_row_and_no_number(tmp_path: Path, capsys: Capture) -> None:
    write_records(tmp_path / "records.jsonl", [record("kernel-energy", "a", Verdict.ERROR, reason="out of memory")])
    chosen = [str(tmp_path), "--checkpoint", "a"]
    assert main(["card", *chosen]) == 0
    assert "| out of memory | –" in re.sub(" +", " ", capsys.readouterr().out)
    assert main(["badge", *chosen]) == 0
    assert "0 of 1 claim supported" in capsys.readouterr().out
    assert main(["hub", *chosen, "-o", str(tmp_path / "hub")]) == 2
    assert "no claim gave a number on a: there is nothing to say to a hub" in capsys.readouterr().err
    assert not (tmp_path / "hub").exists()


def test_a_card_and_a_badge_are_printed_or_written(file: Path, tmp_path: Path, capsys: Capture) -> None:
    chosen = [str(file), "--checkpoint", "zoo/unbalanced"]
    assert main(["card", *chosen]) == 0
    markdown = capsys.readouterr().out
    assert "Theorems and premises: 1 of 2 checks passed." in markdown
    assert "pytest claims --checkpoint zoo/unbalanced --seed 20260" in markdown
    assert ragged_tables(markdown) == []
    assert main(["card", *chosen, "--html"]) == 0
    assert capsys.readouterr().out.count("<tr>") == markdown.count("\n| ")
    assert main(["badge", *chosen, "-o", str(tmp_path / "badge.svg")]) == 0
    drawn = xml.dom.minidom.parse(str(tmp_path / "badge.svg"))
    assert "1 of 4 claims supported" in drawn.toxml()


def test_hostile_names_break_neither_card_nor_badge(tmp_path: Path, capsys: Capture) -> None:
    bad = judged("kernel-energy", HOSTILE, criterion(HOSTILE, (0.5, 0.4, 0.6), "> 0.2"))
    write_records(tmp_path / "records.jsonl", [replace(bad, title=HOSTILE, provenance={"commit": HOSTILE})])
    for command in (["card"], ["card", "--html"], ["badge"]):
        assert main([*command, str(tmp_path), "--checkpoint", HOSTILE]) == 0
        out = capsys.readouterr().out
        assert "<script>" not in out.replace("\\<script>", "").partition("```")[0]
        if command == ["badge"]:
            xml.dom.minidom.parseString(out)


@pytest.mark.parametrize(
    ("name", "says"),
    [("zoo/nowhere", "hold no checkpoint zoo/nowhere; they hold"), ("zoo/init", "zoo/init is an untrained control")],
)
def test_no_card_is_one_sentence(file: Path, capsys: Capture, name: str, says: str) -> None:
    for command in ("card", "badge", "hub"):
        assert main([command, str(file), "--checkpoint", name]) == 2
        assert says in capsys.readouterr().err


def test_a_checkpoint_of_which_nothing_was_asked_has_no_card(tmp_path: Path, capsys: Capture) -> None:
    write_records(tmp_path / "records.jsonl", [record("kernel-energy", "a", Verdict.NOT_APPLICABLE)])
    assert main(["card", str(tmp_path), "--checkpoint", "a"]) == 2
    assert "no empirical claim was asked of a" in capsys.readouterr().err


def test_the_hubs_own_readers_read_its_metadata(sample: list[Record], tmp_path: Path, capsys: Capture) -> None:
    chosen = [str(SAMPLE), "--checkpoint", "olmoe-aux", "-o", str(tmp_path), "--benchmark", "owner/claims"]
    assert main(["hub", *chosen]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    index = msgspec.yaml.decode((tmp_path / "model-index.yaml").read_bytes())
    name, results = model_index_to_eval_results(index["model-index"])
    entries = parse_eval_result_entries(msgspec.yaml.decode((tmp_path / ".eval_results/moe-claims.yaml").read_bytes()))
    headlines = {
        (r.claim, c.name): c.value
        for r in sample
        for c in r.criteria
        if c.role is Role.HEADLINE
        and r.key[0] == "olmoe-aux"
        and r.primary
        and r.kind == "finding"
        and r.verdict != Verdict.NOT_APPLICABLE
    }
    assert name == "olmoe-aux"
    assert {(r.metric_type, r.metric_name): r.metric_value for r in results} == headlines
    assert len({e.task_id for e in entries}) == len(headlines)
    assert Counter(e.value for e in entries) == Counter(headlines.values())
    assert not any(verdict in "".join(map(str, results)) for verdict in ("supported", "refuted"))


def test_without_a_benchmark_there_are_no_results_for_one(file: Path, tmp_path: Path, capsys: Capture) -> None:
    chosen = [str(file), "--checkpoint", "zoo/balanced", "-o", str(tmp_path / "hub")]
    assert main(["hub", *chosen]) == 0
    assert [p.name for p in (tmp_path / "hub").iterdir()] == ["model-index.yaml"]
    assert main(["hub", *chosen, "--benchmark", "../x"]) == 2
    assert "--benchmark is a dataset of a hub" in capsys.readouterr().err


def test_the_table_has_a_row_a_criterion_with_every_digit(file: Path, capsys: Capture) -> None:
    assert main(["export", str(file)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    records = read_records(file)
    assert len(rows) == sum(max(1, len(r.criteria)) for r in records)
    share = next(r for r in rows if r["claim"] == "kernel-energy" and r["checkpoint"] == "zoo/init")
    assert (share["role"], share["criterion"], share["value"]) == ("headline", "chance minus kernel share", "0.041")
    assert (share["control"], share["version"], share["commit"]) == ("True", "1", "3f2a91c")
