"""Files that run with none of those that are judged: no more is known of them than what their texts answer.

Each question is noted, with the files of which it turned out to be true. So whoever keeps what was found can ask again,
and sees whether it still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias

from bnlint.analysis.project_facts.file import File

# What is asked, what about, and of which files, if not of all.
Question: TypeAlias = tuple[str, str, tuple[str, ...]]
# Of which files it is true, in their order, as far as anybody wanted to know, and whether these are all.
Answer: TypeAlias = tuple[tuple[str, ...], bool]

_QUESTIONS: Mapping[str, Callable[[File, str], bool]] = {
    "holds": lambda file, text: text in file.text,
    "mentions": File.mentions_name,
    "reads": File.may_read,
    "restores": lambda file, _: file.restores,
    "serves": File.serves,
    "takes steps": lambda file, _: file.takes_steps,
    "trains": lambda file, _: file.trains,
}


class Far:
    """The files of a project that are far from those that are judged.

    files: of the whole project by their names, sorted by these: a question may be asked again when others are parsed.
    near: the names of those that are not far.
    """

    def __init__(self, files: Mapping[str, File] = MappingProxyType({}), near: Collection[str] = ()) -> None:
        self._files, self._near = files, near
        self._found: dict[Question, list[str]] = {}
        self._left: dict[Question, Iterator[str]] = {}

    def hold(self, text: str) -> bool:
        """Whether one of them holds a text."""
        return any(self._that("holds", text))

    def mention(self, name: str) -> bool:
        """Whether one of them has a name among its words."""
        return any(self._that("mentions", name))

    def reading(self, key: str) -> Iterator[str]:
        """Those that seem to read a collection."""
        return self._that("reads", key)

    def restore(self) -> bool:
        """Whether one of them restores what was trained."""
        return any(self._that("restores"))

    def serve(self, name: str) -> bool:
        """Whether one of them names something, and runs what was trained without training it."""
        return any(self._that("serves", name))

    def take_steps(self, among: set[str]) -> bool:
        """Whether one of some files takes optimizer steps."""
        far = tuple(sorted((self._files.keys() & among).difference(self._near)))
        return bool(far) and any(self._that("takes steps", among=far))

    def train(self) -> bool:
        """Whether one of them trains something."""
        return any(self._that("trains"))

    @property
    def asked(self) -> dict[Question, Answer]:
        """Every question so far, and the answer as far as it was wanted."""
        return {question: (tuple(found), question not in self._left) for question, found in self._found.items()}

    def answers(self, question: Question, before: Answer, changed: Collection[str] | None = None) -> bool:
        """Whether a question is answered as it was before. Raises KeyError for what is no question.

        changed: the files that are not as they were then, if that is known: only these are asked.
        """
        found, are_all = before
        if changed is None:
            return tuple(islice(self._that(*question), len(found) + are_all)) == found
        what, about, among = question
        is_so, last = _QUESTIONS[what], max(found, default="")
        asked = (name for name in self._far(among) if name in changed and (are_all or name <= last))
        return all(is_so(self._files[name], about) == (name in found) for name in asked)

    def _that(self, what: str, about: str = "", among: tuple[str, ...] = ()) -> Iterator[str]:
        question = (what, about, among)
        if question not in self._found:
            is_so = _QUESTIONS[what]
            self._found[question] = []
            self._left[question] = (name for name in self._far(among) if is_so(self._files[name], about))
        found, at = self._found[question], 0
        while at < len(found) or self._finds_more(question):
            yield found[at]
            at += 1

    def _far(self, among: tuple[str, ...]) -> Iterator[str]:
        return (name for name in among or self._files if name in self._files and name not in self._near)

    def _finds_more(self, question: Question) -> bool:
        name = next(self._left.get(question, iter(())), None)
        if name is None:
            self._left.pop(question, None)
            return False
        self._found[question].append(name)
        return True
