"""Every command that the documentation shows is run here, or says beside it what it needs that a test does not have."""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.capture.tokens import capture_trace
from fixtures.checkpoints.spec import resolve
from fixtures.evidence.store import save
from fixtures.files.packed import as_stored, opened
from fixtures.kinds.token_traces import TEXT
from fixtures.live.checkpoint import LiveCheckpoint
from fixtures.live.settings import SHIPPED_ROLLOUTS
from fixtures.rollouts.file_format import read_rollouts, write_rollouts
from fixtures.routing.export import export_trace
from fixtures.tests.support.live_settings import SETTINGS
from fixtures.zoo import embedded_folder, tokenizer_folder
from tests.test_docs import PAGES
from tests.test_layout import ROOT

#: What a comment beside a command says of it when no test runs it.
NEEDS = re.compile(
    r"needs (a GPU|GPUs|the hub|vLLM|several machines|an engine's answers|a published capture|the network|"
    r"minutes|half an hour|half a day)"
)
COMMAND = re.compile(
    r"(?:[A-Z_]+=\S+ )*(?:(?:\.venv|build/engine/\.venv)/bin/)?(pytest|python3?|make|pip|hf|ray|git)\b"
)
#: The checkpoints that the commands name, and what stands for them.
CHECKPOINTS = {
    "my-moe": "olmoe-aux",
    "my-init": "olmoe-noaux",
    "base": "olmoe-aux",
    "tuned": "olmoe-plain",
    "with": "small-adamw-loss-s0",
    "without": "small-adamw-noloss-s0",
    "step-1000": "olmoe-aux",
    "final": "olmoe-plain",
}
#: Other arguments that make a command as small as a test may be, by its beginning.
SMALLER = {"fixtures.rollouts make": "--questions few.jsonl --max-new-tokens 2 --seeds 1 --out made.jsonl"}
#: Commands that end with another code by design: records that differ, and no certificate among the few records.
ENDS = {"reports compare": 1, "claims.recheck": 2}
#: pytest's own collection of every command's items, in one process, since what it imports takes seconds.
COLLECT = """
import json, pytest, sys
given = json.load(sys.stdin)
sys.exit(json.dumps({said: int(pytest.main(arguments)) for said, arguments in given.items()}))
"""


def commands() -> Iterator[tuple[str, str, bool]]:
    """Yield page, command and whether it says what it needs; of blocks without a language, or of a shell's lines."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for block, before in _blocks(text):
            marked = bool(NEEDS.search(before))
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                said, _, comment = line.strip().partition("#")
                if COMMAND.match(said):
                    yield page, said.strip(), marked or bool(NEEDS.search(comment))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each block of commands, and the paragraph that stands before it."""
    for found in re.finditer(r"^```(?:bash)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], text[: found.start()].rstrip().rpartition("\n\n")[2]
    yield from ((found[0], "") for found in re.finditer(r"^(?:    \S.*\n)+", text, re.MULTILINE))


FOUND = sorted({(said, marked) for _, said, marked in commands()})
RUN = [said for said, marked in FOUND if not marked]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the commands name: two checkpoints, rollouts, records of two runs, routing."""
    here = tmp_path_factory.mktemp("commands")
    for name, held in CHECKPOINTS.items():
        shutil.copytree(embedded_folder(held), here / name)
        shutil.copytree(tokenizer_folder(held), here / name, dirs_exist_ok=True)
    shipped = read_rollouts(SHIPPED_ROLLOUTS)
    write_rollouts(here / "mine.jsonl", replace(shipped, rollouts=shipped.rollouts[:4]))
    question = {"id": "q1", "kind": "algebra", "texts": ["Solve x + 2 = 5.", "What plus 2 is 5?"]}
    (here / "few.jsonl").write_text(json.dumps(question) + "\n")
    with opened(as_stored(ROOT / "docs" / "sample" / "records.jsonl")) as file:
        lines = file.read().decode().splitlines(keepends=True)
    few = [line for line in lines if json.loads(line)["claim"] in ("router-linearity", "kernel-energy")]
    moved = [line.replace('"verdict":"supported"', '"verdict":"inconclusive"') for line in few]
    for name, held in {"out": few, "runs/first": few, "runs/second": moved}.items():
        (here / name).mkdir(parents=True)
        (here / name / "records.jsonl").write_text("".join(held), encoding="utf-8")
    live = LiveCheckpoint(resolve("olmoe-aux"), replace(SETTINGS, layers="all"))
    trace = capture_trace(live.model, live.routers, live.text, batch_size=8, sample_tokens=8, seed=0)
    save(here / "out" / "traces" / "my-moe-1a2b3c4d" / "text", TEXT, trace)
    export_trace(here / "out" / "traces" / "my-moe-1a2b3c4d", here / "routing")
    for name, held in {"old": few, "new": moved, "a": few[:3], "b": few[3:]}.items():
        (here / f"{name}.jsonl").write_text("".join(held), encoding="utf-8")
    return here


def test_there_are_commands_of_every_kind() -> None:
    assert {COMMAND.match(said)[1] for said in RUN} >= {"pytest", "python", "make"}  # type: ignore[index]
    assert len(RUN) > 20


@pytest.mark.parametrize("said", [said for said in RUN if said.startswith("make ")])
def test_make_has_every_target(said: str) -> None:
    subprocess.run(["make", "-n", *said.split()[1:]], cwd=ROOT, check=True, capture_output=True)


def test_pytest_collects_what_a_command_asks_for(folder: Path) -> None:
    given = {said: _collected(said) for said in RUN if "pytest " in said}
    assert len(given) > 8
    done = subprocess.run(
        [sys.executable, "-c", COLLECT],
        input=json.dumps(given),
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
    )
    codes = json.loads(done.stderr.splitlines()[-1])
    assert codes == dict.fromkeys(given, 0), done.stdout[-3000:]


@pytest.mark.parametrize("said", [said for said in RUN if "python -m " in said])
def test_a_module_does_what_a_command_says(
    said: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = said.split("python -m ")[1]
    module, *arguments = shlex.split(asked)
    smaller = next((more for start, more in SMALLER.items() if asked.startswith(start)), "")
    monkeypatch.chdir(folder)
    for name in (f"{module}.__main__", module):  # another test may have imported it; a package stays
        if not hasattr(sys.modules.get(name), "__path__"):
            monkeypatch.delitem(sys.modules, name, raising=False)
    given = [path for word in arguments for path in (map(str, sorted(Path().glob(word))) if "*" in word else [word])]
    monkeypatch.setattr(sys, "argv", [module, *given, *shlex.split(smaller)])
    try:
        runpy.run_module(module, run_name="__main__")
        code: object = 0
    except SystemExit as end:
        code = end.code or 0
    expected = next((end for start, end in ENDS.items() if asked.startswith(start)), 0)
    assert code == expected, capsys.readouterr()


def _collected(said: str) -> list[str]:
    """Return pytest's arguments: the claims of this repository, collected and not run."""
    asked = shlex.split(said[said.index("pytest ") :])[1:]
    settled = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "-q", "--collect-only", "-n", "0"]
    left = [word for place, word in enumerate(asked) if "-n" not in asked[max(place - 1, 0) : place + 1]]
    return [str(ROOT / "claims") if word == "claims" else word for word in left] + settled
