import json
from typing import Any

import pytest

from bnlint.notebook import read_cells
from bnlint.notebook_text import replace_cells

CODE = ["x = 1\n", "é = '\\\\'  # π\n", "y = 2"]


def notebook(source: Any = None, **top: Any) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# é"]},
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": CODE},
        {"cell_type": "code", "source": source or "a = 1\nb = 2\n", "metadata": {"n": 1.10, "e": 1e400}},
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, **top}


SHAPES: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 2},
    {"indent": "\t"},
    {},
    {"separators": (",", ":")},
    {"separators": (" , ", " : "), "indent": 3},
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_all_but_the_changed_rows_keep_their_bytes(shape: dict[str, Any], end: str, bom: str) -> None:
    data = (bom + json.dumps(notebook(), **shape) + end).encode()
    cells = read_cells(data)
    assert replace_cells(data, {cell.number: cell.text for cell in cells}) == data
    changed = replace_cells(data, {2: "x = 1\nNEW('é')\n" + "".join(CODE[1:]) + "\n", 3: "a = 1\nb = 3\n"})
    assert [cell.text for cell in read_cells(changed)] == [
        "x = 1\nNEW('é')\n" + "".join(CODE[1:]) + "\n",
        "a = 1\nb = 3\n",
    ]
    # Taking the change back gives the file back.
    assert replace_cells(changed, {2: "".join(CODE), 3: "a = 1\nb = 2\n"}) == data


def test_only_new_rows_are_encoded_anew() -> None:
    data = rb'{"cells":[{"cell_type":"code","source":["a = \"\u00e9\"\n", "b\n",   "c \/"]}],"metadata":{}}'
    changed = replace_cells(data, {1: 'a = "é"\nB = "é"\nc /'})
    assert changed == (
        rb'{"cells":[{"cell_type":"code","source":["a = \"\u00e9\"\n", "B = \"\u00e9\"\n", "c \/"]}],"metadata":{}}'
    )


def test_the_last_of_two_keys_counts() -> None:
    data = b'{"cells": [], "cells": [{"cell_type": "code", "source": "x", "source": "y"}]}'
    assert [cell.text for cell in read_cells(data)] == ["y"]
    assert replace_cells(data, {1: "z"}) == data.replace(b'"y"', b'"z"')


def test_worksheets_of_format_3() -> None:
    sheet = {"cells": [{"cell_type": "code", "language": "python", "input": ["a\n", "b"]}]}
    data = json.dumps({"worksheets": [{"cells": []}, sheet], "nbformat": 3}).encode()
    assert [(cell.number, cell.text) for cell in read_cells(data)] == [(1, "a\nb")]
    assert [cell.text for cell in read_cells(replace_cells(data, {1: "a\nc\n"}))] == ["a\nc\n"]


def test_half_a_pair_of_surrogates_stays_half() -> None:
    data = b'{"cells": [{"cell_type": "code", "source": ["a = \'\\ud800\'\\n", "\xc3\xa9"]}]}'
    changed = replace_cells(data, {1: "a = '\ud800\udc00'\nb = '\ud800'\né"})
    assert changed == (
        b'{"cells": [{"cell_type": "code", "source": ["a = \'\\ud800\\udc00\'\\n", "b = \'\\ud800\'\\n", "\xc3\xa9"]}]}'
    )


def test_code_that_is_not_there() -> None:
    data = json.dumps(notebook()).encode()
    with pytest.raises(ValueError, match="cell 7"):
        replace_cells(data, {7: "x"})
