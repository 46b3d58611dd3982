"""Which of the selected tests are claims, on one process or on many.

Under pytest-xdist only workers collect, and the controller is told node ids alone. Each worker therefore
sends the ids of its claims when it ends. For a worker that never ends, the controller knows what it saw: a
test whose report carries the keyword is a claim, and so is a test that never reported from a file with claims.
"""

import pytest

#: Keyword (mark) of a test that is a claim.
KEYWORD = "claim"
_OUTPUT = "claim-ids"


class Selection:
    """The claims among the selected tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._known: set[str] = set()
        self._all: set[str] = set()
        self._others: set[str] = set()
        self._complete = False

    def claims(self) -> set[str]:
        """Return the node ids of the selected claims, as far as they are known."""
        if self._complete:
            return set(self._known)
        files = {_file(node) for node in self._known}
        silent = {node for node in self._all - self._others if _file(node) in files}
        return self._known | silent

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn the claims of a process that collects; a worker passes them on."""
        self._known = {item.nodeid for item in session.items if KEYWORD in item.keywords}
        self._complete = True
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_OUTPUT] = sorted(self._known)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Learn what was selected; every worker selects the same."""
        self._all = set(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Learn the claims from a worker that ended in order."""
        sent = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if sent is not None:
            self._known = set(sent)
            self._complete = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell claims from other tests by their own reports; a crash report has no keywords."""
        if self._complete or not report.keywords:
            return
        (self._known if KEYWORD in report.keywords else self._others).add(report.nodeid)


def _file(node: str) -> str:
    return node.split("::")[0]
