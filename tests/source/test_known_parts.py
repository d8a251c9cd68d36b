"""After a change, what was found in the rest of a project is remembered, and is what a fresh look would find."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import pytest

from bnlint import parts
from bnlint.cache import Cache
from bnlint.engine import check_inputs, read
from bnlint.known_parts import KnownParts
from bnlint.reporting import Report
from bnlint.settings import Settings

LAYERS = """import tensorflow as tf


def network(x, training):
    return tf.layers.batch_normalization(tf.layers.dense(x, 4), training=training)
"""
NEVER_RUNS = """import tensorflow as tf
from {0}.layers import network

x = tf.placeholder(tf.float32, [None, 3])
loss = tf.reduce_mean(network(x, True))
step = tf.train.AdamOptimizer().minimize(loss)
with tf.Session() as session:
    session.run(step)
"""
UPDATES = "import tensorflow as tf\n\n\ndef updates():\n    return {}\n"
PROJECT = {
    "one/layers.py": LAYERS,
    "one/train.py": NEVER_RUNS.format("one"),
    "two/layers.py": LAYERS,
    "two/train.py": NEVER_RUNS.format("two"),
    "far/updates.py": UPDATES.format("tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)"),
}
LESSONS = sorted(Path(__file__).parents[2].glob("rules/*/bad.py"))
Look: TypeAlias = "Callable[[], Report]"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(parts, "ENOUGH", 500)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write(PROJECT)
    return folder


@pytest.fixture
def look(folder: Path) -> Look:
    """Check the folder, with what earlier looks found."""
    return lambda: checked(Cache(folder.parent / "cache"))


def checked(cached: Cache | None = None, *paths: str) -> Report:
    inputs = read(paths or ["."], Settings())
    return check_inputs(inputs, inputs.sources, Settings(jobs=1), cached=cached)


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


def append(name: str, text: str) -> None:
    with Path(name).open("a") as file:
        file.write(text)


def test_only_what_runs_with_the_changed_file_is_looked_at(look: Look, analysed: list[list[str]]) -> None:
    cold = look()
    assert len(cold.findings) == 4, "of the layer and of the step, twice"
    analysed.clear()
    append("two/train.py", "session.close()\n")
    assert look().findings == cold.findings
    assert set(chain(*analysed)) == {"two/layers.py", "two/train.py"}


def test_a_file_that_matters_to_nobody_costs_nothing(look: Look, analysed: list[list[str]]) -> None:
    cold = look()
    analysed.clear()
    append("far/updates.py", "# a comment\n")
    assert look().findings == cold.findings
    assert not {"one/train.py", "two/train.py"} & set(chain(*analysed))


def test_a_file_far_away_is_asked_again(look: Look) -> None:
    assert {finding.code for finding in look().findings} == {"BN204"}
    write({"far/updates.py": UPDATES.format("tf.get_collection(tf.GraphKeys.UPDATE_OPS)")})
    assert look().findings == ()
    write(PROJECT)
    assert len(look().findings) == 4


def test_who_imports_whom_far_away_has_a_say(look: Look) -> None:
    write({"far/updates.py": UPDATES.format("tf.get_collection(tf.GraphKeys.UPDATE_OPS)")})
    main = "import tensorflow as tf\n\nstep = tf.train.AdamOptimizer().minimize(loss)\n"
    write({"far/main.py": main})
    assert look().findings == ()
    write({"far/main.py": "from far.updates import updates\n" + main})
    assert len(look().findings) == 4, "it runs those of a program of its own"


@pytest.mark.parametrize(
    "change",
    [
        {"far/updates.py": "from one.layers import network\n" + PROJECT["far/updates.py"]},
        {"far/updates.py": "x = tf.keras.ops\n"},
        {"one/new.py": "import tensorflow as tf\n\n\n@tf.function\ndef step(x):\n    return x\n"},
        {"requirements.txt": "tensorflow>=2.16\n"},
        {"one/train.py": "def broken(:\n"},
        {"one/layers.py": LAYERS.replace("training)", "training=False)")},
    ],
    ids=["who imports it", "its words", "its neighbours", "what is declared", "a mistake", "its own"],
)
def test_whatever_changes_is_seen(look: Look, change: dict[str, str]) -> None:
    look()
    write(change)
    fresh = checked()
    seen = look()
    assert (seen.findings, seen.errors, seen.analysed) == (fresh.findings, fresh.errors, fresh.analysed)


def test_what_was_asked_for_is_told(folder: Path) -> None:
    """A mistake far from any batch norm, and one of its neighbours, are told to who asks for these files."""
    (folder / ".git").mkdir()
    write({"one/broken.py": "from one.layers import network\ndef broken(:\n", "one/train.py": NEVER_RUNS.format("one")})
    cached = Cache(folder.parent / "cache")
    for paths in (
        ("one/layers.py",),
        ("one/train.py",),
        ("one",),
        (".",),
        ("one/layers.py", "two"),
        ("one/broken.py",),
    ):
        seen, fresh = checked(cached, *paths), checked(None, *paths)
        assert (seen.findings, seen.errors) == (fresh.findings, fresh.errors)


def test_python_2_is_remembered_as_it_was_read(look: Look) -> None:
    append("one/train.py", "print 'done'  # bnlint: ignore[BN204]\n")
    look()
    append("two/train.py", "session.close()\n")
    fresh = checked()
    assert look().findings == fresh.findings
    assert fresh.sources == look().sources


def test_random_edits_are_seen(folder: Path, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that go, come twice, or come from another file; files that come and go; imports."""
    monkeypatch.setattr(parts, "ENOUGH", 4000)
    random_ = random.Random(8)
    lessons = [path.read_text() for path in LESSONS]
    for number, text in enumerate(random_.sample(lessons, 16)):
        write({f"p{number % 8}/m{number}.py": text})
    recalled: list[bool] = []
    real = KnownParts.recall

    def recall(known: KnownParts, part: parts.Part) -> object:
        found = real(known, part)
        recalled.append(found is not None)
        return found

    monkeypatch.setattr(KnownParts, "recall", recall)
    for _ in range(25):
        files = sorted(folder.rglob("*.py"))
        file, other = random_.sample(files, 2)
        edit(file, other, random_)
        seen, fresh = look(), checked()
        assert (seen.findings, seen.errors) == (fresh.findings, fresh.errors)
    assert sum(recalled) > len(recalled) / 4


def edit(file: Path, other: Path, random_: random.Random) -> None:
    lines, others = (each.read_text().splitlines(keepends=True) or ["\n"] for each in (file, other))
    at = random_.randrange(len(lines))
    match random_.choice(["drop", "twice", "take", "import", "new", "gone"]):
        case "drop":
            del lines[at]
        case "twice":
            lines.insert(at, lines[at])
        case "take":
            lines.append(random_.choice(others))
        case "import":
            lines.insert(0, f"from {other.parent.name}.{other.stem} import *\n")
        case "new":
            lines = others
            file = file.with_name(f"n{random_.randrange(1000)}.py")
        case _:
            lines = []
    file.write_text("".join(lines))
