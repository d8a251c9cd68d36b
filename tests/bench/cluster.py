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

from bnlint import executors
from bnlint.engine import check_sources, read
from bnlint.settings import Settings
from bnlint.source import Source

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cluster.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def main(arguments: Sequence[str]) -> None:
    """Measure, print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", default=str(ROOT / "rules"))
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    analysed = read((given.folder,), Settings()).sources
    programs = [Source.read(path, os.path.relpath(path)) for path in sorted((ROOT / "rules").glob("*/bad.py"))]
    alone = Settings(jobs=1)
    read_here = _median(analysed, alone, given.runs)
    rows = [("this process alone", read_here, _median(programs, replace(alone, verify=True), given.runs))]
    for workers in (1, 2, 4):
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
            executors.opened(cluster.scheduler_address.replace("tcp://", "dask://")) as executor,
        ):
            there = replace(alone, executor=executor)
            read_there = _median(analysed, there, given.runs)
            run_there = _median(programs, replace(there, verify=True), given.runs)
        rows.append((f"a cluster with {workers} worker{'s' if workers > 1 else ''}", read_there, run_there))
    table = _table(rows, len(analysed), len(programs), given.runs)
    sys.stdout.write(table)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        PAGE.write_text(head + BEGIN + table + END + rest.partition(END)[2], encoding="utf-8")


def _median(sources: Sequence[Source], settings: Settings, runs: int) -> float:
    seconds: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        check_sources(sources, settings)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


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
