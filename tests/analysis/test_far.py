"""What far files answer is noted as far as anybody wanted to know, and can be asked again."""

from __future__ import annotations

import pytest

from bnlint.analysis.project_facts.far import Far
from bnlint.analysis.project_facts.file import File

TEXTS = {"c.py": "other", "b.py": "word", "a.py": "word word"}
READS = "tf.get_collection('losses')"


def far(near: tuple[str, ...] = (), **changed: str) -> Far:
    texts = TEXTS | {f"{name}.py": text for name, text in changed.items()}
    files = (File(name, name.removesuffix(".py"), "", texts[name].__str__, frozenset()) for name in sorted(texts))
    return Far({file.filename: file for file in files}, near)


def test_only_what_was_wanted_is_noted() -> None:
    files = far()
    assert files.hold("word")
    assert not files.mention("nothing")
    assert files.asked == {("holds", "word", ()): (("a.py",), False), ("mentions", "nothing", ()): ((), True)}


def test_who_wants_more_gets_more() -> None:
    files = far(a=READS, c=READS)
    first = files.reading("losses")
    assert next(first) == "a.py"
    assert list(files.reading("losses")) == ["a.py", "c.py"]
    assert list(first) == ["c.py"]
    assert files.asked == {("reads", "losses", ()): (("a.py", "c.py"), True)}


def test_some_may_be_asked_by_name() -> None:
    files = far(a="x.minimize(loss)")
    assert not files.take_steps({"b.py", "near.py"})
    assert files.take_steps({"a.py", "b.py"})
    assert not files.take_steps({"near.py"})
    assert files.asked.keys() == {("takes steps", "", ("b.py",)), ("takes steps", "", ("a.py", "b.py"))}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"c": "word"}, True),  # nobody asked that far
        ({"a": "words and more"}, True),
        ({"a": "other"}, False),
        ({"b": "nothing"}, False),
    ],
)
def test_the_same_is_asked_again(changed: dict[str, str], same: bool) -> None:
    files = far()
    assert files.hold("word")
    assert not files.mention("nothing")
    now = far(**changed)
    assert all(now.answers(*each) for each in files.asked.items()) is same


def test_what_is_no_question_is_none() -> None:
    with pytest.raises(KeyError):
        far().answers(("deletes", "everything", ()), ((), True))


@pytest.mark.parametrize(
    "changes", [{}, {"c": "word"}, {"a": "words"}, {"a": "other"}, {"b": "nothing"}, {"c": "nothing"}]
)
@pytest.mark.parametrize("near", [(), ("b.py",)])
def test_only_what_changed_is_asked_again(changes: dict[str, str], near: tuple[str, ...]) -> None:
    before, now = far(near), far(near, **changes)
    before.hold("word")
    before.mention("nothing")
    before.take_steps({"a.py", "c.py"})
    for question, answer in before.asked.items():
        changed = {f"{name}.py" for name in changes}
        assert now.answers(question, answer, changed) is far(near, **changes).answers(question, answer)
        with pytest.raises(KeyError):
            now.answers(("deletes", "", ()), answer, changed)
