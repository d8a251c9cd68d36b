"""The same text gets opposite verdicts in different eras, by its own evidence, by a pin and by what is declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bnlint.engine import check, check_sources
from bnlint.registry import load_rules
from bnlint.settings import Settings
from bnlint.source import Source


@dataclass(frozen=True)
class Era:
    """A version of TensorFlow or of Keras, as it is pinned and as a project declares it."""

    package: str
    version: str
    requirement: str

    @property
    def pin(self) -> dict[str, str]:
        return {self.package: self.version}


TF1 = Era("tensorflow", "1", "tensorflow==1.15.5")
TF2 = Era("tensorflow", "2", "tensorflow>=2.10,<2.16")
K2 = Era("keras", "2", "keras==2.12.0")
K3 = Era("keras", "3", "keras>=3.3")


@dataclass(frozen=True)
class Opposite:
    """A rule whose text is wrong in one era and right in another.

    same_text, bad: the programs of the rule's folder that are right and wrong by their own evidence.
    undecided: a text that says nothing of its era, None where that which makes it a mistake is evidence as well.
    """

    code: str
    wrong: Era
    right: Era
    same_text: str
    undecided: str | None = None
    bad: str = "bad.py"


MOMENTS = "import tensorflow as tf\nmm = tf.Variable(tf.zeros([3]), trainable=False)\n"
MODEL = (
    "import tensorflow as tf\nclass Net(tf.keras.Model):\n    def __init__(self):\n        super().__init__()\n"
    "        self.bn = tf.keras.layers.BatchNormalization()\n    def call(self, x):\n        return self.bn(x)\n"
    "net = Net()\nnet.compile('sgd', 'mse')\nnet.fit(data)\n"
)
LAYER = (
    "import tensorflow as tf\nclass Norm(tf.keras.layers.Layer):\n    def build(self, shape):\n"
    "        self.moving_mean = tf.Variable(tf.zeros([shape[-1]]), trainable=False)\n    def call(self, x):\n"
    "        mean = tf.reduce_mean(x, axis=[0])\n"
    "        self.moving_mean.assign(self.moving_mean * 0.9 + mean * 0.1)\n        return x - self.moving_mean\n"
)
STEP = (
    "    mean, var = tf.nn.moments(x, [0])\n    update = mm.assign(mm * 0.9 + mean * 0.1)\n"
    "    y = tf.nn.batch_normalization(x, mm, var, None, None, 1e-3)\n"
)

OPPOSITES = {
    each.code: each
    for each in (
        Opposite("BN201", TF1, TF2, "same_text_tf2.py", MOMENTS + "def norm(x):\n" + STEP + "    return y\n"),
        Opposite(
            "BN202",
            TF1,
            TF2,
            "same_text_tf2.py",
            MOMENTS + "def norm(x):\n" + STEP + "    with tf.control_dependencies([update]):\n        return y\n",
        ),
        Opposite("BN204", TF1, TF2, "same_text_k3.py"),
        Opposite(
            "BN207",
            TF1,
            TF2,
            "same_text_tf2.py",
            "import tensorflow as tf\nclass Norm:\n    def __init__(self):\n"
            "        self.batch_mean = tf.Variable(tf.zeros([3]), trainable=False)\n"
            "        self.ema = tf.train.ExponentialMovingAverage(0.9)\n    def __call__(self, x):\n"
            "        mean, var = tf.nn.moments(x, [0])\n        self.batch_mean.assign(mean)\n"
            "        self.ema.apply([self.batch_mean])\n"
            "        return tf.nn.batch_normalization(x, self.ema.average(self.batch_mean), var, None, None, 1e-3)\n",
        ),
        Opposite("BN301", TF1, TF2, "same_text_k3.py"),
        Opposite("BN302", K3, K2, "same_text_k2.py", MODEL),
        Opposite("BN305", K3, K2, "same_text_k2.py"),
        Opposite("BN307", TF1, TF2, "same_text_k2.py"),
        Opposite("BN308", K3, K2, "same_text_k2.py", bad="bad_k3.py"),
        Opposite(
            "BN401",
            TF2,
            TF1,
            "same_text_v1.py",
            "import tensorflow as tf\ndef norm(x):\n    mm = tf.Variable(tf.zeros([3]), trainable=False)\n"
            + STEP
            + "    return y\n",
        ),
        Opposite("BN403", K3, K2, "same_text_k2.py", LAYER),
        Opposite(
            "BN510",
            K3,
            K2,
            "same_text_k2.py",
            "import tensorflow as tf\nwith tf.distribute.MirroredStrategy().scope():\n"
            "    bn = tf.keras.layers.BatchNormalization()\n",
        ),
        Opposite("BN601", TF2, TF1, "same_text_v1.py"),
        Opposite("BN602", TF2, TF1, "same_text_v1.py"),
        Opposite("BN603", K3, K2, "same_text_k2.py"),
    )
}
FOLDERS = {rule.code: rule.folder for rule in load_rules()}


def codes(program: Source, code: str, **pin: str) -> set[str]:
    return {found.code for found in check_sources([program], Settings(select=(code,), **pin)).findings}


def program(code: str, name: str) -> Source:
    path = FOLDERS[code] / name
    return Source.read(path, path.name)


def test_every_lesson_with_the_same_text_in_another_era_is_here() -> None:
    with_text = {code for code, folder in FOLDERS.items() if list(folder.glob("same_text*.py"))}
    # The weights of BN501 and the builders of BN402 are told apart by what they say, not by their era.
    assert set(OPPOSITES) == with_text - {"BN402", "BN501"}


@pytest.mark.parametrize("code", OPPOSITES)
def test_by_its_own_evidence(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert codes(program(code, OPPOSITES[code].bad), code) == {code}
    assert codes(program(code, OPPOSITES[code].same_text), code) == set()


@pytest.mark.parametrize("code", OPPOSITES)
def test_by_a_pin_that_beats_the_evidence(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    each = OPPOSITES[code]
    assert codes(program(code, OPPOSITES[code].bad), code, **each.wrong.pin) == {code}
    assert codes(program(code, OPPOSITES[code].bad), code, **each.right.pin) == set()


@pytest.mark.parametrize("code", [code for code, each in OPPOSITES.items() if each.undecided is not None])
@pytest.mark.parametrize("declared", [False, True])
def test_a_text_that_fits_both(code: str, declared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file, to the byte the same, in two projects that declare, or pin, different versions."""
    each = OPPOSITES[code]
    found: list[set[str]] = []
    for era in (each.wrong, each.right):
        folder = tmp_path / era.version
        folder.mkdir()
        monkeypatch.chdir(folder)
        (folder / "norm.py").write_text(each.undecided or "", encoding="utf-8")
        if declared:
            (folder / "requirements.txt").write_text(era.requirement + "\n", encoding="utf-8")
        report = check(["norm.py"], Settings(select=(code,), **({} if declared else era.pin)))
        assert not report.errors
        found.append({each.code for each in report.findings})
    assert found == [{code}, set()]
