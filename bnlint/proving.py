"""Runs the fixed code too, to show beside each confirmed finding what its fix changes."""

from __future__ import annotations

from dataclasses import replace

from bnlint import engine, fixer
from bnlint.findings import Applicability, Finding, Outcome, Verdict
from bnlint.progress import Progress
from bnlint.reporting import Report
from bnlint.settings import Settings


def with_proofs(report: Report, inputs: engine.Inputs, settings: Settings, progress: Progress | None = None) -> Report:
    """The report, each confirmed finding whose fix holds with what was seen of the fixed code as its ``proof``.

    Nothing is written.
    """
    from bnlint.verify.verifier import prove_fix

    _, changes = fixer.fix(inputs, replace(settings, verify=False), unsafe=True, write=False)
    changed = {change.filename: change for change in changes}
    asked = [each for each in report.findings if _can_be_proven(each) and each.filename in changed]
    if not asked:
        return report
    if progress is not None:
        progress.start("proving the fixes", len(asked))
    proofs: dict[str, Verdict] = {}
    before = {change.filename: change.before.text for change in changes}
    after = {change.filename: change.after.text for change in changes}
    with engine.verify_settings(settings).pool() as pool:
        for finding in asked:
            verdict = prove_fix(pool, finding, before, after)
            if verdict.outcome is Outcome.CONFIRMED:
                proofs[finding.fingerprint] = changed[finding.filename].after.located_verdict(verdict)
            if progress is not None:
                progress.advance()
    findings = (replace(each, proof=proofs.get(each.fingerprint, each.proof)) for each in report.findings)
    return replace(report, findings=tuple(findings))


def _can_be_proven(finding: Finding) -> bool:
    made = finding.fix is not None and finding.fix.applicability is not Applicability.DISPLAY
    return made and finding.stands and finding.verdict.outcome is Outcome.CONFIRMED
