"""What the other pages show is so: findings, commands, the rule of one's own, the reasons. The site can be built."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bnlint.cli import commands
from bnlint.findings import Outcome
from bnlint.registry import load_rules
from bnlint.verify.reasons import REASONS
from tests.docs.pages_of_docs import DOCS, Block, blocks, read

PAGES = ("index.md", "updating.md", "keras3.md", "verifier.md", "trace.md", "limits.md", "related.md", "new-rule.md")
HARNESS = Path(__file__).with_name("harness_of_keras.py")
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


def titled(page: str, title: str) -> str:
    (block,) = (block for block in blocks(page) if block.title == title)
    return block.text


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the first page and of the page about rules, where the pages say that they are."""
    (tmp_path / "bn.py").write_text(titled("index.md", "bn.py"), encoding="utf-8")
    (tmp_path / "bad.py").write_text(titled("new-rule.md", "bad.py"), encoding="utf-8")
    (tmp_path / "bnlint.toml").write_text(titled("new-rule.md", "bnlint.toml"), encoding="utf-8")
    folder = tmp_path / "tools" / "bnlint_rules" / "XY101-offset-mean"
    folder.mkdir(parents=True)
    (folder / "rule.py").write_text(titled("new-rule.md", "rule.py"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bnlint(*arguments: str) -> str:
    command = [sys.executable, "-m", "bnlint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8").stdout


def test_every_block_is_looked_at() -> None:
    looked_at = {
        "index.md": {"bn.py", "bnlint check --output-format concise bn.py", "a part of what it shows"},
        "trace.md": {"a session loop that runs one of two updates", "fit.py"},
        "new-rule.md": {"tools/bnlint_rules/", "rule.py", "bad.py", "bnlint.toml", "it finds"},
    }
    for page in set(PAGES) - {"updating.md", "keras3.md"}:
        titles = {block.title for block in blocks(page) if block.language != "sh"}
        assert titles == looked_at.get(page, set())


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page) if block.language == "sh"])
def test_every_command_has_the_options_that_it_is_given(block: Block) -> None:
    for line in block.text.splitlines():
        program, *arguments = shlex.split(line)
        if program == "bnlint":
            commands.commands[arguments[0]].make_context(arguments[0], arguments[1:])
        else:
            assert line.startswith(("python -m pip install ", "python -m pytest "))


def test_the_first_finding_is_as_shown(project: Path) -> None:
    shown = titled("index.md", "bnlint check --output-format concise bn.py")
    assert bnlint("check", "--allow-rules", "--output-format", "concise", "bn.py") == shown
    assert "would fix 2 findings" in subprocess.run(
        [sys.executable, "-m", "bnlint", "check", "--allow-rules", "--diff", "--unsafe-fixes", "bn.py"],
        capture_output=True, text=True, encoding="utf-8",
    ).stderr  # fmt: skip


def test_a_rule_of_ones_own_finds_what_it_says(project: Path) -> None:
    shown = titled("new-rule.md", "it finds")
    select = ("--select", "XY101", "--output-format", "concise")
    assert bnlint("check", "--allow-rules", *select) == shown
    (project / "bad.py").write_text(titled("new-rule.md", "bad.py").replace("ones", "zeros", 1), encoding="utf-8")
    assert bnlint("check", "--allow-rules", *select) == ""
    folder = next((project / "tools" / "bnlint_rules").iterdir())
    named = re.findall(r"^    ([\w.]+)", titled("new-rule.md", "tools/bnlint_rules/"), re.MULTILINE)
    assert set(named) >= {file.name for file in folder.glob("*.*")}


@pytest.mark.tensorflow
@needs_tensorflow
def test_what_they_find_is_confirmed_and_the_fix_holds(project: Path) -> None:
    # The page has the fixes proven, too.
    formats = ("--output-format", "text", "--output-format", "html:report.html")
    text = bnlint("check", "--allow-rules", "--verify", "--select", "BN501,XY101", *formats)
    assert text.splitlines()[-2].endswith(": 3 confirmed.")
    assert text.count("= proven: running the fixed code shows it") == 2
    assert titled("index.md", "a part of what it shows").strip() in text


