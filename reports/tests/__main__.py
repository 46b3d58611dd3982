"""Render the sample records, to look at or to renew the golden report: ``python -m reports.tests FOLDER``."""

import sys
from pathlib import Path

from claims.core.record import write_records
from reports.outputs.markdown_report import render
from reports.tests.support.sample_functions import functions
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import run

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    records = [*run(), *others(), *functions()]
    write_records(target / "records.jsonl", records)
    print(render(records, target))
