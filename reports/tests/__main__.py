"""Render the sample records, to look at or to renew the golden pages: ``python -m reports.tests FOLDER``."""

import sys
from pathlib import Path

from reports.tests.support.golden import write

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(write(target))
