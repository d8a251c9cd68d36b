"""What a verdict costs: seconds for each finding, the start of a worker beside TensorFlow's own, memory.

Run from a checkout: ``python tests/bench/verifier.py [rule code]``. Each finding in ``rules/*/bad*.py`` runs both in
a fork of one worker and in a new process of its own.
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
from bnlint.verify import VerifySettings, decide, sandbox
from bnlint.verify.pool import Pool

RULES = Path(__file__).resolve().parents[2] / "rules"
STARTS = 5


@dataclass(frozen=True)
class Cost:
    """Seconds and verdicts by finding, forked and alone; how many times as long as TensorFlow a worker takes to start;
    bytes that the largest process of a worker had in memory.
    """

    runs: Sequence[tuple[Finding, tuple[float, str], tuple[float, str]]]
    start: float
    memory: int

    @property
    def medians(self) -> tuple[float, float]:
        """Seconds a finding, forked and alone."""
        return statistics.median(run[1][0] for run in self.runs), statistics.median(run[2][0] for run in self.runs)


def main(arguments: Sequence[str]) -> None:
    """Print seconds for each finding both ways, the medians and their ratio, start and memory."""
    cost = measured(arguments[0] if arguments else "")
    print(f"{'finding':60s} {'forked':>8s} {'alone':>8s}  verdict")
    for finding, (fast, verdict), (slow, other) in cost.runs:
        name = f"{finding.filename}:{finding.span.row}"
        print(f"{name:60s} {fast:8.3f} {slow:8.3f}  {verdict}{'' if verdict == other else f' (alone: {other})'}")
    fast, slow = cost.medians
    print(f"median seconds a finding: forked {fast:.3f}, a new process each {slow:.3f}, ratio {slow / fast:.1f}")
    print(f"start of a worker: {cost.start:.2f} x that of `import tensorflow`; memory {cost.memory / 1e9:.2f} GB")


def measured(wanted: str = "") -> Cost:
    """wanted: how the codes of the rules begin."""
    start = _start()
    findings, texts = _findings(wanted)
    with VerifySettings().pool() as forking, VerifySettings(fork=False).pool() as alone:
        for legacy in (False, True):
            forking.start(sys.executable, legacy)
        # In turns, so that whatever else the machine does slows both alike.
        runs = [(each, _seconds(forking, each, texts), _seconds(alone, each, texts)) for each in findings]
    # Linux counts in kilobytes, and takes in the children of children.
    return Cost(runs, start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)


def _start() -> float:
    """The median of some pairs, one after the other, so that both see the same load."""
    ratios: list[float] = []
    for _ in range(STARTS):
        with VerifySettings().pool() as pool:
            began = time.perf_counter()
            environment = sandbox.environment(pool.root, False)
            subprocess.run([sys.executable, "-B", "-c", "import tensorflow"], env=environment, check=True)
            imported = time.perf_counter()
            pool.start(sys.executable)
            ratios.append((time.perf_counter() - imported) / (imported - began))
    return statistics.median(ratios)


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
