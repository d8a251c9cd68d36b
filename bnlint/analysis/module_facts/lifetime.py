"""How long variables and layers live: made once, or anew by every call of the function that uses them."""

from __future__ import annotations

from bnlint.analysis.code.dataflow import Dataflow
from bnlint.analysis.code.scopes import Binding, Guard, Scope
from bnlint.analysis.code.values import Call, Item, Mapping, Op, Read, Sequence, Value, walk
from bnlint.analysis.module_facts.layers import KerasClass, Layer
from bnlint.analysis.module_facts.statistics import Statistic
from bnlint.analysis.module_facts.updates import Rebinding, Update

# Methods that run once in the life of an object.
_ONCE = frozenset({"__init__", "build", "__new__", "__post_init__", "setup", "setUp", "reset", "reset_states"})
# Methods that Keras runs at every step.
_EVERY_STEP = frozenset({"call", "train_step", "test_step", "predict_step"})
_MADE_ANEW = frozenset({"tf.Variable", "keras.Variable", "keras.backend.variable", "add_weight", "add_variable"})
_ARRAYS = (
    "tf.random.",
    "numpy.",
    "tf.constant",
    "tf.zeros",
    "tf.ones",
    "keras.random.",
    "keras.ops.ones",
    "keras.ops.zeros",
)


