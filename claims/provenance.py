"""Where a verdict comes from: code, versions, machine, text and seed."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

_PACKAGES = ("torch", "transformers", "numpy", "scipy", "hypothesis", "pytest")


def provenance_of(item: pytest.Item) -> dict[str, Any]:
    """Return commit, versions and seed, and, where a trace was read, its population, device and dtype."""
    found: dict[str, Any] = {
        "commit": commit(),
        "versions": versions(),
        "seed": item.config.getoption("--seed"),
    }
    trace = getattr(item, "funcargs", {}).get("trace")
    if trace is not None:
        found |= dict(trace.provenance)
        found["population"] = dict(trace.population)
        found["flip_rate"] = trace.flip_rate
    return found


@cache
def commit() -> str:
    """Return the commit of this checkout, with ``+changes`` when files differ; empty outside git."""
    root = Path(__file__).resolve().parent.parent
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    return head and head + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
