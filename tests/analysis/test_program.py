"""Which files make up a program, what its functions reach, and which flags their callers pass."""

from __future__ import annotations

import pytest

from bnlint.analysis.facts import analyse
from bnlint.analysis.project import project_facts
from bnlint.analysis.project_facts.file import File, imported_names
from bnlint.analysis.project_facts.passed_flags import passed_flag
from bnlint.analysis.project_facts.program import Programs
from bnlint.findings import Era


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a\nimport b.c as d, e\n", ["a", "b.c", "e"]),
        ("from a import b, c as d\n", ["a.b", "a.c"]),
        ("from a import (\n    b,\n    c,  # why\n)\n", ["a.b", "a.c"]),
        ("    from . import b\n", ["pkg.sub.b"]),
        ("from ..x import y\n", ["pkg.x.y"]),
        ("from a import *\n", ["a.*"]),
        ("important = 1\nfromage = 2\n", []),
    ],
)
def test_imports_are_found_without_parsing(text: str, names: list[str]) -> None:
    assert list(imported_names(text, "pkg.sub")) == names


def files(texts: dict[str, str], parsed: tuple[str, ...] = ()) -> dict[str, File]:
    made: dict[str, File] = {}
    for filename, text in texts.items():
        module = filename.removesuffix(".py").replace("/", ".")
        facts = analyse(text, filename, module, module.rpartition(".")[0]) if filename in parsed else None
        package = module.rpartition(".")[0]
        imports = frozenset(imported_names(text, package))
        made[filename] = File.of(facts) if facts else File(filename, module, package, text.__str__, imports)
    return made


def names_around(texts: dict[str, str], start: str) -> set[str]:
    made = files(texts, (start,))
    facts = made[start].facts
    assert facts is not None
    return {file.filename for file in Programs(list(made.values())).of(facts).files}


def test_a_program_is_what_imports_a_file_and_all_that_these_import() -> None:
    texts = {
        "model.py": "import layers\n",
        "layers.py": "",
        "train.py": "import model, data\n",
        "data.py": "",
        "other.py": "import layers\n",
    }
    assert names_around(texts, "model.py") == {"model.py", "layers.py", "train.py", "data.py"}


def test_cyclic_imports_and_a_file_named_like_a_library() -> None:
    texts = {"a.py": "import b\nimport tensorflow\n", "b.py": "import a\n", "tensorflow.py": ""}
    assert names_around(texts, "a.py") == {"a.py", "b.py"}


def test_of_several_files_the_one_beside_the_importer_is_meant() -> None:
    texts = {"one/train.py": "import utils\n", "one/utils.py": "", "two/utils.py": ""}
    assert names_around(texts, "one/train.py") == {"one/train.py", "one/utils.py"}


@pytest.mark.parametrize(
    ("text", "driven"),
    [
        ("with tf.Session() as s: s.run(x)", True),
        ("self.sess.run(model.step)", True),
        ("tf.estimator.EstimatorSpec(mode, train_op=step)", True),
        ("slim.learning.train(step, folder)", True),
        ("subprocess.run(x)", False),
    ],
)
def test_files_that_run_a_graph(text: str, driven: bool) -> None:
    assert File("train.py", "train", "", text.__str__, frozenset()).drives is driven


@pytest.mark.parametrize(
    ("text", "trains"),
    [
        ("estimator.train(input_fn)", True),
        ("slim.learning.train(step, folder)", True),
        ("images = data_set.train(shuffle=True)", False),
        ("for batch in loader.train():", False),
    ],
)
def test_files_that_train(text: str, trains: bool) -> None:
    assert File("train.py", "train", "", text.__str__, frozenset()).trains is trains


def test_live_functions_are_reached_by_name() -> None:
    text = (
        "class Net:\n    def __init__(self):\n        self.build()\n    def build(self):\n        return helper\n"
        "def helper():\n    return 1\ndef dead():\n    return also_dead()\ndef also_dead():\n    return 2\n"
        "if __name__ == '__main__':\n    Net()\n"
    )
    facts = analyse(text, "net.py", "net")
    program = Programs([File.of(facts)]).of(facts)
    live = {scope.name for scope in facts.scopes if scope.kind == "function" and program.is_live(facts, scope.id)}
    assert live == {"__init__", "build", "helper"}


LAYER = (
    "import tensorflow as tf\ndef net(x, training{}):\n    return tf.layers.batch_normalization(x, training=training)\n"
)


@pytest.mark.parametrize(
    ("default", "calls", "flag"),
    [
        ("", "net(x, True)\n", "on"),
        ("", "net(x, False)\nnet(x, training=False)\n", "off"),
        ("", "net(x, True)\nnet(x, False)\n", "varies"),
        ("", "net(x, tf.placeholder(tf.bool))\n", "varies"),
        ("", "", "varies"),
        ("=True", "net(x)\n", "on"),
        ("=False", "net(x)\nother.net(x)\n", "off"),
        ("=False", "net(x, **options)\n", "varies"),
        ("", "def outer(x, t=True):\n    return net(x, t)\nouter(x)\n", "on"),
        ("", "def outer(x, t=True):\n    return net(x, t)\nouter(x)\nouter(x, False)\n", "varies"),
    ],
)
def test_flag_that_the_callers_pass(default: str, calls: str, flag: str) -> None:
    facts = analyse(LAYER.format(default) + calls, "net.py", "net")
    project = project_facts([facts], {}, {}, Era())
    assert passed_flag(project, facts, facts.collections.places[0]) == flag
