"""Imports as they are found: in circles, under conditions, with stars, and of files that are called like a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine import check, check_sources
from bnlint.settings import Settings
from bnlint.source import Source

NORM = """
class Norm(tf.Module):
    def __init__(self, n):
        self.moving_mean = tf.Variable(tf.zeros([n]), trainable=False)
        self.moving_variance = tf.Variable(tf.ones([n]), trainable=False)

    def __call__(self, x, training):
        mean, variance = tf.nn.moments(x, [0])
        if training:
            self.moving_mean.assign(self.moving_mean * 0.9 + mean * 0.1)
            self.moving_variance = self.moving_variance * 0.9 + variance * 0.1
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""
WRONG = "self.moving_variance = self.moving_variance"


def lost(files: dict[str, str]) -> list[tuple[str, str]]:
    """File and text of each BN102, when all rules have looked; nothing may be left out."""
    sources = [Source.from_bytes(text.encode(), name) for name, text in files.items()]
    report = check_sources(sources, Settings())
    assert not report.errors
    lines = {name: text.splitlines() for name, text in files.items()}
    found = [each for each in report.findings if each.code == "BN102"]
    return [(each.filename, lines[each.filename][each.span.row - 1].strip().partition(" *")[0]) for each in found]


CONDITIONAL = {
    "try": "try:\n    import tensorflow.compat.v2 as tf\nexcept ImportError:\n    import tensorflow as tf\n",
    "else": "import sys\nif sys.argv:\n    import tensorflow as tf\nelse:\n    import tensorflow.compat.v2 as tf\n",
    "type checking": "from typing import TYPE_CHECKING\nimport tensorflow as tf\nif TYPE_CHECKING:\n    import keras\n",
    "with": "import contextlib\nwith contextlib.suppress(ImportError):\n    import tensorflow as tf\n",
}


@pytest.mark.parametrize("head", CONDITIONAL.values(), ids=CONDITIONAL)
def test_imports_under_conditions(head: str) -> None:
    assert lost({"norm.py": head + NORM}) == [("norm.py", WRONG)]


def test_files_that_import_and_inherit_in_a_circle() -> None:
    one = "import tensorflow as tf\nimport other\nfrom other import Other\nclass One(Other):\n    pass\n"
    other = (
        "import tensorflow as tf\nimport one\nfrom one import One\nclass Other(One):\n    pass\nx = one.other.one.One\n"
    )
    assert lost({"one.py": one + NORM, "other.py": other + NORM}) == [("one.py", WRONG), ("other.py", WRONG)]


@pytest.mark.parametrize("name", ["tensorflow.py", "keras.py", "tf.py", "tensorflow/__init__.py", "numpy.py"])
def test_a_file_that_is_called_like_a_library(name: str) -> None:
    file = "import tensorflow as tf\nfrom tensorflow import *\nVariable = Variable\ndef batch_norm(x):\n    return x\n"
    assert lost({"norm.py": "import tensorflow as tf\n" + NORM, name: file}) == [("norm.py", WRONG)]


def test_names_behind_a_star() -> None:
    head = "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n"
    wrapper = (
        f"{head}from net import *\n"
        "def batch_norm(x, training=False):\n    return tf.layers.batch_normalization(x, training=training)\n"
    )
    net = f"{head}from wrapper import *\nfrom tensorflow import *\nfrom gone import *\n"
    net += "def net(x, training):\n    x = batch_norm(x, training)\n    return batch_norm(x)\n"
    sources = [Source.from_bytes(text.encode(), name) for name, text in (("net.py", net), ("wrapper.py", wrapper))]
    report = check_sources(sources, Settings(select=("BN301",)))
    assert [(each.filename, each.span.row) for each in report.findings] == [("net.py", 8)]
    assert not report.errors


STARRED = """\
import tensorflow as tf
from tensorflow.keras.layers import *
{more}
inputs = Input((4,))
model = {model}(inputs, Dense(1)(BatchNormalization()(inputs)))
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
"""


@pytest.mark.parametrize(
    ("more", "model", "rows"),
    [
        ("from tensorflow.keras.models import *", "Model", [8]),
        ("from tensorflow.keras import *", "models.Model", [8]),
        ("from numpy import *", "tf.keras.Model", [8]),
        # What comes behind another star may be its own; so may what is defined here.
        ("from blocks import *", "tf.keras.Model", []),
        ("class BatchNormalization(Layer): pass", "tf.keras.Model", []),
    ],
)
def test_layers_behind_a_star_of_keras(more: str, model: str, rows: list[int]) -> None:
    source = Source.from_bytes(STARRED.format(more=more, model=model).encode(), "train.py")
    assert [each.span.row for each in check_sources([source], Settings(select=("BN301",))).findings] == rows


def test_folders_that_are_linked_in_a_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "package"
    package.mkdir()
    (package / "norm.py").write_text("import tensorflow as tf\nfrom package.inner import norm\n" + NORM)
    (package / "inner").symlink_to(package, target_is_directory=True)
    (package / "same.py").symlink_to("norm.py")
    report = check(["."], Settings(select=("BN102",)))
    assert [Path(each.filename).parent.as_posix() for each in report.findings] == ["package"]
