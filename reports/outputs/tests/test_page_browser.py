"""The page in a browser: nothing in the console, cells open claims from the keyboard, no sideways scroll on a phone."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reports.outputs.html_page import page
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import run

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")

#: Put before the end of the page: reports errors and what the page became, in the title.
PROBE = """
<script>
const wrong = [];
addEventListener("error", (event) => wrong.push(event.message));
addEventListener("securitypolicyviolation", (event) => wrong.push(event.violatedDirective));
</script>
"""
AFTER = """
<script>
addEventListener("load", () => setTimeout(() => {
  const links = [...document.querySelectorAll("td[data-verdict] a")];
  const reached = links.filter((link) => { link.focus(); return document.activeElement === link; });
  links[3].click();
  setTimeout(() => {
    const target = document.getElementById(links[3].hash.slice(1));
    const focused = document.activeElement === target;  // before a filter may hide it
    const form = document.getElementById("filters");
    form.verdict.value = "refuted";
    form.dispatchEvent(new Event("change"));
    const left = links.filter((link) => link.offsetParent !== null && !link.parentElement.classList.contains("dim"));
    document.body.dataset.probe = JSON.stringify({
      wrong, links: links.length, reached: reached.length, open: target.closest("details").open,
      focused, wide: document.documentElement.scrollWidth - innerWidth,
      refuted: left.every((link) => link.parentElement.dataset.verdict === "refuted"), left: left.length,
    });
  }, 200);
}));
</script>
"""


@pytest.fixture(scope="module")
def text() -> str:
    return page([*run(), *others()])


def dumped(folder: Path, text: str, width: int) -> str:
    """Return the page's elements as a headless browser leaves them."""
    assert BROWSER is not None
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    command = [
        BROWSER,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},900",
        "--virtual-time-budget=5000",
        "--dump-dom",
        file.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.parametrize("width", [1280, 500])  # a headless window is not narrower than 500
def test_in_a_browser(tmp_path: Path, text: str, width: int) -> None:
    free = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", PROBE, text)  # lets the probe run
    found = dumped(tmp_path, free.replace("</body>", f"{AFTER}</body>"), width)
    probe = re.search(r'data-probe="([^"]*)"', found)
    assert probe is not None
    says = probe[1].replace("&quot;", '"')
    assert '"wrong":[]' in says
    counts = {name: int(n) for name, n in re.findall(r'"(links|reached|left|wide)":(-?\d+)', says)}
    assert counts["links"] == counts["reached"] > 0
    assert counts["left"] > 0
    assert counts["wide"] <= 0
    assert re.findall(r'"(?:open|focused|refuted)":(\w+)', says) == ["true"] * 3


def test_its_own_policy_lets_the_script_run(tmp_path: Path, text: str) -> None:
    found = dumped(tmp_path, text, 1280)
    assert re.search(r'<output id="said"[^>]*>\d+ of \d+ claims</output>', found)
    assert '<details class="claim"' in found
    assert not re.search(r'<details class="claim"[^>]* open', found)
