"""The pytest plugin that gathers records, proves none is missing, and writes them and the report.

Records travel as JSON strings in ``report.user_properties`` under `PROPERTY`, so that they also arrive from
the workers of pytest-xdist. Finished ones are appended to ``records.jsonl.partial`` as they come: whatever
ends the run, they are kept. (PYTEST_DONT_REWRITE: no assertion here, and other plugins import it first.)
"""

import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import pytest

from claims.core.multiplicity import adjust
from claims.core.record import PROPERTY, Record, read_records, write_records
from claims.core.verdict import Verdict
from fixtures.files.whole_files import writable
from reports.data.completeness import Completeness
from reports.data.pictured import without_undrawn
from reports.data.read import BadInput, parse
from reports.runner.selection import Selection
from reports.text.links import PAPERS, details_file
from reports.text.vocabulary import plural

#: What a signal to terminate did before.
_TERMINATES = pytest.StashKey[Any]()
#: Missing tests that the terminal names; the report names all.
NAMED = 30
#: How a run ends in which a claim could not be computed, so that what is broken is told from what is refuted (1).
BROKEN = 10


def pytest_configure(config: pytest.Config) -> None:
    """Register the collector, except on workers, which only tell which of their tests are claims."""
    selection = Selection(config)
    config.pluginmanager.register(selection, "claim-selection")
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = config.invocation_params.dir / config.getoption("--report-dir", "out")
    problem = writable(folder)
    if problem:
        raise pytest.UsageError(f"the report folder {folder} cannot be used: {problem}")
    config.pluginmanager.register(Collector(config, folder, selection), "claim-collector")
    if threading.current_thread() is threading.main_thread():  # a scheduler's signal also leaves what is finished
        config.stash[_TERMINATES] = signal.signal(signal.SIGTERM, signal.default_int_handler)


