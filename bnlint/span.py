"""Where something stands in a text.

Rows and columns are 1-based and count code points; an end is exclusive.
"""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of source text, ordered by where it starts."""

    row: int
    column: int
    end_row: int
    end_column: int
