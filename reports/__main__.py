"""Command line of the reports: render, compare, merge.  ``python -m reports --help``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from claims.record import to_json
from reports.certificates import carry
from reports.compare import compare
from reports.files import write_whole
from reports.merge import merge, split_families
from reports.read import BadInput, load
from reports.render import render


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when `compare` found a changed verdict, or 2 with a sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BadInput as error:
        problem = str(error)
    except OSError as error:
        problem = f"cannot write {error.filename or options.output}: {error.strerror or error}"
    print(f"reports: {problem}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description="Show what a run of the claims measured.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_render(
        commands.add_parser(
            "render",
            help="write the Markdown report, its pages and its figures from records alone",
            description="Write report.md, a page a claim (details/), a page a paper (papers/) and figures/*.png. "
            "The same records give the same bytes.",
        )
    )
    _add_compare(
        commands.add_parser(
            "compare",
            help="say what changed between two runs",
            description="Print as Markdown what changed from OLD to NEW. Exit status: 1 when a verdict changed, "
            "appeared or vanished, 0 when none did, 2 when a file cannot be read.",
        )
    )
    _add_merge(
        commands.add_parser(
            "merge",
            help="put the shards of one run together",
            description="Put shards of one run together. Records of one claim, checkpoint and fork that agree "
            "but for seconds and provenance are one; any that disagree are an error.",
        )
    )
    return parser


def _add_render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("records", type=Path, metavar="RECORDS", help="records.jsonl, or its folder")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER|FILE",
        help="folder for report.md, its pages and figures, or the report's file name (*.md); default: beside RECORDS",
    )
    parser.set_defaults(run=_render)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", type=Path, metavar="OLD", help="records.jsonl of the earlier run, or its folder")
    parser.add_argument("new", type=Path, metavar="NEW", help="records.jsonl of the later run, or its folder")
    parser.set_defaults(run=_compare, output="the standard output")


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shards", type=Path, nargs="+", metavar="RECORDS", help="records.jsonl files, or their folders")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="file to write, certificates beside it; default: records to the standard output",
    )
    parser.set_defaults(run=_merge)


def _render(options: argparse.Namespace) -> int:
    records = load(options.records)
    beside = options.records if options.records.is_dir() else options.records.parent
    target = options.output or beside
    is_file = target.suffix.lower() == ".md" and not target.is_dir()
    folder, name = (target.parent, target.name) if is_file else (target, "report.md")
    print(render(records, folder, name=name))
    return 0


def _compare(options: argparse.Namespace) -> int:
    found = compare(load(options.old), load(options.new))
    sys.stdout.write(found.markdown)
    return int(found.changed)


def _merge(options: argparse.Namespace) -> int:
    shards = [load(path) for path in options.shards]
    records = merge(shards)
    text = "".join(to_json(record) + "\n" for record in records)
    if split_families(shards):
        _note("adjusted p-values are those of each shard, not of the whole run")
    if options.output is None:
        sys.stdout.write(text)
        return 0
    folders = [path if path.is_dir() else path.parent for path in options.shards]
    for lost in carry(records, folders, options.output.parent):
        _note(f"the certificate {lost} is in no shard's folder as recorded, and was not copied")
    write_whole(options.output, text)
    return 0


def _note(sentence: str) -> None:
    print(f"reports: note: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
