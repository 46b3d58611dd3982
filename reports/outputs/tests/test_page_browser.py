"""The page in a browser: wide, narrow, light, dark, from the keyboard, sent as an address, saved and printed.

`make browser` puts a Chromium, its driver and the accessibility rules into build/browser. ``PAGE_BROWSER`` names
another such folder; a Chromium on the path serves where the folder has none.
"""

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from claims.core.record import Record
from reports.data.board import board
from reports.outputs.html_page import page
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import run

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("PAGE_BROWSER") or ROOT / "build" / "browser")
OWN = FOLDER / "chrome"
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = str(OWN) if OWN.is_file() else next(filter(None, map(shutil.which, NAMES)), None)
MISSING = [
    what
    for what, there in (
        ("Node.js", shutil.which("node")),
        ("Chromium", CHROMIUM),
        ("driver", (FOLDER / "node_modules" / "playwright-core").is_dir()),
        ("axe-core", (FOLDER / "node_modules" / "axe-core").is_dir()),
    )
    if not there
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)} here: `make browser` installs them")
RECORDS: list[Record] = [*run(), *others()]


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a browser met on the page of the sample run."""
    file = tmp_path_factory.mktemp("browser") / "page.html"
    file.write_text(page(RECORDS), encoding="utf-8")
    script = ROOT / "reports" / "tests" / "support" / "browse.cjs"
    command = ["node", str(script), str(FOLDER), str(CHROMIUM), str(file)]
    libraries = {"LD_LIBRARY_PATH": str(FOLDER / "lib")} if (FOLDER / "lib").is_dir() else {}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **libraries}
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_wrong_in_the_console_and_nothing_is_asked_of_a_network(met: dict[str, Any]) -> None:
    assert met["wrong"] == []
    assert [screen["width"] for screen in met["screens"]] == [1400, 768, 390, 390]


def test_the_page_does_not_scroll_sideways(met: dict[str, Any]) -> None:
    for screen in met["screens"]:
        assert max(screen["wide"], screen["wideOpen"]) <= 0, screen["width"]


def test_every_cell_is_reached_by_the_tab_key(met: dict[str, Any]) -> None:
    whole = len(board(RECORDS).cells)
    counts = {screen["width"]: screen["tabbed"] for screen in met["screens"]}
    assert all(count["met"] == count["wanted"] for count in counts.values())
    assert counts[1400]["met"] == counts[768]["met"] == whole
    assert 0 < counts[390]["met"] < whole


def test_a_cell_opened_by_the_enter_key_leads_to_its_own_verdict(met: dict[str, Any]) -> None:
    for screen in met["screens"]:
        opened = screen["opened"]
        assert [name for name in ("open", "focused", "seen", "address", "drawn") if not opened[name]] == []
        assert opened["height"] < 6000


def test_a_narrow_screen_shows_one_checkpoint_at_a_time(met: dict[str, Any]) -> None:
    counts = [len(screen["places"]) for screen in met["screens"]]
    assert counts[0] == counts[1] > 1
    assert counts[2:] == [1, 1]


def test_the_address_keeps_search_and_filters(met: dict[str, Any]) -> None:
    for screen in met["screens"]:
        kept = screen["kept"]
        assert (kept["view"]["asked"]["verdict"], kept["view"]["asked"]["q"]) == ("refuted", "router")
        assert len(kept["view"]["rows"]) < len(kept["before"]["rows"])
        assert kept["sent"] == kept["view"] == kept["again"]
        assert kept["after"] == kept["before"]
        assert kept["reset"] == kept["before"]["asked"]


def test_there_is_no_serious_barrier(met: dict[str, Any]) -> None:
    for screen in met["screens"]:
        assert screen["barriers"] == screen["barriersOpen"] == [], (screen["width"], screen["colorScheme"])


def test_what_is_saved_is_what_was_measured(met: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in met["jsonl"].splitlines()]
    assert sorted((one["checkpoint"], one["claim"], one["variant"]) for one in lines) == sorted(r.key for r in RECORDS)
    rows = list(csv.DictReader(io.StringIO(met["csv"])))
    assert len(rows) == sum(max(1, len(record.criteria)) for record in RECORDS)
    (first,) = [r for r in RECORDS if r.key == ("zoo/balanced", "kernel-energy", "")] or RECORDS[:1]
    told = [row for row in rows if (row["checkpoint"], row["claim"], row["variant"]) == first.key]
    assert [float(row["value"]) for row in told] == [c.value for c in first.criteria]


def test_on_paper_nothing_is_folded_clipped_or_a_control(met: dict[str, Any]) -> None:
    assert met["printed"] == {"clipped": 0, "folded": 0, "controls": 0, "wide": 0}
