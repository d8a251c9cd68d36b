"""How long a finding takes to verify: one worker that forks beside a new process for each, in one run.

Run from a checkout: ``python tests/bench/verifier.py [rule code]``. Each finding in ``rules/*/bad*.py`` runs both ways.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bnlint.engine import check_sources
from bnlint.findings import Finding
from bnlint.settings import Settings
from bnlint.source import Source
from bnlint.verify import VerifySettings, decide
from bnlint.verify.pool import Pool

RULES = Path(__file__).resolve().parents[2] / "rules"


def main(arguments: Sequence[str]) -> None:
    """Print seconds for each finding both ways, the medians and their ratio."""
    wanted = arguments[0] if arguments else ""
    findings, texts = _findings(wanted)
    began = time.perf_counter()
    with VerifySettings().pool() as forking, VerifySettings(fork=False).pool() as alone:
        for legacy in (False, True):
            forking.start(sys.executable, legacy)
        started = time.perf_counter() - began
        # In turns, so that whatever else the machine does slows both alike.
        runs = [[_seconds(pool, finding, texts) for pool in (forking, alone)] for finding in findings]
    print(f"{'finding':60s} {'forked':>8s} {'alone':>8s}  verdict")
    for finding, ((fast, verdict), (slow, other)) in zip(findings, runs, strict=True):
        name = f"{finding.filename}:{finding.span.row}"
        print(f"{name:60s} {fast:8.3f} {slow:8.3f}  {verdict}{'' if verdict == other else f' (alone: {other})'}")
    fast, slow = (statistics.median(run[way][0] for run in runs) for way in (0, 1))
    print(f"{len(findings)} findings; start of the two forking workers {started:.1f} s")
    print(f"median seconds a finding: forked {fast:.3f}, a new process each {slow:.3f}, ratio {slow / fast:.1f}")


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
