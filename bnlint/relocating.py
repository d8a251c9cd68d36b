"""Findings in functions of another file, said of the file in which they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bnlint.analysis.code.scopes import Graft
from bnlint.findings import Edit, Finding, Related
from bnlint.span import Span
from bnlint.verify.predictions import OneSided


def relocated(finding: Finding, grafts: Sequence[Graft]) -> Finding:
    """A finding of a module that was read with functions of other files below it."""
    if not grafts:
        return finding
    fix = finding.fix
    if fix is not None:
        fix = replace(fix, edits=tuple(_edit(finding, each, grafts) for each in fix.edits))
    finding = replace(finding, related=tuple(_related(each, grafts) for each in finding.related), fix=fix)
    graft = _graft(finding.span, grafts)
    if graft is None:
        return finding
    # The variable and the place that makes it are in the file that calls the function.
    there, prediction = finding.experiment.statistics, finding.experiment.prediction
    if isinstance(prediction, OneSided):
        prediction = OneSided(tuple(-row for row in prediction.resting))
    experiment = replace(
        finding.experiment,
        prediction=prediction,
        statistics=(),
        row=finding.span.row - graft.rows,
        made_by=(finding.filename, tuple(-row for row in there)) if there else None,
    )
    span = _above(finding.span, graft.rows)
    return replace(finding, filename=graft.filename, span=span, experiment=experiment, variable=None)


def _graft(span: Span, grafts: Sequence[Graft]) -> Graft | None:
    return next((graft for graft in reversed(grafts) if span.row > graft.rows), None)


def _above(span: Span, rows: int) -> Span:
    return span._replace(row=span.row - rows, end_row=span.end_row - rows)


def _related(related: Related, grafts: Sequence[Graft]) -> Related:
    graft = _graft(related.span, grafts)
    return (
        related if graft is None else replace(related, filename=graft.filename, span=_above(related.span, graft.rows))
    )


def _edit(finding: Finding, edit: Edit, grafts: Sequence[Graft]) -> Edit:
    graft = _graft(edit.span, grafts)
    own = _graft(finding.span, grafts)
    if graft is own:
        return edit if graft is None else replace(edit, span=_above(edit.span, graft.rows))
    if graft is None:
        return replace(edit, filename=finding.filename)
    return replace(edit, filename=graft.filename, span=_above(edit.span, graft.rows))
