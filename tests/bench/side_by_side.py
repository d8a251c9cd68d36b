"""How long bnlint takes beside other linters, on one checkout and in one run, and how its cost grows.

Run from a checkout of bnlint: ``python tests/bench/side_by_side.py FOLDER --write``; ``--help`` lists the options. Each
peer gets an environment of its own in the folder of peers, which pip fills where it is missing; ``--write`` puts the
tables into docs/performance.md. Linters take turns, so that whatever else the machine does slows all alike. Times of
processes that a command starts count. Python keeps what it compiles, as it does where bnlint is installed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measured_page import put

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
BNLINT = [sys.executable, "-m", "bnlint", "check", "--output-format", "concise"]
SEMGREP_RULE = """\
rules:
  - {id: moments, languages: [python], severity: INFO, message: moments, pattern: tf.nn.moments(...)}
"""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of all processors, and the memory of the largest process in MB."""

    wall: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Contestant:
    """A linter in one way of running it. changed: a file to which a line is added before each run."""

    name: str
    command: Sequence[str]
    changed: Path | None = None


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and if asked to, write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--only", default="", help="names of peers, and bnlint")
    parser.add_argument("--longest", type=int, default=100_000, help="lines of the longest file")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    folder = options.folder.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        contestants = [*_own(folder, Path(scratch)), *_peers(folder, options.peers.resolve(), Path(scratch))]
        wanted = set(filter(None, options.only.split(",")))
        costs = _measured(
            [each for each in contestants if not wanted or each.name.split(",")[0] in wanted], options.runs
        )
        text = _head(folder, options.runs) + _compared(costs) + _growth(Path(scratch), options.runs, options.longest)
    print(text)
    if options.write:
        put(PAGE, text)


def _own(folder: Path, scratch: Path) -> list[Contestant]:
    quiet = scratch / "quiet"
    quiet.mkdir()
    for index in range(200):
        (quiet / f"m{index}.py").write_text("import torch\n\n\n" + "def f(a, b):\n    return a + b\n\n\n" * 50)
    cache = ["--cache-dir", str(scratch / "cache")]
    copy = scratch / "copy"
    shutil.copytree(folder, copy, symlinks=True)
    return [
        Contestant("bnlint, cold", [*BNLINT, "--no-cache", str(folder)]),
        Contestant("bnlint, warm", [*BNLINT, *cache, str(folder)]),
        Contestant("bnlint, warm, one file changed", [*BNLINT, *cache, str(copy)], _used(copy)),
        Contestant("bnlint, cold, 200 files without TensorFlow", [*BNLINT, "--no-cache", str(quiet)]),
    ]


def _used(folder: Path) -> Path:
    """The file that uses TensorFlow most."""
    return max(sorted(folder.rglob("*.py")), key=lambda path: path.read_bytes().count(b"tf."))


def _peers(folder: Path, environments: Path, scratch: Path) -> list[Contestant]:
    rule = scratch / "rule.yml"
    rule.write_text(SEMGREP_RULE)
    cache = scratch / "ruff"
    commands = {
        "ruff": [("ruff, cold", ["check", "--no-cache"]), ("ruff, warm", ["check", "--cache-dir", str(cache)])],
        "flake8": [("flake8", ["--isolated"])],
        "semgrep": [
            ("semgrep, one rule", ["scan", "--metrics=off", "--disable-version-check", "-q", "--config", str(rule)])
        ],
        "fixit": [("fixit", ["lint"])],
        "torchfix": [("torchfix", [])],
    }
    found: list[Contestant] = []
    for package, ways in commands.items():
        program = environments / package / "bin" / package
        if not program.exists():
            subprocess.run([sys.executable, "-m", "venv", environments / package], check=True)
            subprocess.run([program.with_name("pip"), "install", "--quiet", package], check=False)
        if program.exists():
            found += [Contestant(name, [str(program), *options, str(folder)]) for name, options in ways]
        else:
            print(f"{package} could not be installed", file=sys.stderr)
    return found


def _measured(contestants: Sequence[Contestant], runs: int) -> dict[str, Cost]:
    costs: dict[str, list[Cost]] = {each.name: [] for each in contestants}
    for each in contestants:  # what is warm gets warm, and files come into memory
        _cost(each)
    for _ in range(runs):
        for each in contestants:
            costs[each.name].append(_cost(each))
    return {name: _median(several) for name, several in costs.items()}


def _median(several: Sequence[Cost]) -> Cost:
    middle = (statistics.median(getattr(cost, field) for cost in several) for field in ("wall", "processor", "memory"))
    return Cost(*middle)


def _cost(contestant: Contestant) -> Cost:
    if contestant.changed is not None:
        with contestant.changed.open("a") as file:
            file.write(f"# {time.time_ns()}\n")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen(
        contestant.command, cwd=ROOT.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=kept
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _head(folder: Path, runs: int) -> str:
    files = list(folder.rglob("*.py"))
    size = sum(file.stat().st_size for file in files) / 1e6
    return (
        f"`{folder.name}`: {len(files)} Python files, {size:.1f} MB. Medians of {runs} runs on {os.cpu_count()} "
        f"processors, Python {platform.python_version()}.\n\n"
    )


def _compared(costs: dict[str, Cost]) -> str:
    base = costs.get("ruff, cold") or next(iter(costs.values()))
    rows = [
        f"| {name} | {cost.wall:.2f} | {cost.wall / base.wall:.2f} | {cost.processor:.2f} | "
        f"{cost.processor / base.processor:.2f} | {cost.memory:.0f} |\n"
        for name, cost in costs.items()
    ]
    return (
        "| linter | seconds | to ruff, cold | processor seconds | to ruff, cold | MB |\n|---|---|---|---|---|---|\n"
        + "".join(rows)
    )


def _growth(scratch: Path, runs: int, longest: int) -> str:
    """Costs for more files and for longer ones, as multiples of the first of each row."""
    programs = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*/bad.py"))]
    several: list[Contestant] = []
    for times in (1, 2, 4, 8):
        folder = scratch / f"files{times}"
        folder.mkdir()
        for index in range(50 * times):
            (folder / f"m{index}.py").write_text(programs[index % len(programs)])
        several.append(Contestant(f"{50 * times} files", [*BNLINT, "--no-cache", str(folder)]))
    long: list[Contestant] = []
    body = (
        "def step{0}(x, y):\n    z = [x.a{0} * each for each in y]\n    x.a{0} = tf.reduce_mean(z)\n    return z\n\n\n"
    )
    for lines in (each for each in (1_000, 10_000, 100_000) if each <= longest):
        file = scratch / f"long{lines}.py"
        file.write_text(programs[0] + "".join(body.format(number) for number in range(lines // 6)))
        long.append(Contestant(f"1 file of {lines:,} lines", [*BNLINT, "--no-cache", str(file)]))
    text = "\n| size | processor seconds | to the one before | MB |\n|---|---|---|---|\n"
    for row in (several, long):
        before: Cost | None = None
        for name, cost in _measured(row, runs).items():
            growth = f"{cost.processor / before.processor:.1f}" if before is not None else ""
            text += f"| {name} | {cost.processor:.2f} | {growth} | {cost.memory:.0f} |\n"
            before = cost
    return text


if __name__ == "__main__":
    main(sys.argv[1:])
