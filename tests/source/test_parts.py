"""How a large project is divided: each file is judged once, in view of all that may run with it."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from bnlint import analysing, parts
from bnlint.analysis import era
from bnlint.analysis.prefilter import Sieve
from bnlint.analysis.project_facts.file import File, imported_names
from bnlint.analysis.project_facts.importing import ImportGraph
from bnlint.engine import check
from bnlint.findings import Era
from bnlint.parts import Part, batches, parts_of
from bnlint.settings import Settings
from bnlint.sifting import sifted
from bnlint.source import Source

IMPORTS = {
    "a/train.py": "import model\n",
    "a/model.py": "from shared import layers\n",
    "b/train.py": "from shared import layers, data\n",
    "b/eval.py": "import train\n",
    "c/alone.py": "",
    "c/other.py": "",
    "shared/layers.py": "",
    "shared/data.py": "",
}


def divided(sizes: dict[str, int], texts: dict[str, str] = IMPORTS) -> list[Part]:
    files: list[File] = []
    for name, text in texts.items():
        package = name.rpartition("/")[0]
        imports = frozenset(imported_names(text, package))
        files.append(File(name, name.removesuffix(".py").replace("/", "."), package, text.__str__, imports))
    return parts_of(ImportGraph(files), list(sizes), sizes)


def test_a_small_project_is_one_part() -> None:
    assert divided(dict.fromkeys(IMPORTS, 10)) == [Part(frozenset(IMPORTS), frozenset(IMPORTS))]


def test_what_may_run_together_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ENOUGH", 25)
    found = {min(part.files): part for part in divided(dict.fromkeys(IMPORTS, 10))}
    assert sorted(name for part in found.values() for name in part.files) == sorted(IMPORTS)
    near = {name: part.near for name, part in found.items() if name.startswith(("a/", "b/", "c/"))}
    # The shared layers run with whoever imports them: what they are near to is judged with them.
    assert near["a/model.py"] >= {"a/model.py", "a/train.py", "shared/layers.py"}
    assert near["c/alone.py"] == {"c/alone.py"}
    assert all(part.files <= part.near for part in found.values())


def test_what_is_small_is_taken_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ENOUGH", 25)
    sizes = dict.fromkeys(IMPORTS, 10) | {"c/other.py": 30}
    found = divided(sizes)
    taken = batches(found, sizes)
    assert sorted(part.files for batch in taken for part in batch) == sorted(part.files for part in found)
    together = [[min(part.files) for part in batch] for batch in taken]
    assert ["c/other.py"] in together
    costs = [sum(sizes[name] for part in batch for name in part.near) for batch in taken]
    assert costs == sorted(costs, reverse=True)
    assert all(cost <= 25 for cost, batch in zip(costs, taken, strict=True) if len(batch) > 1)


def test_the_order_of_files_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ENOUGH", 25)
    names = list(IMPORTS)
    expected = divided(dict.fromkeys(names, 10))
    for seed in range(10):
        random.Random(seed).shuffle(names)
        assert divided(dict.fromkeys(names, 10), {name: IMPORTS[name] for name in names}) == expected


def test_the_dearest_part_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ENOUGH", 25)
    sizes = dict.fromkeys(IMPORTS, 10) | {"c/alone.py": 500}
    assert "c/alone.py" in divided(sizes)[0].files


LAYERS = """import tensorflow as tf


def network(x, training):
    return tf.layers.batch_normalization(tf.layers.dense(x, 4), training=training)


x = tf.placeholder(tf.float32, [None, 3])
training = tf.placeholder(tf.bool)
loss = tf.reduce_mean(network(x, training))
{step}
with tf.Session() as session:
    session.run(step, {{training: True}})
"""
STEP = "step = tf.train.AdamOptimizer().minimize(loss)"
RIGHT = f"with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):\n    {STEP}"


def test_what_another_program_runs_is_no_excuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, step in (("mine", STEP), ("right", RIGHT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.py").write_text(LAYERS.format(step=step))
    whole = check(["."], Settings(jobs=1))
    assert [(each.code, each.filename) for each in whole.findings] == [("BN204", "mine/train.py")]
    monkeypatch.setattr(parts, "ENOUGH", 0)
    assert check(["."], Settings(jobs=1)).findings == whole.findings
    # Nor is one that only fills it.
    other = tmp_path / "right" / "train.py"
    other.write_text("import tensorflow as tf\noptions = {'updates_collections': tf.GraphKeys.UPDATE_OPS}\n")
    assert check(["."], Settings(jobs=1)).findings == whole.findings
    # Whoever runs it and does not train may do it for somebody out of sight, unless it is a test.
    other.write_text("import tensorflow as tf\nrun = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n")
    assert not check(["."], Settings(jobs=1)).findings
    other.rename(other.with_name("train_test.py"))
    assert check(["."], Settings(jobs=1)).findings == whole.findings


@pytest.mark.skipif(not hasattr(os, "fork"), reason="copies of a process are of POSIX")
def test_a_process_that_is_killed_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(6):
        (tmp_path / f"train{number}.py").write_text(LAYERS.format(step=STEP))
    monkeypatch.setattr(parts, "ENOUGH", 0)
    alone = check(["."], Settings(jobs=1)).findings
    assert len(alone) == 6
    real, killed = analysing.judge_apart, tmp_path / "killed"

    def judge_apart(*given: Any) -> Any:
        if not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given)

    monkeypatch.setattr(analysing, "judge_apart", judge_apart)
    # Other tests may have left a thread behind that does nothing.
    monkeypatch.setattr(analysing, "can_fork", lambda: True)
    assert check(["."], Settings(jobs=2)).findings == alone
    assert killed.exists()


@pytest.mark.parametrize(
    ("text", "guessed"),
    [
        ("tf.placeholder(tf.float32)", Era("1")),
        ("with tf.GradientTape() as tape:", Era("2")),
        ("from keras import ops", Era(None, "3")),
        ("from keras.layers.normalization import BatchNormalization", Era(None, "2")),
        ("import tf_keras as keras\n\n@tf.function", Era("2", "2")),
        ("import numpy", Era()),
    ],
)
def test_what_is_far_still_says_what_it_is_written_for(text: str, guessed: Era) -> None:
    assert era.guess(text) == guessed


def test_what_a_notebook_printed_says_nothing() -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": ["from keras import ops"]}
    cell = {"cell_type": "code", "source": ["import keras"], "metadata": {}, "outputs": [printed], "execution_count": 1}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    assert sifted(Source.from_bytes(notebook, "a.ipynb"), Sieve([])).era == Era()


def test_a_folder_of_scripts_is_divided_by_what_they_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ENOUGH", 40)
    alone = {f"script{number}.py": "import numpy\n" for number in range(20)}
    chain = {f"step{number}.py": f"import step{number + 1}\n" for number in range(20)}
    sizes = dict.fromkeys([*alone, *chain], 10)
    found = divided(sizes, {**alone, **chain})
    assert [part.files for part in found if part.files & chain.keys()] == [frozenset(chain)]
    assert sorted(map(len, batches(found, sizes))) == [1, 4, 4, 4, 4, 4]
    assert all(len(part.files) == 1 for part in found if part.files & alone.keys())
