"""The tables of numbers: by role, one kind of p, and for every verdict the numbers that made it."""

from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import Criterion, Record
from claims.core.verdict import Role, Verdict
from reports.outputs.markdown_report import render
from reports.pages.criteria import because, criteria_table, telling, value
from reports.tests.support.samples import criterion, judged, record
from reports.text.vocabulary import MEANING, ROLE, ROLE_MEANING, SYMBOL

YES, NO, OPEN = (0.5, 0.4, 0.6), (0.1, 0.0, 0.15), (0.2, 0.1, 0.3)


def one(role: Role, ends: tuple[float, float, float] = YES, name: str = "") -> Criterion:
    return criterion(name or role.value, ends, "> 0.2", role=role)


def test_every_verdict_and_role_has_its_words() -> None:
    for words in (SYMBOL, MEANING):
        assert set(words) == set(Verdict)
    assert set(ROLE) == set(ROLE_MEANING) == set(Role)
    assert len(set(SYMBOL.values())) == len(Verdict)


def test_criteria_stand_by_role_each_named_once_and_what_decides_nothing_answers_in_brackets() -> None:
    mixed = [one(role, name=name) for name in "ab" for role in reversed(Role)]
    columns, rows = criteria_table(record("x", "a", Verdict.SUPPORTED, criteria=mixed))
    assert columns == ["role", "measured", "value [95 % interval]", "claimed", "from", "raw p", "answer"]
    assert [row[0] for row in rows] == [text for name in ROLE.values() for text in (name, "")]
    assert [row[1] for row in rows] == ["a", "b"] * len(Role)
    assert [row[-1] for row in rows] == ["yes"] * 8 + ["(yes)"] * 4


def test_a_table_has_one_kind_of_p() -> None:
    two = [one(Role.HEADLINE), one(Role.PART)]
    adjusted = replace(two[0], p_adjusted=0.04)
    exact = criterion("count", (0, 0, 0), "<= 0")
    for criteria, head, ps in (
        (two, "raw p", ["< 0.001", "< 0.001"]),
        ([adjusted, two[1]], "adjusted p", ["0.040", ""]),
        ([exact], "answer", ["yes"]),
    ):
        columns, rows = criteria_table(record("x", "a", Verdict.SUPPORTED, criteria=criteria))
        assert columns[5] == head
        assert [row[5] for row in rows] == ps


@pytest.mark.parametrize(
    ("criteria", "verdict", "says"),
    [
        ([one(Role.HEADLINE), one(Role.EXCESS), one(Role.PART)], Verdict.SUPPORTED, ["headline"]),
        ([one(Role.HEADLINE, NO), one(Role.EXCESS)], Verdict.PARTLY, ["headline"]),
        ([one(Role.HEADLINE), one(Role.EXCESS), one(Role.PART), one(Role.PART, NO, "p")], Verdict.PARTLY, ["p"]),
        ([one(Role.HEADLINE), one(Role.EXCESS, NO), one(Role.CONTROL)], Verdict.VACUOUS, ["excess"]),
        ([one(Role.HEADLINE, NO), one(Role.EXCESS, NO)], Verdict.REFUTED, ["headline", "excess"]),
        ([one(Role.HEADLINE), one(Role.HEADLINE, NO, "h")], Verdict.REFUTED, ["h"]),
        ([one(Role.HEADLINE), one(Role.EXCESS, OPEN)], Verdict.INCONCLUSIVE, ["excess"]),
        ([one(Role.HEADLINE, OPEN), one(Role.EXCESS), one(Role.PREMISE, OPEN)], Verdict.INCONCLUSIVE, ["premise"]),
        ([one(Role.HEADLINE, NO), one(Role.PREMISE, NO)], Verdict.NOT_APPLICABLE, ["premise"]),
    ],
)
def test_a_verdict_is_told_by_the_numbers_that_made_it(
    criteria: list[Criterion], verdict: Verdict, says: list[str]
) -> None:
    found = judged("x", "a", *criteria)
    assert found.verdict == verdict
    assert [c.name for c in telling(found)] == says
    control = replace(found, checkpoint=found.checkpoint | {"control": True})
    if verdict != Verdict.NOT_APPLICABLE:
        assert [c.role for c in telling(control)] == [Role.HEADLINE]


def test_the_value_is_of_one_quantity_whatever_made_the_verdict() -> None:
    for second in (YES, NO, OPEN):
        found = judged("x", "a", one(Role.HEADLINE), one(Role.HEADLINE, second, "second"))
        assert value(found) == ("" if second == NO else "0.500")  # beside "refuted" it would say the opposite
        assert because(found).startswith("headline" if second == YES else "second")
    assert value(record("x", "a", Verdict.ERROR)) == ""


def test_without_numbers_the_reason_is_told_and_a_vacuous_verdict_without_roles_by_its_null() -> None:
    for verdict in (Verdict.NOT_APPLICABLE, Verdict.ERROR):
        assert because(record("x", "a", verdict, reason="no weights")) == "no weights"
    old = record("x", "a", Verdict.VACUOUS, criteria=[one(Role.HEADLINE), one(Role.CONTROL)])
    assert because(old) == "control 0.500 [0.400, 0.600]"


def test_a_page_says_at_which_thresholds_the_verdict_would_change_but_of_a_control(tmp_path: Path) -> None:
    half = [one(Role.HEADLINE), one(Role.EXCESS)]
    found: list[Record] = [judged("kernel-energy", name, *half) for name in ("zoo/balanced", "zoo/init")]
    assert found[0].sensitivity
    render(found, tmp_path)
    page = (tmp_path / "details" / "kernel-energy.md").read_text(encoding="utf-8")
    trained, control = page.split("## zoo/init: untrained control")
    assert [sentence for sentence in found[0].sensitivity if f"- {sentence}" not in trained] == []
    assert trained.count("<details>") == trained.count("</details>") == 2  # the second says how to repeat it
    assert "thresholds the verdict" not in control
    assert "it has no verdict" in control
