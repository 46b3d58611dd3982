"""What the documentation names is there: files, folders and packages."""

import re
from pathlib import Path

import pytest

from tests.test_layout import ORDER, ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "fixtures/*/README.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"
)
#: A path of this repository as the pages write it; placeholders in angle brackets stand for any name.
PATH = re.compile(r"`((?:metrics|fixtures|claims|reports|tests|docs)/[\w./*<>-]*)`")


def test_there_are_pages() -> None:
    assert {"README.md", "docs/architecture.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    named = PATH.findall((ROOT / page).read_text(encoding="utf-8"))
    lost = [name for name in named if not any(ROOT.glob(re.sub(r"<\w+>", "*", name).rstrip("/")))]
    assert not lost, f"{page} names {', '.join(lost)}"


def test_the_architecture_shows_the_packages_in_their_order() -> None:
    shown = re.findall(
        r"^\| `([a-z_/]+)/` \| \S", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert shown == [name.replace(".", "/") for name in ORDER if "." in name]


def test_the_readme_shows_the_packages_in_their_order() -> None:
    shown = re.findall(
        r"^- \*\*(\w+)\*\* \([^)]*\): (.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = [f"{top}.{each.replace('/', '.')}" for top, packages in shown for each in packages.split(", ")]
    assert named == [name for name in ORDER if "." in name]


def test_the_pages_name_no_path_of_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(home|root|work|tmp)/", (ROOT / page).read_text(encoding="utf-8")), page


def test_the_index_names_every_page_of_the_docs() -> None:
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in docs.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index] == []


def test_the_readme_is_short_and_leads_to_the_index() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) < 200
    assert "(docs/README.md)" in readme


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_its_heading(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    inline = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text)
    named = re.findall(r"^\[[^\]]+\]: (?!https?:)([^#\s]+)(?:#(\S+))?", text, re.MULTILINE)
    for target, anchor in [*inline, *named]:
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), f"{page} links {target}"
        if anchor:
            assert anchor in _anchors(file), f"{page} links {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """Return what a code host calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
