"""What a cluster is worth: the time of one run on this process alone, and on clusters of this machine.

Run from a checkout of bnlint: ``python tests/bench/cluster.py [FOLDER] --write``. What is run are the programs of
``rules/*/bad.py``; what is only read is FOLDER, or these programs. ``--write`` puts the table into docs/cluster.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from distributed import LocalCluster
from measured_page import put

from bnlint import executors
from bnlint.engine import check_sources, read
from bnlint.settings import Settings
from bnlint.source import Source

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cluster.md"


def main(arguments: Sequence[str]) -> None:
    """Measure, print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", default=str(ROOT / "rules"))
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    analysed = read((given.folder,), Settings()).sources
    programs = [Source.read(path, os.path.relpath(path)) for path in sorted((ROOT / "rules").glob("*/bad.py"))]
    rows: list[tuple[str, float, float]] = []
    for workers in (0, 1, 2, 4):
        # A worker that has run a program knows what it saw: each run has a cluster of its own.
        costs = [_cost(workers, analysed, programs) for _ in range(given.runs)]
        where = f"a cluster with {workers} worker{'s' if workers > 1 else ''}" if workers else "this process alone"
        rows.append((where, *(statistics.median(each) for each in zip(*costs, strict=True))))
    table = _table(rows, len(analysed), len(programs), given.runs)
    sys.stdout.write(table)
    if given.write:
        put(PAGE, table)


def _cost(workers: int, analysed: Sequence[Source], programs: Sequence[Source]) -> tuple[float, float]:
    """Seconds to read some sources, and to read and run others; without workers, on this process alone."""
    if not workers:
        return _seconds(analysed, Settings(jobs=1)), _seconds(programs, Settings(jobs=1, verify=True))
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        executors.opened(cluster.scheduler_address.replace("tcp://", "dask://")) as executor,
    ):
        there = Settings(executor=executor)
        return _seconds(analysed, there), _seconds(programs, replace(there, verify=True))


def _seconds(sources: Sequence[Source], settings: Settings) -> float:
    began = time.perf_counter()
    check_sources(sources, settings)
    return time.perf_counter() - began


def _table(rows: Sequence[tuple[str, float, float]], files: int, programs: int, runs: int) -> str:
    head = (
        f"{files} files read, and the code of {programs} programs run. Medians of {runs} runs on {os.cpu_count()} "
        f"processors, Python {platform.python_version()}.\n\n"
        "| where | seconds to read | to this process | seconds to read and run | to this process |\n"
        "|---|---|---|---|---|\n"
    )
    _, read_alone, run_alone = rows[0]
    return head + "".join(
        f"| {where} | {analysed:.2f} | {analysed / read_alone:.2f} | {run:.1f} | {run / run_alone:.2f} |\n"
        for where, analysed, run in rows
    )


if __name__ == "__main__":
    main(sys.argv[1:])
