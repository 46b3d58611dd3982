"""Command line of the reports; ``python -m reports --help`` names its commands."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from reports import commands, publish
from reports.data.margins import SHARE
from reports.data.read import BadInput
from reports.text.markdown import SENTENCE, plain

INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended
RECORDS = "records.jsonl, or its folder"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when `compare` found a change, or 2 (130 when stopped) with a sentence on stderr."""
    options = parser().parse_args(arguments)
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


def parser() -> argparse.ArgumentParser:
    """Return the parser; ``run`` of what it returns is the command's function of `reports.commands`."""
    whole = argparse.ArgumentParser(prog="python -m reports", description="Show what a run of the claims measured.")
    whole.set_defaults(output="the standard output")
    add = whole.add_subparsers(required=True, metavar="COMMAND").add_parser

    render = add(
        "render",
        help="write the Markdown report, its pages and its figures from records alone",
        description="Write report.md, a page a claim (details/), a page a paper (papers/) and figures/*.webp. "
        "The same records give the same bytes.",
    )
    render.set_defaults(run=commands.render_report)
    render.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)
    says = "folder for report.md, its pages and figures, or the report's file name (*.md); default: beside RECORDS"
    render.add_argument("-o", "--output", type=Path, metavar="FOLDER|FILE", help=says)

    html = add(
        "html",
        help="write one page to browse, figures and all",
        description="Write one HTML file that needs no network: what to take away, the matrix, a search and filters, "
        "every claim with its numbers and figures, the papers, and its history when runs are given.",
    )
    html.set_defaults(run=commands.write_page)
    html.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)
    says = "file to write; default: report.html beside RECORDS"
    html.add_argument("-o", "--output", type=Path, metavar="FILE", help=says)
    says = "earlier runs, and this one, as `history` takes them"
    html.add_argument("--history", type=Path, metavar="RUN", nargs="+", help=says)

    matrix = add(
        "matrix",
        help="print the matrix as Markdown",
        description="Print one paragraph and the tables of claims by places as Markdown, for a job summary.",
    )
    matrix.set_defaults(run=commands.print_matrix)
    matrix.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)

    compare = add(
        "compare",
        help="say what changed between two runs",
        description="Print as Markdown what changed from OLD to NEW. Exit status: 1 when a verdict changed, appeared "
        "or vanished, another variant's verdict moved, or a criterion lost its margin; 0 when none did; 2 when a file "
        "cannot be read.",
    )
    compare.set_defaults(run=commands.compare_runs)
    compare.add_argument("old", type=Path, metavar="OLD", help="records.jsonl of the earlier run, or its folder")
    compare.add_argument("new", type=Path, metavar="NEW", help="records.jsonl of the later run, or its folder")
    says = (
        "a margin is lost when an interval comes nearer to its threshold than this share of its own width, or touches "
        "it (default: %(default)s)"
    )
    compare.add_argument("--margin", type=float, default=SHARE, metavar="SHARE", help=says)

    history = add(
        "history",
        help="show every claim's numbers through many runs",
        description="Write history.md and a picture a claim (history/*.webp): value and interval run by run against "
        "the threshold. Runs are ordered by the date that their records carry when all do, else as they are given.",
    )
    history.set_defaults(run=commands.write_runs)
    history.add_argument("runs", type=Path, metavar="RUN", nargs="+", help=RECORDS)
    says = "folder (default: %(default)s)"
    history.add_argument("-o", "--output", type=Path, metavar="FOLDER", default=Path("history"), help=says)
    for command in (html, history):
        says = "name of a run, once a run in their order; default: the date, else the name of the file or its folder"
        command.add_argument("--label", action="append", metavar="TEXT", help=says)

    merge = add(
        "merge",
        help="put the shards of one run together",
        description="Put shards of one run together, in any order; p-values are adjusted over all of them, as one run "
        "does. Records of one claim, checkpoint and variant that agree but for seconds, provenance and the evidence's "
        "digest are one; any that disagree are an error.",
    )
    merge.set_defaults(run=commands.merge_shards)
    merge.add_argument("shards", type=Path, metavar="RECORDS", nargs="+", help=RECORDS)
    says = "file to write, certificates beside it; default: records to the standard output"
    merge.add_argument("-o", "--output", type=Path, metavar="OUT", help=says)

    schema = add(
        "schema",
        help="print the JSON Schema of records.jsonl",
        description="Print the JSON Schema of a line of records.jsonl, for programs that read it.",
    )
    schema.set_defaults(run=commands.print_schema)
    schema.add_argument("of", choices=("records",), help="what to print the schema of")
    _linked_to(add)
    return whole


def _linked_to(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands that make what people link to."""
    card = add(
        "card",
        help="print what a model card says of a checkpoint",
        description="Print at most twelve claims of one checkpoint for its model card, with headline, interval, chance "
        "and verdict, and the command that measures them again; Markdown, or HTML.",
    )
    card.set_defaults(run=publish.write_card)
    card.add_argument("--html", action="store_true", help="as HTML (default: Markdown)")
    badge = add(
        "badge",
        help="print a badge as SVG",
        description="Print an SVG that says how many of the empirical claims asked of a checkpoint are supported.",
    )
    badge.set_defaults(run=publish.write_badge)
    hub = add(
        "hub",
        help="write a model hub's metadata; nothing is sent",
        description="Write headlines under their names, no verdicts: model-index.yaml for the front matter of a model "
        "card, and with --benchmark .eval_results/moe-claims.yaml. Nothing is sent anywhere.",
    )
    hub.set_defaults(run=publish.write_hub)
    says = "dataset of the hub that is registered as a benchmark with a task a claim (default: no .eval_results)"
    hub.add_argument("--benchmark", metavar="OWNER/NAME", help=says)
    export = add(
        "export",
        help="print the records as CSV, a row a criterion",
        description="Print the records as CSV, a row a criterion, with the facts of checkpoint and run.",
    )
    export.set_defaults(run=publish.write_table)
    for command in (card, badge, hub, export):
        command.add_argument("records", type=Path, metavar="RECORDS", help=RECORDS)
    for command in (card, badge, hub):
        says = "name of the checkpoint, as the records have it"
        command.add_argument("--checkpoint", required=True, metavar="NAME", help=says)
    for command in (card, badge, export):
        command.add_argument("-o", "--output", type=Path, metavar="FILE", help="file (default: the standard output)")
    hub.add_argument("-o", "--output", type=Path, metavar="FOLDER", default=Path("hub"), help="folder (default: hub)")


if __name__ == "__main__":
    sys.exit(main())
