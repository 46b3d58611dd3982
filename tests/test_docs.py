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


def test_the_readme_shows_the_packages_in_their_order() -> None:
    shown = re.findall(r"^\| `([a-z_/]+)/` \| \S", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert shown == [name.replace(".", "/") for name in ORDER if "." in name]


def test_the_pages_name_no_path_of_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(home|root|work|tmp)/", (ROOT / page).read_text(encoding="utf-8")), page


def test_the_index_names_every_page_of_the_docs() -> None:
    index = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"({page.relative_to(ROOT).as_posix()}" in index for page in Path(ROOT, "docs").glob("*.md"))
