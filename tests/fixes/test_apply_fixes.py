import pytest

from bnlint.findings import Applicability, Edit, Fix
from bnlint.fixes import apply_edits, apply_fixes, compatible, differences
from bnlint.span import Span


def at(row: int, column: int, end_row: int, end_column: int, content: str, **more: str) -> Edit:
    return Edit(Span(row, column, end_row, end_column), content, **more)


def fix(*edits: Edit) -> Fix:
    return Fix(Applicability.SAFE, "do", edits)


def test_edits_that_touch_are_all_made() -> None:
    edits = [at(1, 1, 1, 1, "("), at(1, 1, 1, 4, "xyz"), at(1, 4, 1, 4, ")"), at(1, 5, 1, 6, "+")]
    assert apply_edits("abc - d\n", edits) == "(xyz) + d\n"
    assert apply_edits("abc - d\n", reversed(edits)) == "(xyz) + d\n"


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (at(1, 1, 1, 4, "x"), at(1, 3, 1, 5, "y"), 1),
        (at(1, 1, 1, 4, "x"), at(1, 4, 1, 5, "y"), 2),
        (at(1, 2, 1, 2, "x"), at(1, 2, 1, 2, "y"), 1),
        (at(1, 2, 1, 2, "x"), at(1, 2, 1, 2, "x"), 2),
        (at(1, 1, 3, 1, "x"), at(2, 5, 2, 6, "y"), 1),
        (at(1, 1, 1, 4, "x", filename="a.py"), at(1, 1, 1, 4, "y", filename="b.py"), 2),
    ],
)
def test_fixes_that_overlap_are_not_made_together(one: Edit, other: Edit, together: int) -> None:
    assert len(compatible([fix(one), fix(other)])) == together
    assert compatible([fix(other), fix(one)])[0] == fix(other)


def test_a_fix_is_made_whole_or_not_at_all() -> None:
    first = fix(at(1, 1, 1, 2, "A"))
    second = fix(at(1, 1, 1, 2, "B"), at(1, 3, 1, 4, "C"))
    assert apply_fixes("a b\n", [first, second]) == ("A b\n", [first])


def test_an_edit_that_fixes_share_is_made_once() -> None:
    shared = at(1, 1, 1, 1, "import x\n")
    fixes = [fix(shared, at(2, 1, 2, 2, "A")), fix(shared, at(2, 3, 2, 4, "B"))]
    assert apply_fixes("\na b\n", fixes) == ("import x\n\nA B\n", fixes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    return x\n", "def f():\n    with c:\n        return x\n"),
        ("def f():\r\n    return x\r\n", "def f():\r\n    with c:\r\n        return x\r\n"),
        ("def f():\r    return x", "def f():\r    with c:\r        return x"),
        ("def f():\n    return x", "def f():\n    with c:\n        return x"),
        ("def f():\n  return x\n", "def f():\n  with c:\n    return x\n"),
        ("def f():\n\treturn x\n", "def f():\n\twith c:\n\t\treturn x\n"),
        ("def f():\r\n\treturn x  # é\n", "def f():\r\n\twith c:\n\t\treturn x  # é\n"),
    ],
)
def test_new_rows_look_like_the_old_ones(text: str, expected: str) -> None:
    column = text.index("return") - text.index(":") - (2 if "\r\n" in text else 1)
    made = apply_edits(text, [at(2, column, 2, column, "with c:\n" + " " * (column - 1) + "    ")])
    assert made == expected


def test_rows_that_are_copied_keep_their_indentation() -> None:
    text = "def f():\n  x = g(1,\n        2)\n"
    made = apply_edits(text, [at(2, 3, 3, 11, "with c:\n      x = g(1,\n        2)")])
    assert made == "def f():\n  with c:\n    x = g(1,\n        2)\n"


def test_columns_count_code_points_and_form_feeds_end_no_row() -> None:
    text = "é = '😀'\x0c; b = 1\nc = 2\n"
    assert apply_edits(text, [at(1, 11, 1, 12, "B"), at(2, 1, 2, 2, "C")]) == "é = '😀'\x0c; B = 1\nC = 2\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("abc", "abc"),
        ("abc", "axc"),
        ("aaa", "aa"),
        ("aa", "aaa"),
        ("abcd", "ad"),
        ("", "a"),
        ("abab", "baba"),
    ],
)
def test_differences_lead_from_one_text_to_the_other(old: str, new: str) -> None:
    made = ""
    for tag, i, i_end, j, j_end in differences(old, new):
        assert (old[i:i_end] == new[j:j_end]) == (tag == "equal")
        made += old[i:i_end] if tag == "equal" else new[j:j_end]
    assert made == new


def test_differences_of_long_texts_take_no_longer_than_they_must() -> None:
    rows = [str(row % 7) for row in range(200_000)]
    changed = [*rows[:100_000], "new", *rows[100_000:]]
    assert ("insert", 100_000, 100_000, 100_000, 100_001) in differences(rows, changed)
