"""The page that says how accurate bnlint is, from what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from accuracy.places import Scored
from accuracy.quiet import Quiet

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
HEAD = """\
# How accurate it is

This page is written by a command, `PYTHONPATH=tests python -m accuracy`, from what it measures. It says what was
measured, and what was not. Notes (`info`) count nowhere here: they are hints, not findings.
"""
PLACES = """\
## Labelled places

Places in public repositories about which a person has said whether they hold a bug. Each was checked together with the
whole of its repository. A bug counts as found if an error or a warning overlaps its lines; one that overlaps a right
place is a false alarm. The rule is named right if it is one for the kind of fault that the label states.
"""
QUIET = """\
## Healthy repositories

Repositories in which there should be little to find. Every error and warning in them was read; *right* means that the
code does what the finding says.
"""
MUTANTS = """\
## Mutants

Right programs, broken at one place in the ways that batch norm breaks. *right* means found by a rule of the right
family, *offered* that the finding has a fix, *mended* that fixing leaves nothing to find. The right programs themselves
have no findings.
"""
VERDICTS = """\
## Verdicts

What running the code decides. Written by a command of its own, `PYTHONPATH=tests python -m accuracy.verdicts`.
"""
LIMITS = """\
## What these numbers do not say

* The labelled places were at hand while the rules were written. Numbers on other code will be lower.
* They were found by searching for bugs that people had talked about, and by reading code that looks similar. How often
  such bugs are in code that nobody has complained about is not known.
* Most are TensorFlow 1 code, because most of the public code that updates statistics by hand is. Rules for Keras 3 rest
  on programs of this project and on runs of them, far more than on code from elsewhere.
* Labels are one person's reading. A few bugs are of kinds for which there is no rule; they count as missed or, if
  another rule has something to say about the same lines, as found with no name to compare.
* In notebooks labels give lines of the file and findings give lines of a cell, so that findings in notebooks overlap
  places by chance at most.
* A repository is healthy here because many people use it. That something is not reported there does not show that
  nothing is wrong.
