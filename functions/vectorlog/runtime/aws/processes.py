"""The processes that an operator's command starts, because one cannot use more than one processor."""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

THREADS = 4
"""Pieces of work that one process alone is at."""
SECTIONS = 4
"""Sections of the log for each process, so that none waits long for the last one."""


def workers(processes: int) -> Executor:
    """Returns so many new processes, or threads of this one if it is one. The processes find the deployment as this one
    does, by variables; what is passed between them has to be picklable.
    """
    if processes == 1:
        return ThreadPoolExecutor(THREADS, "rebuild")
    return ProcessPoolExecutor(processes, get_context("spawn"))