class Lifetimes:
    """Answers for one module."""

    def __init__(self, flow: Dataflow, keras_classes: list[KerasClass]) -> None:
        self._flow = flow
        self._keras = {keras_class.scope.id for keras_class in keras_classes}

    def statistic_per_call(self, statistic: Statistic, updates: list[Update], rebindings: list[Rebinding]) -> bool:
        """Whether the function that updates a variable also creates it, and then loses it."""
        scope = self._flow.tree.scopes[statistic.scope]
        if statistic.made_by not in _MADE_ANEW or not statistic.is_batch_norm or not self._runs_often(scope):
            return False
        places = [update.scope for update in updates if statistic in update.statistics]
        places += [self._flow.site(call).scope for place in places for call in self._flow.callers.get(place, [])]
        places += [each.binding.scope for each in rebindings if statistic in each.statistics]
        changed = any(around.id == scope.id for place in places for around in self._flow.enclosing(place))
        return changed and not self._is_lazy(statistic.call) and not self._escapes(statistic.call, scope)

    def layer_per_call(self, layer: Layer) -> bool:
        """Whether a layer is made by a function that runs at every step."""
        scope = self._flow.tree.scopes[layer.scope]
        if scope.kind != "function" or scope.name in _ONCE or not any(use.scope == scope.id for use in layer.uses):
            return False
        if self._is_lazy(layer.creation):
            return False
        if self.runs_eagerly(scope.id) or self._is_step(scope):
            return self._is_step(scope) or not self._escapes(layer.creation, scope)
        return not self._escapes(layer.creation, scope) and self._is_fed_arrays(scope)

    def runs_eagerly(self, scope: int) -> bool:
        """Whether a function around this scope is a ``tf.function`` or runs in Python while the graph runs."""
        for around in self._flow.enclosing(scope):
            for decorator in around.decorators:
                inner = decorator.callee if isinstance(decorator, Call) else decorator
                if self._flow.name_of_value(inner) in ("tf.function", "tf.autograph.to_graph", "tf.py_function"):
                    return True
        return False

    def runs_only_eagerly(self, call: Call) -> bool:
        """Whether a call stands under ``if tf.executing_eagerly():``, or in what runs if that does not hold."""

        def asks(test: Value, taken: bool) -> bool:
            if isinstance(test, Op) and test.op == "not":
                return asks(test.operands[0], not taken)
            name = self._flow.name_of(test) if isinstance(test, Call) else None
            return taken and (name or "").rpartition(".")[2] == "executing_eagerly"

        return any(asks(guard.test, guard.taken) for guard in self._flow.site(call).guards)

    def _runs_often(self, scope: Scope) -> bool:
        return scope.kind == "function" and scope.name not in _ONCE

    def _is_step(self, scope: Scope) -> bool:
        """Whether a method is what is called at every step, of a Keras class or of a `tf.Module`."""
        if scope.name in _EVERY_STEP:
            return scope.parent in self._keras
        owner = self._flow.tree.scopes[scope.parent] if scope.parent is not None else None
        return scope.name == "__call__" and owner is not None and "tf.Module" in self._flow.base_names(owner)

    def _is_lazy(self, call: Call) -> bool:
        """``if self.v is None:`` and its like around the creation."""
        return any(self._asks_whether_made(guard) for guard in self._flow.site(call).guards)

    def _asks_whether_made(self, guard: Guard) -> bool:
        for value in walk(guard.test):
            if isinstance(value, Op) and value.op in ("is", "is not", "==", "not in", "in"):
                return True
            if isinstance(value, Call) and isinstance(value.callee, Read) and value.callee.path == "hasattr":
                return True
            if isinstance(value, Read) and value.path.rpartition(".")[2] in ("built", "_built", "initialized", "reuse"):
                return True
        return isinstance(guard.test, Op) and guard.test.op == "not" and "self." in str(guard.test)

    def _escapes(self, call: Call, scope: Scope) -> bool:
        """Whether the created object outlives the call: stored, returned, passed on, used by an inner function."""
        return any(
            self._binding_escapes(binding, scope)
            for binding in self._flow.tree.bindings
            if binding.scope == scope.id and binding.value is call
        ) or isinstance(self._flow.parent(call), (Sequence, Mapping))

    def _binding_escapes(self, binding: Binding, scope: Scope) -> bool:
        if "." in binding.path or "[" in binding.path or binding.path in scope.outer_names:
            return not self._is_step(scope)
        return any(self._read_escapes(read, scope) for read in self._flow.readers(binding))

    def _read_escapes(self, read: Read, scope: Scope) -> bool:
        if read.scope != scope.id and self._is_kept_function(read.scope, scope):
            return True
        statement, parent = self._flow.statement(read), self._flow.parent(read)
        while isinstance(parent, (Sequence, Mapping)):
            parent = self._flow.parent(parent)
        if statement is None or parent is not None:
            return isinstance(parent, Call) and parent.callee is not read and self._keeps(parent)
        return statement.kind == "return" or (
            statement.kind == "assign" and any("." in self._flow.tree.bindings[i].path for i in statement.bindings)
        )

    def _is_kept_function(self, inner: int, scope: Scope) -> bool:
        """Whether a nested function that uses the object is returned; a branch of ``tf.cond`` is not."""
        current = self._flow.tree.scopes[inner]
        while current.parent is not None and current.parent != scope.id:
            current = self._flow.tree.scopes[current.parent]
        return any(
            getattr(origin, "scope", None) == current.id
            for returned in scope.returns
            for origin in self._flow.origins(returned)
        )

    def _keeps(self, call: Call) -> bool:
        """Whether a call may store its argument: anything that is not a function of TensorFlow or Keras."""
        name = self._flow.name_of(call)
        if name is not None:
            return not name.startswith(("tf.", "keras.", "numpy.")) or name.startswith("tf.train.")
        method = self._flow.method_of(call)
        return method is None or method[1] in ("append", "add", "extend", "update", "setdefault", "apply")

    def _is_fed_arrays(self, scope: Scope) -> bool:
        callers = self._flow.callers.get(scope.id, [])
        first = scope.parameters[0].name if scope.parameters else None
        if not callers or first is None:
            return False
        passed = [self._flow.passed(call, scope, first) for call in callers]
        return all(value is not None and self._is_array(value) for value in passed)

    def _is_array(self, value: Value) -> bool:
        """Whether a value is data, not a symbolic tensor that stands for it."""
        for origin in self._flow.origins(value):
            if isinstance(origin, Item):
                return self._is_array(origin.base)
            if not isinstance(origin, Call):
                return False
            method = self._flow.method_of(origin)
            if method is not None:
                return self._is_array(method[0])
            name = self._flow.name_of(origin)
            return name is not None and name.startswith(_ARRAYS)
        return False
