"""Names followed from one file into another."""

from __future__ import annotations

from bnlint.analysis.code.values import Const, Opaque
from bnlint.analysis.facts import ModuleFacts, analyse
from bnlint.analysis.project import ProjectFacts, project_facts
from bnlint.findings import Era

NOTHING = Era()


def project(root: tuple[str, ...] = (), /, **files: str) -> ProjectFacts:
    modules = [analyse(text, f"{name.replace('__', '/')}.py", name.replace("__", ".")) for name, text in files.items()]
    return project_facts(modules, {}, {}, NOTHING, root=root)


def module(found: ProjectFacts, name: str) -> ModuleFacts:
    return next(each for each in found.modules if each.module == name)


def calls_of(found: ProjectFacts, home: str, symbol: str) -> list[tuple[str, int]]:
    where = module(found, home)
    scope = next(each for each in where.scopes if each.symbol == symbol)
    return [(each.module, call.span.row) for each, call in found.links.calls_of(where, scope)]


def test_a_function_is_called_from_another_file() -> None:
    found = project(ops="def bn(x): pass\n", net="from ops import bn\nbn(1)\n")
    assert calls_of(found, "ops", "bn") == [("net", 2)]


def test_through_a_star_import() -> None:
    found = project(ops="class Norm:\n    def __call__(self, x): pass\n", net="from ops import *\nn = Norm()\nn(1)\n")
    assert calls_of(found, "ops", "Norm.__call__") == [("net", 3)]


def test_through_a_package_that_imports_it() -> None:
    found = project(pkg__ops="def bn(x): pass\n", net="from pkg import bn\nbn(1)\n")
    assert calls_of(found, "pkg.ops", "bn") == [("net", 2)]


def test_a_method_of_an_object_made_elsewhere() -> None:
    found = project(ops="class Net:\n    def run(self): pass\n", main="import ops\nnet = ops.Net()\nnet.run()\n")
    assert calls_of(found, "ops", "Net.run") == [("main", 3)]


def test_of_two_files_with_one_name_the_one_beside_is_meant() -> None:
    found = project(
        a__model="def build(): pass\n", b__model="def build(): pass\n", a__main="from model import build\nbuild()\n"
    )
    assert calls_of(found, "a.model", "build") == [("a.main", 2)]
    assert calls_of(found, "b.model", "build") == []


def test_base_classes_in_other_files() -> None:
    found = project(
        base="import keras\nclass Base(keras.Model):\n    def call(self, x): pass\n",
        net="from base import Base\nclass Net(Base): pass\n",
    )
    net = module(found, "net")
    owner = next(each for each in net.scopes if each.symbol == "Net")
    assert found.links.base_names(net, owner) == {"keras.Model"}
    method = found.links.method(net, owner, "call")
    assert method is not None
    assert method[0].module == "base"


def test_an_import_out_of_sight_is_nothing_known() -> None:
    found = project(net="from elsewhere import Base\nclass Net(Base): pass\n")
    net = module(found, "net")
    owner = next(each for each in net.scopes if each.symbol == "Net")
    assert found.links.base_names(net, owner) == {"elsewhere.Base"}


def test_files_that_import_each_other_end() -> None:
    found = project(a="from b import f\nf()\n", b="from a import f\nf()\n")
    for each in found.modules:
        assert found.links.called(each, each.flow.tree.calls[0]) is None


def test_inside_a_package_imports_start_with_its_name() -> None:
    found = project(
        ("/", "home", "lab", "pkg"), ops="def bn(x): pass\n", sub__net="from lab.pkg.ops import bn\nbn(1)\n"
    )
    assert calls_of(found, "ops", "bn") == [("sub.net", 2)]


def test_an_import_of_another_package_is_not_of_this_one() -> None:
    found = project(("/", "home", "lab"), ops="def bn(x): pass\n", net="from other.ops import bn\nbn(1)\n")
    assert calls_of(found, "ops", "bn") == []


def test_a_folder_named_like_a_library_is_no_package() -> None:
    found = project(("/", "keras"), layers="def bn(x): pass\n", net="from keras.layers import bn\nbn(1)\n")
    assert calls_of(found, "layers", "bn") == []


def test_of_several_files_the_one_nearest_to_the_importer_is_meant() -> None:
    found = project(
        a__ops="def bn(x): pass\n", b__ops="def bn(x): pass\n", a__nets__deep__net="from ops import bn\nbn(1)\n"
    )
    assert calls_of(found, "a.ops", "bn") == [("a.nets.deep.net", 2)]
    assert calls_of(found, "b.ops", "bn") == []


def test_what_another_file_makes_is_named_as_that_file_names_it() -> None:
    nets = (
        "from tensorflow import keras\n\n\ndef net(deep=True):\n"
        "    make = keras.Sequential if deep else keras.models.Sequential\n"
        "    return make([keras.layers.BatchNormalization()])\n"
    )
    main = (
        "from tensorflow import keras\nfrom nets import net\nmodel = net()\nmodel(keras.Input((4,)), training=False)\n"
    )
    found = project(nets=nets, main=main)
    [fixed] = found.fixed_calls(module(found, "main"))
    assert fixed.of_layers


def test_options_that_a_base_class_of_another_file_names_are_not_looked_up_in_this_one() -> None:
    base = (
        "class Base:\n    def __init__(self, is_training):\n        flag = is_training\n"
        "        self.literal = {'is_training': True}\n        self.named = {'is_training': flag}\n"
    )
    main = (
        "import tf_slim as slim\nfrom base import Base\n\n\nclass Net(Base):\n    def net(self, x):\n"
        "        slim.conv2d(x, 3, normalizer_fn=slim.batch_norm, normalizer_params=self.literal)\n"
        "        slim.conv2d(x, 3, normalizer_fn=slim.batch_norm, normalizer_params=self.named)\n"
    )
    found = project(base=base, main=main)
    literal, named = (call.passed for call in found.flags.of(module(found, "main")))
    assert isinstance(literal, Const)
    assert isinstance(named, Opaque)
    assert not found.forwarding.calls(module(found, "main"))
