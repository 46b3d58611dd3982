"""Command line of the reports: render, html, matrix, compare, history, merge.  ``python -m reports --help``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from reports import commands
from reports.margins import SHARE
from reports.markdown import plain
from reports.read import BadInput

Command = Callable[[argparse.Namespace], int]
#: A type of ``parser.add_parser(...)``; argparse has no public one.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
RECORDS = "records.jsonl, or its folder"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when `compare` found a change, or 2 with a sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BadInput as error:
        problem = str(error)
    except OSError as error:
        problem = f"cannot write {error.filename or options.output}: {error.strerror or error}"
    print(f"reports: {plain(problem, 2000)}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Show what a run of the claims measured.")
    parser.set_defaults(output="the standard output")
    commands_ = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_render, _html, _matrix, _compare, _history, _merge):
        add(commands_)
    return parser


def _render(parsers: Commands) -> None:
    parser = _command(
        parsers,
        "render",
        commands.render_report,
        "write the Markdown report, its pages and its figures from records alone",
        "Write report.md, a page a claim (details/), a page a paper (papers/) and figures/*.png. "
        "The same records give the same bytes.",
    )
    parser.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER|FILE",
        help="folder for report.md, its pages and figures, or the report's file name (*.md); default: beside RECORDS",
    )


def _html(parsers: Commands) -> None:
    parser = _command(
        parsers,
        "html",
        commands.write_page,
        "write one page to browse, figures and all",
        "Write one HTML file that needs no network: the matrix, filters by paper, verdict and place, every claim with "
        "its numbers and figures, and its history when runs are given.",
    )
    parser.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="file to write; default: report.html beside RECORDS"
    )
    parser.add_argument(
        "--history", type=Path, nargs="+", metavar="RUN", help="earlier runs, and this one, as `history` takes them"
    )
    _add_label(parser)


def _matrix(parsers: Commands) -> None:
    parser = _command(
        parsers,
        "matrix",
        commands.print_matrix,
        "print the matrix as Markdown",
        "Print one paragraph and the tables of claims by places as Markdown, for a job summary.",
    )
    parser.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)


def _compare(parsers: Commands) -> None:
    parser = _command(
        parsers,
        "compare",
        commands.compare_runs,
        "say what changed between two runs",
        "Print as Markdown what changed from OLD to NEW. Exit status: 1 when a verdict changed, appeared or vanished, "
        "another reading's verdict moved, or a criterion lost its margin; 0 when none did; 2 when a file cannot "
        "be read.",
    )
    parser.add_argument("old", type=Path, metavar="OLD", help="records.jsonl of the earlier run, or its folder")
    parser.add_argument("new", type=Path, metavar="NEW", help="records.jsonl of the later run, or its folder")
    parser.add_argument(
        "--margin",
        type=float,
        default=SHARE,
        metavar="SHARE",
        help="a margin is lost when an interval comes nearer to its threshold than this share of its own width, or "
        "touches it (default: %(default)s)",
    )


def _history(parsers: Commands) -> None:
    parser = _command(
        parsers,
        "history",
        commands.write_runs,
        "show every claim's numbers through many runs",
        "Write history.md and a picture a claim (history/*.png): value and interval run by run against the threshold. "
        "Runs are ordered by the date that their records carry when all do, else as they are given.",
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=RECORDS)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("history"), metavar="FOLDER", help="folder (default: %(default)s)"
    )
    _add_label(parser)


def _merge(parsers: Commands) -> None:
    parser = _command(
        parsers,
        "merge",
        commands.merge_shards,
        "put the shards of one run together",
        "Put shards of one run together, in any order; p-values are adjusted over all of them, as one run does. "
        "Records of one claim, checkpoint and fork that agree but for seconds and provenance are one; any that "
        "disagree are an error.",
    )
    parser.add_argument("shards", type=Path, nargs="+", metavar="RECORDS", help=RECORDS)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="file to write, certificates beside it; default: records to the standard output",
    )


def _command(parsers: Commands, name: str, run: Command, says: str, description: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = parsers.add_parser(name, help=says, description=description)
    parser.set_defaults(run=run)
    return parser


def _add_label(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--label",
        action="append",
        metavar="TEXT",
        help="name of a run, once a run in their order; default: the date, else the name of the file or its folder",
    )


if __name__ == "__main__":
    sys.exit(main())
