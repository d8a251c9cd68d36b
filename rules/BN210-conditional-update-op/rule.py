"""BN210: an entry of UPDATE_OPS that lives inside a branch takes the train op down when the branch is not taken."""

from collections.abc import Iterator

from bnlint.analysis.module_facts.branch_updates import BranchEntry
from bnlint.analysis.prefilter import COLLECTION, LAYERS
from bnlint.findings import Confidence, Finding, Severity
from bnlint.rule import Case, Rule
from bnlint.verify.predictions import SkippedStep


def check(case: Case) -> Iterator[Finding]:
    """Harmless as long as each train step takes the branch: an error only where one is seen that may not."""
    if case.era.tensorflow != "1":
        return
    entries = [entry for entry in case.module.branch_entries if entry.skips != "no"]
    program = case.project.programs.of(case.module) if entries else None
    if program is not None and any(module.collections.runs("update_ops") for module in program.modules):
        for entry in entries:
            yield _finding(case, entry, sure=entry.skips == "yes")


def _finding(case: Case, entry: BranchEntry, *, sure: bool) -> Finding:
    when = "" if sure else " As long as every train step takes the branch, it does not show."
    return case.finding(
        entry.call.span,
        message="an update op that is made in a branch of `tf.cond` goes into `UPDATE_OPS`",
        consequence="When the branch is not taken the op is dead, and so is everything that waits for it: the whole "
        "optimizer step is skipped, without an error." + when,
        remedy="run the update inside the branch, with `tf.control_dependencies`, and keep it out of the collection",
        prediction=SkippedStep(),
        scope=entry.scope,
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        severity=Severity.ERROR if sure else Severity.INFO,
    )


RULE = Rule(
    code="BN210",
    name="conditional-update-op",
    summary="an entry of `UPDATE_OPS` is made inside a branch of `tf.cond`",
    severity=Severity.ERROR,
    needs=((b"cond(", b"case("), (*LAYERS, *COLLECTION)),
    check=check,
)
