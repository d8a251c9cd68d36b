"""Saves what was trained, loads it into something new, and looks which statistics came back."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List

from . import framework
from .calls import Driven, Run, compiled
from .tracked import Tracked


def by_keras(run: Run, driven: Driven) -> None:
    """``save_weights`` and ``load_weights``, and as a second means the whole model in one file."""
    model = driven.target.layer
    path = os.path.join(run.program.folder, "saved.weights.h5")

    def load(fresh: Any) -> None:
        model.save_weights(path)
        fresh.load_weights(path)

    _into_a_new_one(run, driven, "keras", load)
    _as_a_whole(run, model)


def by_checkpoint(run: Run, driven: Driven) -> None:
    """``tf.train.Checkpoint``."""
    tf = framework.tf

    def load(fresh: Any) -> None:
        path = tf.train.Checkpoint(saved=driven.owner).write(os.path.join(run.program.folder, "checkpoint"))
        tf.train.Checkpoint(saved=fresh).read(path)

    _into_a_new_one(run, driven, "checkpoint", load)


def by_savers(run: Run, session: Any) -> None:
    """The ``tf.train.Saver`` that the finding's line made: from this session into a new one of the same graph."""
    first, last = run.wanted["saver"]
    made = [saver for rows, saver in run.watch.savers if not last or any(first <= row <= last for row in rows)]
    trained = {id(tracked): value for tracked, value in run.watch.values_in(session)}
    for saver in made:
        path = saver.save(session, os.path.join(run.program.folder, "saved"), write_meta_graph=False, write_state=False)
        known = [t for t in run.watch.tracked if t.variable.graph is session.graph]
        with framework.v1.Session(graph=session.graph) as other:
            other.run([tracked.variable.initializer for tracked in known])
            saver.restore(other, path)
            for tracked, value in run.watch.values_in(other):
                if id(tracked) in trained:
                    settle(tracked, "saver", trained[id(tracked)], value)


def _into_a_new_one(run: Run, driven: Driven, means: str, load: Callable[[Any], None]) -> None:
    trained = list(run.watch.tracked)
    fresh = driven.again()
    if driven.target.layer is not None:
        fresh = compiled(fresh)
    elif fresh is None:
        return
    arrays = driven.target.arrays(0)
    values = [framework.tf.constant(array) for array in arrays.values()]
    if driven.target.layer is not None:
        # A layer makes its variables when it is first called.
        fresh(values[0] if len(values) == 1 else values, training=False)
    load(fresh)
    _compare(trained, run.watch.tracked[len(trained) :], means)


def _as_a_whole(run: Run, model: Any) -> None:
    """Noted only: it needs the user's classes to be registered or passed."""
    keras = framework.keras_of(model)
    path = os.path.join(run.program.folder, "saved.keras")
    trained = list(run.watch.tracked)
    own = {layer.__class__.__name__: layer.__class__ for layer in framework.layers_of(model)}
    try:
        model.save(path)
        keras.models.load_model(path, custom_objects=own, compile=False)
    except Exception as error:
        reason = "%s: %s" % (type(error).__name__, str(error).split("\n")[0][:120])
        run.notes.append("saving the model as one .keras file and loading it did not work: %s" % reason)
        return
    _compare(trained, run.watch.tracked[len(trained) :], "keras file")


def _compare(trained: List[Tracked], fresh: List[Tracked], means: str) -> None:
    """The first variable that a line made in one is the first that it made in the other."""
    waiting: Dict[str, List[Tracked]] = {}
    for tracked in fresh:
        waiting.setdefault(_likeness(tracked), []).append(tracked)
    for tracked in trained:
        others = waiting.get(_likeness(tracked))
        if not others:
            continue
        other, now = others.pop(0).now(), tracked.now()
        if other is not None and now is not None:
            settle(tracked, means, now, other)
    for tracked in fresh:
        tracked.imported = True


def settle(tracked: Tracked, means: str, trained: Any, loaded: Any) -> None:
    """Remember what became of a trained value; nothing follows if training left it where it was."""
    if tracked.first is not None and trained.tobytes() != tracked.first.tobytes():
        fate = "kept" if loaded.tobytes() == trained.tobytes() else "lost"
        tracked.facts["reloaded"] = dict(tracked.facts.get("reloaded", {}), **{means: fate})


def _likeness(tracked: Tracked) -> str:
    return repr((tracked.rows[:1], tracked.shape, type(tracked.layer).__name__))
