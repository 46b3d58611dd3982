"""Command line of the reports: render, html, matrix, compare, history, merge, schema.  ``python -m reports --help``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reports import commands
from reports.data.margins import SHARE
from reports.data.read import BadInput
from reports.text.markdown import SENTENCE, plain

INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended


class Argument(NamedTuple):
    """What ``add_argument`` takes."""

    names: tuple[str, ...]
    settings: dict[str, Any]


class Command(NamedTuple):
    """A command: what it does, in half a sentence and in whole ones, and what it takes."""

    name: str
    run: Callable[[argparse.Namespace], int]
    says: str
    description: str
    arguments: tuple[Argument, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when `compare` found a change, or 2 (130 when stopped) with a sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BadInput as error:
        problem = str(error)
    except OSError as error:
        problem = f"cannot write {error.filename or options.output}: {error.strerror or error}"
    except KeyboardInterrupt:
        print("reports: stopped; files that were begun are not there", file=sys.stderr)
        return INTERRUPTED
    print(f"reports: {plain(problem, SENTENCE)}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Show what a run of the claims measured.")
    parser.set_defaults(output="the standard output")
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        added = parsers.add_parser(command.name, help=command.says, description=command.description)
        added.set_defaults(run=command.run)
        for argument in command.arguments:
            added.add_argument(*argument.names, **argument.settings)
    return parser


def _argument(*names: str, **settings: Any) -> Argument:
    return Argument(names, settings)


def _paths(name: str, metavar: str, says: str = "records.jsonl, or its folder", **settings: Any) -> Argument:
    return _argument(name, type=Path, metavar=metavar, help=says, **settings)


def _output(metavar: str, says: str, **settings: Any) -> Argument:
    return _argument("-o", "--output", type=Path, metavar=metavar, help=says, **settings)


_RECORDS = _paths("records", "RECORDS")
_LABEL = _argument(
    "--label",
    action="append",
    metavar="TEXT",
    help="name of a run, once a run in their order; default: the date, else the name of the file or its folder",
)
COMMANDS = (
    Command(
        "render",
        commands.render_report,
        "write the Markdown report, its pages and its figures from records alone",
        "Write report.md, a page a claim (details/), a page a paper (papers/) and figures/*.png. "
        "The same records give the same bytes.",
        (
            _RECORDS,
            _output(
                "FOLDER|FILE",
                "folder for report.md, its pages and figures, or the report's file name (*.md); "
                "default: beside RECORDS",
            ),
        ),
    ),
    Command(
        "html",
        commands.write_page,
        "write one page to browse, figures and all",
        "Write one HTML file that needs no network: the matrix, filters by paper, verdict and place, every claim with "
        "its numbers and figures, and its history when runs are given.",
        (
            _RECORDS,
            _output("FILE", "file to write; default: report.html beside RECORDS"),
            _paths("--history", "RUN", "earlier runs, and this one, as `history` takes them", nargs="+"),
            _LABEL,
        ),
    ),
    Command(
        "matrix",
        commands.print_matrix,
        "print the matrix as Markdown",
        "Print one paragraph and the tables of claims by places as Markdown, for a job summary.",
        (_RECORDS,),
    ),
    Command(
        "compare",
        commands.compare_runs,
        "say what changed between two runs",
        "Print as Markdown what changed from OLD to NEW. Exit status: 1 when a verdict changed, appeared or vanished, "
        "another reading's verdict moved, or a criterion lost its margin; 0 when none did; 2 when a file cannot "
        "be read.",
        (
            _paths("old", "OLD", "records.jsonl of the earlier run, or its folder"),
            _paths("new", "NEW", "records.jsonl of the later run, or its folder"),
            _argument(
                "--margin",
                type=float,
                default=SHARE,
                metavar="SHARE",
                help="a margin is lost when an interval comes nearer to its threshold than this share of its own "
                "width, or touches it (default: %(default)s)",
            ),
        ),
    ),
    Command(
        "history",
        commands.write_runs,
        "show every claim's numbers through many runs",
        "Write history.md and a picture a claim (history/*.png): value and interval run by run against the threshold. "
        "Runs are ordered by the date that their records carry when all do, else as they are given.",
        (
            _paths("runs", "RUN", nargs="+"),
            _output("FOLDER", "folder (default: %(default)s)", default=Path("history")),
            _LABEL,
        ),
    ),
    Command(
        "merge",
        commands.merge_shards,
        "put the shards of one run together",
        "Put shards of one run together, in any order; p-values are adjusted over all of them, as one run does. "
        "Records of one claim, checkpoint and reading that agree but for seconds and provenance are one; any that "
        "disagree are an error.",
        (
            _paths("shards", "RECORDS", nargs="+"),
            _output("OUT", "file to write, certificates beside it; default: records to the standard output"),
        ),
    ),
    Command(
        "schema",
        commands.print_schema,
        "print the JSON Schema of records.jsonl",
        "Print the JSON Schema of a line of records.jsonl, for programs that read it.",
        (_argument("of", choices=("records",), help="what to print the schema of"),),
    ),
)


if __name__ == "__main__":
    sys.exit(main())
