"""The house: small packages, one order of imports, and a collection of the claims that loads no torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Packages in their order, as the README shows them: a module imports from its own package and from earlier ones.
ORDER = [
    "metrics",
    "metrics.stats",
    "metrics.routing",
    "metrics.usage",
    "metrics.subspaces",
    "metrics.jacobians",
    "fixtures",
    "fixtures.messages",
    "fixtures.files",
    "fixtures.evidence",
    "fixtures.routing",
    "fixtures.routing.importers",
    "fixtures.forward",
    "fixtures.text",
    "fixtures.questions",
    "fixtures.zoo",
    "fixtures.zoo.real",
    "fixtures.weights",
    "fixtures.checkpoints",
    "fixtures.engines",
    "fixtures.rollouts",
    "fixtures.rollouts.real",
    "fixtures.discovery",
    "fixtures.experts",
    "fixtures.capture",
    "fixtures.engine_capture",
    "fixtures.interventions",
    "fixtures.studies",
    "fixtures.mlp",
    "fixtures.planted",
    "fixtures.live",
    "fixtures.kinds",
    "fixtures.session",
    "fixtures.architectures",
    "fixtures.conversions",
    "claims.core",
    "claims.shared",
    "claims.router",
    "claims.balance",
    "claims.inputs",
    "claims.rollouts",
    "claims.choices",
    "claims.experts",
    "claims.trained_pairs",
    "claims.identities",
    "claims.runner",
    "claims.device",
    "claims",
    "reports.text",
    "reports.data",
    "reports.figures",
    "reports.pages",
    "reports.papers",
    "reports.outputs",
    "reports.runner",
    "reports",
]
#: Topics of claims: none imports another.
TOPICS = ("router", "balance", "inputs", "rollouts", "choices", "experts", "trained_pairs", "identities")
#: Modules that a folder may hold before nobody finds a room in it.
MOST_MODULES = 20


def sources() -> dict[str, Path]:
    """Return our modules, without tests, by dotted name."""
    found = {}
    for top in ("metrics", "fixtures", "claims", "reports"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "tests" not in path.parts and path.name != "conftest.py":
                found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


MODULES = sources()


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each of our modules that a source imports, and the name that it takes from it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in MODULES:
                    yield inner, ""
                elif node.module in MODULES:
                    yield node.module, alias.name


def package_of(module: str) -> str:
    """Return the package that a module lies in; a package is its own."""
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


def test_every_package_has_its_place_in_the_order() -> None:
    assert {package_of(module) for module in MODULES} == set(ORDER)


@pytest.mark.parametrize("module", MODULES)
def test_no_import_goes_up(module: str) -> None:
    place = ORDER.index(package_of(module))
    up = [other for other, _ in imports(MODULES[module]) if ORDER.index(package_of(other)) > place]
    if module.endswith(".__main__"):  # a command line, which nothing imports, may start what comes after it
        up = [other for other in up if other.split(".")[0] != module.split(".")[0]]
    assert not up, f"{module} imports {', '.join(up)}, which come after it"


def on_cycles(graph: Mapping[str, set[str]]) -> set[str]:
    """Return what lies on a cycle, or between two: all that both leads and is led to, again and again."""
    left = {name: others - {name} for name, others in graph.items()}
    while True:
        led_to = {other for others in left.values() for other in others}
        kept = {name: others & left.keys() for name, others in left.items() if name in led_to and others & left.keys()}
        if kept == left:
            return set(left)
        left = kept


def test_no_cycle_of_modules() -> None:
    found = on_cycles({module: {other for other, _ in imports(path)} for module, path in MODULES.items()})
    assert not found, f"modules that import each other: {', '.join(sorted(found))}"


def test_a_planted_cycle_is_found() -> None:
    planted = {"above": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a", "below"}, "below": set[str]()}
    assert on_cycles(planted) == {"a", "b", "c"}
    assert not on_cycles(planted | {"c": {"below"}})


@pytest.mark.parametrize(("topic", "other"), [*combinations(TOPICS, 2), *combinations(TOPICS[::-1], 2)])
def test_no_topic_of_claims_imports_another(topic: str, other: str) -> None:
    mine = [path for module, path in MODULES.items() if module.startswith(f"claims.{topic}.")]
    assert mine
    assert not [o for path in mine for o, _ in imports(path) if o.startswith(f"claims.{other}.")]


def test_reports_read_records_and_decide_nothing() -> None:
    may = {f"claims.core.{name}" for name in ("record", "migration", "verdict", "multiplicity")}
    for module, path in MODULES.items():
        if module.startswith("reports"):
            assert {other for other, _ in imports(path) if other.startswith("claims")} <= may, module


def test_nothing_imports_a_private_name_of_another_module() -> None:
    private = [(m, o, name) for m, path in MODULES.items() for o, name in imports(path) if name.startswith("_")]
    assert not private


def test_no_module_of_the_product_imports_tests() -> None:
    for path in MODULES.values():
        assert ".tests" not in "".join(
            node.module or "" for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ImportFrom)
        ), path


@pytest.mark.parametrize("package", ORDER)
def test_a_package_says_what_it_holds_and_holds_no_crowd(package: str) -> None:
    folder = ROOT.joinpath(*package.split("."))
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_bytes())), f"{package} does not say what it holds"
    assert len(list(folder.glob("*.py"))) - 1 <= MOST_MODULES


def test_collecting_the_claims_loads_no_torch(tmp_path: Path) -> None:
    asked = (
        "import sys, pytest; "
        "code = pytest.main(['claims', '--collect-only', '-q', '-p', 'no:cacheprovider']); "
        "print('loaded:', [name for name in ('torch', 'transformers') if name in sys.modules], 'exit', int(code))"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "loaded: [] exit 0" in done.stdout
    assert "test_geo_fig06_overlap.py" in done.stdout