* Mutants are small. They show that a rule sees its fault, not that it sees it in a program of a thousand files.
"""


def with_verdicts(text: str, section: str) -> str:
    """The page with another section about verdicts."""
    end = text.index(LIMITS.partition("\n")[0])
    start = text.find(VERDICTS)
    return f"{text[: start if start >= 0 else end]}{VERDICTS}\n{section}\n{text[end:]}"


def verdicts_of(text: str) -> str:
    """The section about verdicts of a page, "" if it has none."""
    start, end = text.find(VERDICTS), text.find(LIMITS.partition("\n")[0])
    return text[start:end].rstrip("\n") + "\n" if start >= 0 else ""


def page(scored: Sequence[Scored], repositories: Sequence[Quiet], mutants: str, verdicts: str) -> str:
    """The page as Markdown. mutants: the table of ``python -m mutants``; verdicts: what `verdicts_of` gives."""
    parts = [HEAD, PLACES, _summary(scored), _by_kind(scored), _by_rule(scored), _not_as_labelled(scored)]
    parts += [QUIET, _repositories(repositories), _judged(repositories)]
    parts += [MUTANTS, _mutants(mutants)] if mutants else []
    return "\n".join(part for part in [*parts, verdicts, LIMITS] if part)


def _summary(scored: Sequence[Scored]) -> str:
    count = Counter(each.kind for each in scored)
    named = [each.is_named for each in scored if each.kind == "hit" and each.is_named is not None]
    repositories = len({each.place.repository for each in scored})
    rows = [
        ("bugs found (recall)", _share(count["hit"], count["hit"] + count["miss"])),
        ("findings that are right (precision)", _share(count["hit"], count["hit"] + count["alarm"])),
        ("right places with a false alarm", _share(count["alarm"], count["alarm"] + count["quiet"])),
        ("found by a rule that names the fault, where there is one", _share(sum(named), len(named))),
    ]
    return f"{len(scored)} places in {repositories} repositories.\n\n" + table(("", "share", "number"), rows)


def _by_kind(scored: Sequence[Scored]) -> str:
    bugs = [each for each in scored if each.place.is_bug]
    found = Counter(each.place.fault for each in bugs if each.kind == "hit")
    total = Counter(each.place.fault for each in bugs)
    rows = [(f"`{fault}`", total[fault], found[fault]) for fault in sorted(total)]
    return "By the kind that the label states:\n\n" + table(("kind", "bugs", "found"), rows)


def _by_rule(scored: Sequence[Scored]) -> str:
    hits = Counter(code for each in scored if each.kind == "hit" for code in each.codes)
    alarms = Counter(code for each in scored if each.kind == "alarm" for code in each.codes)
    rows = [(code, hits[code], alarms[code]) for code in sorted({*hits, *alarms})]
    return "By rule; a bug may be found by several:\n\n" + table(("rule", "bugs found", "false alarms"), rows)


def _not_as_labelled(scored: Sequence[Scored]) -> str:
    said = {"miss": "missed", "alarm": "false alarm"}
    lines = [
        f"* {said[each.kind]}: {each.place.repository}, `{each.place.path}`, lines {each.place.lines[0]} to "
        f"{each.place.lines[1]}{': ' + ', '.join(each.codes) if each.codes else ''}. {each.place.why}"
        for each in scored
        if each.kind in said
    ]
    return "Where findings and labels differ:\n\n" + "\n".join(lines or ["* nowhere"]) + "\n"


def _repositories(repositories: Sequence[Quiet]) -> str:
    rows = [
        (
            each.name,
            each.checked.files,
            f"{each.checked.lines:,}",
            len(each.judged),
            sum(not judgement.right for _, judgement in each.judged),
            each.checked.notes,
        )
        for each in repositories
    ]
    lines = sum(each.checked.lines for each in repositories)
    wrong = sum(row[4] for row in rows)
    total = (
        "all",
        sum(row[1] for row in rows),
        f"{lines:,}",
        sum(row[3] for row in rows),
        wrong,
        sum(r[5] for r in rows),
    )
    shown = table(("repository", "files", "lines", "findings", "wrong", "notes"), [*rows, total])
    return f"{shown}\nWrong findings per 200,000 lines: {wrong * 200_000 / max(lines, 1):.2f}.\n"


def _judged(repositories: Sequence[Quiet]) -> str:
    lines = [
        f"* {'right' if judgement.right else 'wrong'}: {each.name}, `{finding.filename}:{finding.span.row}`, "
        f"{finding.code}. {judgement.why}"
        for each in repositories
        for finding, judgement in each.judged
    ]
    return "\n".join(lines or ["There are no findings."]) + "\n"


def _mutants(printed: str) -> str:
    """The last table of what ``python -m mutants`` prints."""
    lines = [line.split() for line in printed.splitlines() if line.strip()]
    start = max(index for index, words in enumerate(lines) if words[:2] == ["made", "found"])
    count = len(lines[start])
    # The name of a mutation is of several words.
    rows = [[" ".join(words[:-count]), *words[-count:]] for words in lines[start + 1 :] if len(words) > count]
    made, _, right = (int(number) for number in rows[-1][1:4])
    share = f"{_share(right, made)[0]} of the {made} mutants are found by a rule of the right family.\n"
    return f"{share}\n{table(('mutation', *lines[start]), rows)}"


def _share(part: int, whole: int) -> tuple[str, str]:
    return f"{part / whole:.1%}" if whole else "none", f"{part} of {whole}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown; a cell that is a tuple stands for several."""
    flat = [[str(cell) for cell in _flat(row)] for row in rows]
    lines = [head, ["---"] * len(head), *flat]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _flat(row: Sequence[object]) -> Iterable[object]:
    for cell in row:
        if isinstance(cell, tuple):
            yield from cell
        else:
            yield cell
