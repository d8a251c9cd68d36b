"""Curves as SVG, laid out by pygal; colours and fonts come from the style sheet of the page."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree

from bnlint.report.curves import Curve
from bnlint.report.plot import round_numbers

WIDTH, HEIGHT = 560, 260
MOST_TICKS = 9
_UNUSED = ("", "defs", "title", "desc", "script", "style")


@cache
def chart(curve: Curve, fixed: Curve | None) -> str:
    """An ``<svg>`` of one statistic: what the variable did, what it does once it is fixed, what the batches had.

    Raises ModuleNotFoundError without pygal.
    """
    import pygal  # pyright: ignore[reportMissingTypeStubs]

    known = [each.range for each in (curve, fixed) if each is not None]
    marks = round_numbers(min(low for low, _ in known), max(high for _, high in known))
    drawing: Any = pygal.XY(
        width=WIDTH,
        height=HEIGHT,
        js=[],
        css=[],
        show_legend=False,
        margin=8,
        dots_size=2,
        show_x_guides=False,
        no_data_text="",
        xrange=(0, len(curve.labels) - 1),
        x_label_rotation=0,
        y_labels=marks,
        range=(marks[0], marks[-1]),
        value_formatter="{:g}".format,
    )
    ticks = range(0, len(curve.labels), -(-len(curve.labels) // MOST_TICKS))
    drawing.x_labels = [{"label": "start" if tick == 0 else str(tick), "value": tick} for tick in ticks]
    drawing.add("the variable", _points(curve.variable))
    drawing.add("after the fix", _points(fixed.variable) if fixed is not None else [])
    drawing.add("the batch that went in", _points(curve.batch), stroke=False, dots_size=4)
    drawing.uuid = "chart"
    return _bare(drawing.render_tree(), _told(curve, fixed))


def _points(values: tuple[float | None, ...]) -> list[tuple[int, float]]:
    return [(step, value) for step, value in enumerate(values) if value is not None]


def _told(curve: Curve, fixed: Curve | None) -> str:
    """What the drawing shows, for those who do not see it."""
    told = f"{curve.name}, first channel, over {len(curve.labels) - 1} steps: {curve.law or 'no law'}"
    return f"{told}; after the fix: {fixed.law or 'no law'}" if fixed is not None else told


def _bare(svg: Any, told: str) -> str:
    """The drawing without styles and scripts, and without what pygal keeps for its own; values show on hovering."""
    for parent in list(svg.iter()):
        for child in list(parent):
            # The tag of a comment is a function.
            tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if tag == "desc" and child.get("class") == "value":
                child.tag, child.attrib = "title", {}
            elif tag in _UNUSED or "tooltip" in child.get("class", "").split():
                parent.remove(child)
    svg.attrib.pop("id", None)
    svg.attrib |= {"role": "img", "aria-label": told, "class": "chart"}
    text = ElementTree.tostring(svg, encoding="unicode")
    return re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"|(?<=<)ns0:|(?<=</)ns0:", "", text)