class Collector:
    """The records of one run, on the process that the user started."""

    def __init__(self, config: pytest.Config, folder: Path, selection: Selection) -> None:
        self.config = config
        self.folder = folder
        self.selection = selection
        self.found: dict[tuple[str, str, str], Record] = {}
        self.source: dict[tuple[str, str, str], str] = {}
        self.records: list[Record] = []
        self.recorded: set[str] = set()
        self.problems: list[str] = []
        self.report: Path | None = None
        self._partial: TextIO | None = None

    @property
    def partial(self) -> Path:
        """Where finished records are kept while the run lasts."""
        return self.folder / "records.jsonl.partial"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the records of a finished test; each phase repeats them, so known ones are passed over."""
        for key, value in report.user_properties:
            if key == PROPERTY:
                self._take(report.nodeid, str(value))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what there is, finished or interrupted; then the report, which never costs the records."""
        if self._partial is not None:
            self._partial.close()
        if not self.found:
            return
        self.records = records = self._finished(list(self.found.values()))
        stopped = bool(session.shouldstop or session.shouldfail)  # by -x: the rest was not asked
        lost = self.completeness().missing and not stopped
        broken = lost or any(record.verdict is Verdict.ERROR for record in records)
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and broken:
            session.exitstatus = BROKEN
        try:
            self._keep_others(records)
            write_records(self.folder / "records.jsonl", records)
            self.partial.unlink(missing_ok=True)
        except OSError as error:
            self.problems.append(f"records.jsonl could not be written ({error}); see {self.partial}")
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        try:
            self._render(records)
        except KeyboardInterrupt:  # the measuring is over: what is left can be made again from the records
            self.problems.append(
                "drawing the report was interrupted; the records are whole, and "
                f"`python -m reports render {self.folder}` draws it again"
            )
            session.exitstatus = pytest.ExitCode.INTERRUPTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        """Print the matrix, the completeness and where the report is; of no claim what may select one."""
        chosen = self.config.option.keyword
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and chosen:
            terminalreporter.write_line(
                f"Nothing here matches -k {chosen!r}: it takes parts of ids such as kernel-energy, of figures such as "
                "fig13 and of checkpoints' names; docs/claims.md lists the claims."
            )
        if not self.found and not self.selection.claims():
            return
        terminalreporter.section("claims")
        for line in self._lines(terminalreporter):
            terminalreporter.write_line(line)

    def completeness(self) -> Completeness:
        """Return how many of the selected claims left a record."""
        selected = self.selection.claims() | self.recorded
        missing = sorted(node for node in selected if node not in self.recorded)
        return Completeness(len(selected), tuple(missing))

    def _take(self, node: str, text: str) -> None:
        try:
            record = parse(text)
        except BadInput as error:
            self.problems.append(f"the record of {node} cannot be read: {error}")
            return
        self.recorded.add(node)
        if self.found.get(record.key) == record:
            return
        if self.source.setdefault(record.key, node) != node:
            other = self.source[record.key]
            self.problems.append(f"{node} and {other} recorded the same claim; the later record is kept")
        self.found[record.key] = record
        try:
            self._append(text)
        except OSError as error:
            self.problems.append(f"a finished record could not be kept at once: {error}")

    def _append(self, text: str) -> None:
        if self._partial is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.partial.exists():
                kept = self.folder / "records.interrupted.jsonl"
                self.partial.replace(kept)
                self.problems.append(f"an earlier run was cut off; what it had finished is in {kept}")
            self._partial = self.partial.open("w", encoding="utf-8")
        self._partial.write(text + "\n")
        self._partial.flush()

    def _keep_others(self, records: Sequence[Record]) -> None:
        """Set aside the records of an earlier run that hold a verdict which this one does not have, and its pages."""
        path, kept = self.folder / "records.jsonl", self.folder / "records.previous.jsonl"
        if not path.exists():
            return
        try:
            before = read_records(path)
        except ValueError:  # of a newer suite, or no records at all
            path.replace(kept)
            self.problems.append(f"{_short(path)} could not be read, and is {_short(kept)} now")
            return
        lost = {record.key for record in before} - {record.key for record in records}
        if lost:
            path.replace(kept)
            self.problems.append(f"not of this run: {plural(len(lost), 'verdict')} of before, kept in {_short(kept)}")
        for claim in {record.claim for record in before} - {record.claim for record in records}:
            (self.folder / details_file(claim)).unlink(missing_ok=True)
        from reports.papers.paper_file import pages  # most runs never get here

        for page in pages():  # of ours alone: a folder of that name may hold the reader's own
            (self.folder / PAPERS / f"{page.slug}.md").unlink(missing_ok=True)

    def _finished(self, records: list[Record]) -> list[Record]:
        """The records with p-values adjusted over the run, without figures that are not drawn."""
        try:
            return without_undrawn(adjust(records))
        except Exception as error:  # the records outlive whatever is done to them
            self.problems.append(f"the records were written as they came: {type(error).__name__}: {error}")
            return records

    def _render(self, records: Sequence[Record]) -> None:
        try:
            from reports.outputs.markdown_report import (
                render,  # drawing libraries load slowly; most runs never get here
            )

            self.report = render(records, self.folder, self.completeness())
        except Exception as error:  # a report can be rendered again, a run cannot
            self.problems.append(f"the report could not be rendered: {type(error).__name__}: {error}")

    def _lines(self, terminal: pytest.TerminalReporter) -> list[str]:
        lines: list[str] = []
        if self.records:
            from reports.data.board import board
            from reports.runner.terminal import compact

            lines += [*compact(board(self.records), terminal._tw.fullwidth), ""]
        completeness = self.completeness()
        missing = completeness.missing if self.recorded else ()  # where nothing was recorded, a list says nothing
        lines.append(completeness.sentence + (", missing:" if missing else ""))
        lines += [f"  {node}" for node in missing[:NAMED]]
        rest = len(missing) - NAMED
        lines += [f"  and {rest:,} more"] if rest > 0 else []
        lines += self.problems
        return [*lines, *([f"report: {_short(self.report)}"] if self.report else [])]


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Unregister, so that a process that runs pytest twice starts afresh."""
    if _TERMINATES in config.stash:
        signal.signal(signal.SIGTERM, config.stash[_TERMINATES])
    for name in ("claim-collector", "claim-selection"):
        plugin: Any = config.pluginmanager.get_plugin(name)
        if plugin is not None:
            config.pluginmanager.unregister(plugin)
