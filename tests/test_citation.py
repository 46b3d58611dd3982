"""How to cite the suite and its papers: the two files say what the project and the papers' pages say."""

import re
import tomllib
from typing import Any

import msgspec
import pytest

from tests.test_layout import ROOT

PAPERS = sorted((ROOT / "reports" / "papers").glob("*.toml"))


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.yaml.decode((ROOT / "CITATION.cff").read_bytes())
    return found


@pytest.fixture(scope="module")
def bibliography() -> str:
    return re.sub(r"[{}]", "", " ".join((ROOT / "CITATION.bib").read_text(encoding="utf-8").split()))


def test_the_suite_is_cited_as_the_project_file_has_it(citation: dict[str, Any], bibliography: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert f"version = {project['version']}," in bibliography
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_paper_is_cited_with_its_title_number_and_authors(
    citation: dict[str, Any], bibliography: str, paper: Any
) -> None:
    told = tomllib.loads(paper.read_text(encoding="utf-8"))
    number = told["source"].removeprefix("arXiv ")
    (entry,) = [r for r in citation["references"] if r["identifiers"][0]["value"] == f"arXiv:{number}"]
    names = re.findall(r"[A-Z]\w+", told["authors"].partition(",")[0] + "," + told["authors"].rpartition(",")[0])
    assert entry["title"] == told["title"]
    assert {author["family-names"] for author in entry["authors"]} == set(names)
    assert told["title"] in bibliography
    assert f"eprint = {number.removesuffix('v1')}," in bibliography
    assert f"author = {' and '.join(dict.fromkeys(names))}," in bibliography
