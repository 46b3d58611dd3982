"""The command lines as a user gives them, in this process: exit code and what is said."""

import contextlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest.config.argparsing import Parser

import claims.runner.plugin
import fixtures.session.plugin
import reports.runner.collect
from fixtures.kinds.token_traces import TEXT
from fixtures.live.checkpoint import LiveCheckpoint
from fixtures.session.options import add_options, settings_of
from fixtures.session.saved import Saved

Said = tuple[int, str]


def suite(arguments: Sequence[str]) -> Said:
    """Ask as ``pytest claims ARGUMENTS`` does, as far as the evidence of what was chosen."""
    try:
        config = _configured(arguments)
        _read(config)
    except pytest.UsageError as error:
        return int(pytest.ExitCode.USAGE_ERROR), str(error).rpartition("error: ")[2]
    return 0, ""


def program(main: Callable[[list[str]], Any]) -> Callable[[Sequence[str]], Said]:
    """Ask a command line of its own, whose ``main`` returns its exit code or exits with it."""

    def ask(arguments: Sequence[str]) -> Said:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            try:
                code = main(list(arguments))
            except SystemExit as stopped:
                code = stopped.code
        return int(code or 0), said.getvalue().rstrip("\n")

    return ask


def entries(folder: Path) -> list[str]:
    """Return everything below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def _configured(arguments: Sequence[str]) -> Any:
    """Return a configuration that every plugin has looked at."""
    parser = Parser(_ispytest=True)
    add_options(parser)
    options = parser.parse(list(arguments))

    def value(name: str, default: object = None) -> Any:
        return getattr(options, name.lstrip("-").replace("-", "_"), default)

    config: Any = SimpleNamespace(
        addinivalue_line=lambda *_: None,
        args=["claims"],
        getoption=value,
        invocation_params=SimpleNamespace(dir=Path.cwd()),
        option=SimpleNamespace(help=False, collectonly=False),
        pluginmanager=SimpleNamespace(register=lambda *_: None),
        stash=pytest.Stash(),
    )
    for plugin in (fixtures.session.plugin, claims.runner.plugin, reports.runner.collect):
        plugin.pytest_configure(config)
    return config


def _read(config: Any) -> None:
    """Read the text with every chosen checkpoint; what the fixture ``subject`` exits with is bad usage."""
    for source in config.stash[fixtures.session.plugin.CHOSEN].subjects.values():
        try:
            if isinstance(source, Path):
                Saved(source).read(TEXT)
            else:
                TEXT.capture(LiveCheckpoint(source, settings_of(config)))
        except ValueError as error:
            raise pytest.UsageError(str(error)) from error
