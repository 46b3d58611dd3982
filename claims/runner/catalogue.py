"""Every claim of the catalogue, read from the claim files beside this one."""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from claims.core.claim import Claim, claim_of

FOLDER = Path(__file__).parents[1]


@cache
def catalogue() -> tuple[Claim, ...]:
    """Return all claims, in file and definition order.

    Raises
    ------
    ValueError
        When two claims share an id.
    """
    found: list[Claim] = []
    for path in claim_files():
        found += claims_in(_module(path))
    ids = [claim.id for claim in found]
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        raise ValueError(f"two claims share the id {', '.join(sorted(twice))}")
    return tuple(found)


def claim_files() -> list[Path]:
    """Return the files of claims, at any depth but for the project's own tests, in the order of their names.

    Raises
    ------
    FileNotFoundError
        When there is none: no claim would be a claim that nothing can fail.
    """
    files = [path for path in FOLDER.rglob("test_*.py") if "tests" not in path.relative_to(FOLDER).parts]
    if not files:
        raise FileNotFoundError(f"no file of claims under {FOLDER}")
    return sorted(files, key=lambda path: path.name)


def claims_in(module: ModuleType) -> list[Claim]:
    """Return the claims that a module's test functions carry."""
    return [c for c in (claim_of(value) for value in vars(module).values() if callable(value)) if c is not None]


def _module(path: Path) -> ModuleType:
    name = f"claims._catalogue_{path.stem}"  # not pytest's own name: its assertions stay rewritten
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
