"""Numbers are rounded for a reader, but never onto the other side of a threshold."""

import doctest
import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from reports.tests.support.samples import criterion
from reports.text.numbers import bound, claimed, count, interval, number, probability

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (131072.0, "131,072"),
        (0.43219, "0.432"),
        (99.96, "100"),
        (12345.678, "12,346"),
        (-0.012345, "-0.0123"),
        (3.2e-7, "3.20e-07"),
        (1.5e12 + 0.5, "1.50e+12"),
        (None, "not finite"),
    ],
)
def test_number(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_digits_grow_until_the_interval_shows_its_side() -> None:
    near = criterion("x", (0.99966, 0.99951, 0.99983), "< 1")
    assert interval(near) == "0.9997 [0.9995, 0.9998]"
    assert interval(criterion("x", (0.5, 0.4, 0.6), "< 1")) == "0.500 [0.400, 0.600]"


def test_an_exact_number_shows_its_side_and_what_six_digits_do_not_tell_apart_is_left_alone() -> None:
    assert interval(criterion("x", (10.01, 10.01, 10.01), "< 10")) == "10.01"
    assert interval(criterion("x", (0.999999999, 0.999999998, 1.0), ">= 1.5")) == "1.00 [1.00, 1]"


def test_exact_counts_have_no_interval() -> None:
    assert interval(criterion("x", (0, 0, 0), "<= 0")) == "0"


def test_a_missing_interval_is_said() -> None:
    lost = replace(criterion("x", (0.5, 0.4, 0.6), "< 1"), low=None, high=None)
    assert interval(lost) == "0.500 [no interval]"
    assert interval(replace(lost, value=None)) == "not finite"


def test_the_rest() -> None:
    assert [probability(p) for p in (None, 0.0, 0.0004, 0.04321, 1.0)] == ["–", "< 0.001", "< 0.001", "0.043", "1.000"]
    assert [bound(b) for b in (None, 0.2, 1e-4, 5000)] == ["–", "0.2", "0.0001", "5,000"]
    assert [count(1, "token"), count(12000, "sequence"), count(3, "")] == ["1 token", "12,000 sequences", "3"]
    assert claimed(replace(criterion("x", (0, 0, 0), "<= 0"), direction="| evil")) == "? 0"


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if "tests" not in path.parts]
EXAMPLES = [path for path in MODULES if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_in_docstrings(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
    assert found.attempted > 0
