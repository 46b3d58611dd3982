"""Facts about papers, read from ``reports/papers/*.toml`` and checked on reading."""

import tomllib
from pathlib import Path

from fixtures.messages.checked import checked
from reports.data.read import BadInput
from reports.papers.paper import Page, Paper

FOLDER = Path(__file__).parent


def pages(folder: Path = FOLDER) -> list[Page]:
    """Return a page for every paper that there is a file of, or for several that share one, in order of file names.

    Raises
    ------
    BadInput
        When a file is not as it should be, or wants the page of a paper that there is no file of.
    """
    papers = [load_paper(path) for path in sorted(folder.glob("*.toml"))]
    owners = {paper.label: paper for paper in papers if paper.page in ("", paper.label)}
    for paper in papers:
        if paper.page and paper.page not in owners:
            raise BadInput(f"{paper.label} is to be told on the page of {paper.page}, which has no page of its own")
    return [
        Page((owner, *(paper for paper in papers if paper.page == label and paper is not owner)))
        for label, owner in owners.items()
    ]


def load_paper(path: Path) -> Paper:
    """Read one file.

    Raises
    ------
    BadInput
        With the file's name: when it cannot be read, lacks something, has something unknown or of the wrong
        type, or does not have every figure's number exactly once.
    """
    try:
        return checked(tomllib.loads(path.read_text(encoding="utf-8")), Paper, path.name)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name}: {error}") from error
    except ValueError as error:
        raise BadInput(str(error)) from error
