"""Every example in a docstring is what the function returns, and every public function has one."""

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import metrics

MODULES = sorted(m.name for m in pkgutil.walk_packages(metrics.__path__, "metrics.") if not m.ispkg)


def test_there_are_modules() -> None:
    assert "metrics.arrays" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def public_functions(module: ModuleType) -> list[str]:
    return [
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]


def test_metrics_carry_examples() -> None:
    metric = {
        "alignment",
        "bounds",
        "confidence",
        "counting_noise",
        "evenness",
        "held_out",
        "low_rank",
        "overlap",
        "pairs",
        "radius",
    }
    metric |= {"row_space", "shared_direction", "top_p", "usage"}
    for name in sorted(metric):
        module = importlib.import_module(f"metrics.{name}")
        bare = [f for f in public_functions(module) if ">>>" not in (getattr(module, f).__doc__ or "")]
        assert not set(bare) - {"spectrum", "random_subspace"}, f"{name}: no example in {bare}"