# Its statistics are made in the lines that the page names.
ONE_OF_TWO = """\
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
x = tf.placeholder(tf.float32, [None, 3])
is_training = tf.placeholder(tf.bool, [], "is_training")
zeros, ones = tf.zeros([3]), tf.ones([3])
mean = tf.Variable(zeros, trainable=False)
variance = tf.Variable(ones, trainable=False)
batch_mean, batch_variance = tf.nn.moments(x, [0])
update = mean.assign(0.9 * mean + 0.1 * batch_mean)
forgotten = variance.assign(0.9 * variance + 0.1 * batch_variance)
used = tf.cond(is_training, lambda: batch_mean, lambda: tf.identity(mean))
loss = tf.reduce_mean(tf.square((x - used) * tf.Variable(ones)))
with tf.control_dependencies([update]):
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for step in range(5):
        session.run(train, {x: np.random.normal(5.0, 2.0, [64, 3]), is_training: True})
    session.run(loss, {x: np.random.normal(5.0, 2.0, [64, 3]), is_training: False})
"""


@pytest.mark.tensorflow
@needs_tensorflow
def test_a_trace_shows_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    Path("train.py").write_text(ONE_OF_TWO)
    bnlint("trace", "--output", "trace.txt", "--", sys.executable, "train.py")
    shown = titled("trace.md", "a session loop that runs one of two updates")
    assert re.sub(" +", " ", shown) in re.sub(" +", " ", Path("trace.txt").read_text(encoding="utf-8"))


@pytest.mark.tensorflow
@needs_tensorflow
def test_a_right_model_is_not_warned_of(tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(titled("trace.md", "fit.py"), encoding="utf-8")
    command = [sys.executable, "-W", "error:::bnlint.training", "fit.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert (result.returncode, "BatchNormWarning" in result.stderr) == (0, False)


def test_the_predictions_that_are_named_exist() -> None:
    page = read("new-rule.md")
    predictions = importlib.import_module("bnlint.verify.predictions")
    named = re.search(r"`bnlint\.verify\.predictions`: (.*?) and so on", page, re.DOTALL)
    assert named is not None
    for name in re.findall(r"`(\w+)`", named[1]):
        assert hasattr(predictions, name)
    assert "bnlint.edits" in page
    assert importlib.util.find_spec("bnlint.edits") is not None


def test_the_reasons_are_those_that_there_are() -> None:
    page = read("verifier.md").partition("<!-- test: reasons -->")[2]
    table = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|$", page, re.MULTILINE))
    assert len(table) == 8
    for reason, meaning in table.items():
        assert REASONS[reason].partition(":")[0] == meaning.partition(", for example")[0]
    for outcome in Outcome:
        assert f"| {outcome.value.replace('-', ' ')} |" in read("verifier.md")


@pytest.mark.tensorflow
@needs_tensorflow
def test_the_harness_of_keras_passes_what_never_moves() -> None:
    """As the page about related work says."""
    result = subprocess.run([sys.executable, HARNESS], capture_output=True, text=True, encoding="utf-8")
    assert result.stdout.splitlines() == ["Right passes", "Attribute passes", "Name passes", "Augmented passes"]


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_work_in_the_repository_too(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", read(page))
    assert [link for link in links if not (DOCS / link).exists()] == []


@pytest.mark.skipif(importlib.util.find_spec("material") is None, reason="mkdocs-material is not installed")
def test_the_site_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")]
    result = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stdout + result.stderr
    for rule in load_rules():
        page = (tmp_path / "site" / "rules" / f"{rule.folder.name}.html").read_text(encoding="utf-8")
        assert f'<h1 id="{rule.code.lower()}' in page
        assert "bad.py" in page
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(
            r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//|<link[^>]* href="(?:https?:)?//', text
        ), page
