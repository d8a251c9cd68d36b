import pytest

from bnlint.layout import LayoutError, layout_of

TEXT = '''\
@one  # 1
@two(1,
     2)
def f(x,  # 4
      y):
    """A # text."""
    # 7
    s = f"{x} # no"; t = ( # 8
        1,
        # 10
    )  # 11
    if x: return """a
# no
"""  # 14

# 16
'''


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_comments_are_no_text(end: str) -> None:
    layout = layout_of(TEXT.replace("\n", end))
    assert [int(comment.text[1:]) for comment in layout.comments] == [comment.row for comment in layout.comments]
    assert [comment.row for comment in layout.comments if comment.alone] == [7, 10, 16]
    assert layout.comments[0].column == 7


def test_statements_have_their_decorators_and_all_their_rows() -> None:
    layout = layout_of(TEXT)
    assert [(each.row, each.end_row) for each in layout.statements] == [(1, 5), (6, 6), (8, 11), (12, 14)]
    assert layout.statements[0].text == "def f(x, y):"
    assert layout.statements[2].text == 's = f"{x} # no"; t = ( 1, )'
    assert {row: (found.row if (found := layout.statement(row)) else None) for row in (1, 4, 7, 10, 13, 15, 99)} == {
        1: 1, 4: 1, 7: None, 10: 8, 13: 12, 15: None, 99: None,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n\n", "# only", "\ufeff"[1:]])
def test_texts_without_statements(text: str) -> None:
    assert layout_of(text).statements == ()


@pytest.mark.parametrize("text", ["x = (1\n", "s = '''\n", "if x:\n        y\n    z\n"])
def test_what_python_cannot_read(text: str) -> None:
    with pytest.raises(LayoutError):
        layout_of(text)


def test_what_nobody_asks_about_is_not_looked_at() -> None:
    layout = layout_of("a = (\n    1)  # one\nb = 2\nc = (\n", until=1)
    assert [each.text for each in layout.statements] == ["a = ( 1)"]
    assert layout_of("a = 1\nb = (\n    2)\nc = (\n", until=3).statements[-1].text == "b = ( 2)"
