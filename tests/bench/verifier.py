"""What a verdict costs: the time of a finding, the start of a worker beside TensorFlow's own, memory.

Run from a checkout: ``python tests/bench/verifier.py [rule code]``. Each finding in ``rules/*/bad*.py`` runs in a fork
of one worker, and one in ten also in a new process of its own.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bnlint.engine import check_sources
from bnlint.findings import Finding
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify import sandbox
from bnlint.verify.pool import Pool
from bnlint.verify.verifier import VerifySettings, decide

RULES = Path(__file__).resolve().parents[2] / "rules"
STARTS = 3
SAMPLE = 10


@dataclass(frozen=True)
class Run:
    """Seconds of a finding in a fork and, if it was tried, in a new process; and the verdicts."""

    finding: Finding
    forked: tuple[float, str]
    alone: tuple[float, str] | None


@dataclass(frozen=True)
class Cost:
    """starts: pairs of seconds, of ``import tensorflow`` and of the start of a worker. memory: bytes that the largest
    process of a worker had.
    """

    runs: Sequence[Run]
    starts: Sequence[tuple[float, float]]
    memory: int

    @property
    def seconds(self) -> float:
        """The median of the findings in forks."""
        return statistics.median(run.forked[0] for run in self.runs)

    @property
    def saved(self) -> float:
        """How many times as long a new process takes, at the median."""
        return statistics.median(run.alone[0] / run.forked[0] for run in self.runs if run.alone is not None)

    @property
    def start(self) -> float:
        """How many times as long as TensorFlow a worker takes to start, at the median."""
        return statistics.median(worker / imported for imported, worker in self.starts)

    @property
    def share(self) -> float:
        """The time of a finding as a share of that of ``import tensorflow``, which does not depend on the machine."""
        return self.seconds / statistics.median(imported for imported, _ in self.starts)


def main(arguments: Sequence[str]) -> None:
    """Print seconds for each finding both ways, the medians and their ratio, start and memory."""
    cost = measured(arguments[0] if arguments else "")
    for run in cost.runs:
        alone = "" if run.alone is None else f"; alone {run.alone[0]:.3f} s {run.alone[1]}"
        print(f"{run.finding.filename}:{run.finding.span.row}: {run.forked[0]:.3f} s {run.forked[1]}{alone}")
    print(
        f"median {cost.seconds:.3f} s a finding, {cost.share:.2f} x `import tensorflow`; alone {cost.saved:.1f} x that"
    )
    print(f"start of a worker: {cost.start:.2f} x that of `import tensorflow`; memory {cost.memory / 1e9:.2f} GB")


def measured(wanted: str = "") -> Cost:
    """wanted: how the codes of the rules begin."""
    starts = [_start() for _ in range(STARTS)]
    findings, texts = _findings(wanted)
    runs: list[Run] = []
    with VerifySettings().pool() as forking, VerifySettings(fork=False).pool() as alone:
        for legacy in (False, True):
            forking.start(sys.executable, legacy)
        for index, each in enumerate(findings):
            # In turns, so that whatever else the machine does slows both alike.
            runs.append(
                Run(each, _seconds(forking, each, texts), None if index % SAMPLE else _seconds(alone, each, texts))
            )
    # Linux counts in kilobytes, and takes in the children of children.
    return Cost(runs, starts, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)


def _start() -> tuple[float, float]:
    """One after the other, so that both see the same load."""
    with VerifySettings().pool() as pool:
        began = time.perf_counter()
        environment = sandbox.environment(pool.root, False)
        command = [sys.executable, "-B", "-c", "import tensorflow; print(flush=True)"]
        # Leaving takes TensorFlow seconds too, which are not counted.
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            process.stdout.readline()
            imported = time.perf_counter() - began
        began = time.perf_counter()
        pool.start(sys.executable)
        return imported, time.perf_counter() - began


def _findings(wanted: str) -> tuple[list[Finding], dict[str, str]]:
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    for path in sorted(RULES.glob(f"{wanted}*/bad*.py")):
        filename = path.relative_to(RULES).as_posix()
        source = Source.read(path, filename)
        texts[filename] = source.text
        code = path.parent.name.split("-")[0]
        findings += [one for one in check_sources([source], Settings()).findings if one.code == code]
    return findings, texts


def _seconds(pool: Pool, finding: Finding, texts: dict[str, str]) -> tuple[float, str]:
    began = time.perf_counter()
    verdict = decide(pool, finding.experiment, texts[finding.filename], finding.filename, finding.era)
    return time.perf_counter() - began, verdict.outcome.value


if __name__ == "__main__":
    main(sys.argv[1:])
