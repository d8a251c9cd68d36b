"""What a fix does to the text, as a small diff with row numbers."""

from __future__ import annotations

from collections.abc import Mapping

from bnlint.findings import Edit, Finding
from bnlint.fixes import apply_edits, differences
from bnlint.report.excerpt import shown, split_rows
from bnlint.report.terminal import Paint, visible
from bnlint.source import place_name

MOST_LINES = 12


def lines(finding: Finding, sources: Mapping[str, str], paint: Paint) -> list[str]:
    """The rows that go and the rows that come, by file and cell; the end is left out if there are very many."""
    result: list[str] = []
    own = place_name(finding.filename, finding.cell)
    for place, edits in _by_place(finding).items():
        if place in sources:
            result += [] if place == own else [f"in {visible(place)}"]
            result += _difference(sources[place], apply_edits(sources[place], edits), paint)
    left = len(result) - MOST_LINES
    return [*result[:MOST_LINES], f"and {left} lines more, which --diff shows"] if left > 1 else result


def _by_place(finding: Finding) -> dict[str, list[Edit]]:
    places: dict[str, list[Edit]] = {}
    for edit in finding.fix.edits if finding.fix is not None else ():
        places.setdefault(place_name(edit.filename or finding.filename, edit.cell), []).append(edit)
    return places


def _difference(before: str, after: str, paint: Paint) -> list[str]:
    old, new = split_rows(before), split_rows(after)
    width = len(str(max(len(old), len(new))))
    result: list[str] = []
    for tag, i, i_end, j, j_end in differences(old, new):
        if tag != "equal":
            result += [paint(f"{row + 1:>{width}} - {shown(old[row])}", "red") for row in range(i, i_end)]
            result += [paint(f"{row + 1:>{width}} + {shown(new[row])}", "green") for row in range(j, j_end)]
    return result
