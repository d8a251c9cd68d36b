"""The update is built, and nothing runs it. All of it needs a graph."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from mutants.mutation import BATCH_NORMS, File, Place, called, calls, line, mentions, mutation, named, only


def _waits(file: File) -> Iterator[tuple[Place, cst.With, cst.Call]]:
    for place in file.places if file.in_graph else []:
        block = place.statement
        if isinstance(block, cst.With) and isinstance(block.body, cst.IndentedBlock):
            for item in block.items:
                if called(item.item) == "control_dependencies":
                    assert isinstance(item.item, cst.Call)
                    yield place, block, item.item


def _reads_updates(file: File, node: cst.CSTNode) -> bool:
    return any("UPDATE_OPS" in file.code(call) for call in calls(node, "get_collection"))


def _for_collection(file: File, wait: cst.Call) -> bool:
    return _reads_updates(file, wait) or "update_ops" in file.code(wait.args[0])


@mutation("BN2")
def control_dependency_dropped(file: File) -> Iterator[cst.Module]:
    """What was built in the block is built without; calls in the list of what it waits for stay."""
    for place, block, wait in _waits(file):
        if not _for_collection(file, wait):
            listed = wait.args[0].value.elements if isinstance(wait.args[0].value, cst.List) else []
            made = [line("{op}", op=each.value) for each in listed if isinstance(each.value, cst.Call)]
            yield file.instead(place, *made, *block.body.body)  # pyright: ignore


@mutation("BN2")
def update_ops_dropped(file: File) -> Iterator[cst.Module]:
    """The train op no longer waits for the collection, which nobody reads any more."""
    for place, block, wait in _waits(file):
        if _reads_updates(file, wait):
            yield file.instead(place, *block.body.body)  # pyright: ignore
        elif _for_collection(file, wait):
            before, after = place.block.body[: place.index], place.block.body[place.index + 1 :]
            kept = [each for each in before if not _reads_updates(file, each)]
            yield file.with_body(place.block, kept, block.body.body, after)  # pyright: ignore


@mutation("BN2")
def nothing_built_inside(file: File) -> Iterator[cst.Module]:
    """What the block built is built before it, so nothing waits."""
    for place, block, _ in _waits(file):
        *ahead, last = block.body.body
        small = only(last)
        if ahead or small is None:
            continue
        if isinstance(small, cst.Return) and isinstance(small.value, cst.Call):
            made, inside = line("result = {value}", value=small.value), line("return result")
        elif isinstance(small, cst.Assign):
            target = small.targets[0].target
            made, inside = last, line("{target} = {target}", target=target)
        else:
            continue
        yield file.instead(place, made, block.with_deep_changes(block.body, body=[inside]))  # pyright: ignore


@mutation("BN2")
def dependency_on_loss(file: File) -> Iterator[cst.Module]:
    """The loss waits for the updates, and the train op does not."""
    fetched = mentions(file.module, "EstimatorSpec")  # an Estimator runs the loss with the train op
    for place, block, _ in _waits(file) if not fetched else ():
        for step in calls(block, "minimize"):
            loss = step.args[0].value
            if isinstance(loss, cst.Name) and len(block.body.body) == 1:
                held = line("{loss} = tf.identity({loss})", loss=loss)
                yield file.instead(place, block.with_deep_changes(block.body, body=[held]), *block.body.body)  # pyright: ignore


@mutation("BN2")
def update_left_out_of_group(file: File) -> Iterator[cst.Module]:
    """``tf.group(step, *updates)`` → ``step``"""
    for group in calls(file.module, "group") if file.in_graph else []:
        if len(group.args) == 2 and group.args[1].star == "*":
            yield file.replaced(group, group.args[0].value)


@mutation("BN2")
def update_not_fetched(file: File) -> Iterator[cst.Module]:
    """``session.run([step, update], feed)`` → ``session.run([step], feed)``"""
    for run in calls(file.module, "run") if file.in_graph else []:
        fetched = run.args[0].value if run.args else None
        if not isinstance(fetched, cst.List) or "update" not in file.code(fetched):
            continue
        kept = [each for each in fetched.elements if "update" not in file.code(each.value)]
        if kept and len(kept) < len(fetched.elements):
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield file.replaced(fetched, fetched.with_changes(elements=kept))


@mutation("BN2")
def update_ops_read_early(file: File) -> Iterator[cst.Module]:
    """The collection is read before the layers that fill it."""
    builders = set(BATCH_NORMS) | {
        place.statement.name.value
        for place in file.places
        if isinstance(place.statement, cst.FunctionDef) and calls(place.statement, *BATCH_NORMS)
    }
    for place in file.places if file.in_graph else []:
        body = list(place.block.body)
        first = next(
            (i for i, each in enumerate(body) if not isinstance(each, cst.FunctionDef) and calls(each, *builders)), None
        )
        if first is None or first >= place.index:
            continue
        read, statement = named(place.statement), place.statement
        if read is not None and called(read[1]) == "get_collection" and _reads_updates(file, statement):
            yield file.with_body(
                place.block, body[:first], statement, body[first : place.index], body[place.index + 1 :]
            )
        elif isinstance(statement, cst.With) and _reads_updates(file, statement.items[0]):
            early = line("early = {read}", read=calls(statement.items[0], "get_collection")[0])
            late = statement.deep_replace(calls(statement.items[0], "get_collection")[0], cst.Name("early"))
            yield file.with_body(
                place.block,
                body[:first],
                early,
                body[first : place.index],
                late,
                body[place.index + 1 :],  # pyright: ignore
            )


@mutation("BN2")
def collection_arguments_swapped(file: File) -> Iterator[cst.Module]:
    """``add_to_collection(name, op)`` → ``add_to_collection(op, name)``"""
    for add in calls(file.module, "add_to_collection"):
        first, second = add.args
        yield file.replaced(
            add, add.with_changes(args=[first.with_changes(value=second.value), second.with_changes(value=first.value)])
        )


@mutation("BN2")
def update_not_collected(file: File) -> Iterator[cst.Module]:
    """``add_to_collection`` dropped; the op is still built."""
    for place in file.places:
        adds = calls(place.statement, "add_to_collection") if only(place.statement) is not None else []
        if adds:
            value = adds[0].args[1].value
            kept = [line("{op}", op=value)] if isinstance(value, cst.Call) else []
            yield file.instead(place, *kept)
