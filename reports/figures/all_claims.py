"""Draw the pictures of all claims of a run, on two cores and more where there are many."""

import os
import pickle
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from reports.data.board import Board
from reports.figures.claim_figures import Picture, pictures
from reports.figures.style import SUFFIX

#: Claims with pictures from which a process of its own, which begins within two seconds, is no loss.
MANY = 12

_run: tuple[Board, Path, str] | None = None  # of a drawing process


def all_pictures(board: Board, folder: Path, suffix: str = SUFFIX) -> dict[str, list[Picture]]:
    """Draw the pictures of every claim into ``folder/figures``, the same bytes on one core as on many.

    Parameters
    ----------
    board : of a run
    folder : the report's
    suffix : how the pictures' names end

    Returns
    -------
    the pictures of each claim, by its name, in the board's order
    """
    names = [record.claim for record in board.claims]
    cores = _cores()
    if cores == 1 or len(names) < MANY or not _starts_again():
        return {record.claim: pictures(board, record, folder, suffix) for record in board.claims}
    # Started anew rather than forked: the models that a run had in memory come with threads, which a fork would break.
    # The run goes through a file: a process that dies as it begins would leave this one writing into its pipe.
    with tempfile.NamedTemporaryFile(suffix=".run") as told:
        pickle.dump((board, folder, suffix), told)
        told.flush()
        try:
            with ProcessPoolExecutor(
                min(cores, len(names)), mp_context=get_context("spawn"), initializer=_begin, initargs=(told.name,)
            ) as pool:
                return dict(zip(names, pool.map(_of_claim, range(len(names))), strict=True))
        except BrokenProcessPool:  # a program that cannot be started anew, such as one that came through a pipe
            return {record.claim: pictures(board, record, folder, suffix) for record in board.claims}


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _starts_again() -> bool:
    """Whether a process may begin as this one did: a module, or a command beside Python; a script would run anew."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    return getattr(main, "__spec__", None) is not None or (
        file is not None and Path(file).absolute().parent == Path(sys.executable).parent
    )


def _begin(told: str) -> None:
    global _run
    _run = pickle.loads(Path(told).read_bytes())


def _of_claim(number: int) -> list[Picture]:
    assert _run is not None, "a drawing process is told what to draw when it begins"
    board, folder, suffix = _run
    return pictures(board, board.claims[number], folder, suffix)
