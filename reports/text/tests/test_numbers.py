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


@pytest.mark.parametrize(
    ("ends", "side", "shown"),
    [
        ((0.5, 0.4, 0.6), "< 1", "0.500 [0.400, 0.600]"),
        ((0.99966, 0.99951, 0.99983), "< 1", "0.9997 [0.9995, 0.9998]"),  # digits grow until the side shows
        ((10.01, 10.01, 10.01), "< 10", "10.01"),
        ((0.999999999, 0.999999998, 1.0), ">= 1.5", "1.00 [1.00, 1]"),  # six digits do not tell them apart
        ((0, 0, 0), "<= 0", "0"),
    ],
)
def test_an_interval_shows_on_which_side_it_lies(ends: tuple[float, float, float], side: str, shown: str) -> None:
    found = criterion("x", ends, side)
    assert interval(found) == shown
    lost = replace(found, low=None, high=None)
    assert interval(lost).endswith("[no interval]")
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
