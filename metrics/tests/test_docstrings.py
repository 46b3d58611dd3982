"""Every public function of every module of metrics carries an example in its docstring, and every example holds."""

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import metrics

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(metrics.__path__, "metrics.")
    if not module.ispkg and ".tests." not in module.name
)


def public_functions(module: ModuleType) -> list[str]:
    return [
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]


def test_every_package_is_looked_into() -> None:
    assert {name.split(".")[1] for name in MODULES} == {"arrays", "stats", "routing", "usage", "subspaces", "jacobians"}
    assert sum(len(public_functions(importlib.import_module(name))) for name in MODULES) > 50


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_has_an_example_that_holds(name: str) -> None:
    module = importlib.import_module(name)
    bare = [each for each in public_functions(module) if ">>>" not in (getattr(module, each).__doc__ or "")]
    assert not bare
    assert doctest.testmod(module).failed == 0
