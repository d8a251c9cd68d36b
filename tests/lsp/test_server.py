"""The language server, asked by a real client."""

import asyncio
from pathlib import Path

import pytest
from editor import Editor, applied, in_editor, utf16
from lsprotocol import types

RULES = Path(__file__).parents[2] / "rules"
LESSON = (RULES / "BN102-rebound-attribute" / "README.md").read_text(encoding="utf-8")
WRONG = """\
import tensorflow as tf


class Norm(tf.Module):
    def __init__(self, channels):
        self.mean = tf.Variable(tf.zeros([channels]), trainable=False)
        self.variance = tf.Variable(tf.ones([channels]), trainable=False)

    def __call__(self, x, training=False):
        if not training:
            return tf.nn.batch_normalization(x, self.mean, self.variance, None, None, 1e-3)
        mean, variance = tf.nn.moments(x, axes=[0])
        "😀é"; self.mean = self.mean * 0.9 + mean * 0.1
        self.variance = self.variance * 0.9 + variance * 0.1
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
"""
RIGHT = WRONG.replace("self.mean = self.mean * 0.9 + mean * 0.1", "self.mean.assign(self.mean * 0.9 + mean * 0.1)")
RIGHT = RIGHT.replace(
    "self.variance = self.variance * 0.9 + variance * 0.1", "self.variance.assign(self.variance * 0.9 + variance * 0.1)"
)
MEAN = types.Range(types.Position(12, 15), types.Position(12, 55))
VARIANCE = types.Range(types.Position(13, 8), types.Position(13, 60))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "wrong.py").write_text(WRONG)
    return tmp_path


def test_diagnostics_while_typing(project: Path) -> None:
    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        mean, variance = await editor.diagnostics(uri)
        # The emoji is one character of the file and two of the protocol.
        assert (mean.range, variance.range) == (MEAN, VARIANCE)
        assert (mean.code, mean.severity, mean.source) == ("BN102", types.DiagnosticSeverity.Error, "bnlint")
        assert mean.message.startswith("`self.mean = …`")
        assert mean.code_description is not None
        assert mean.code_description.href == (RULES / "BN102-rebound-attribute" / "README.md").as_uri()
        assert mean.related_information is not None
        related = mean.related_information[0]
        assert (related.location.uri, related.location.range.start.line) == (uri, 5)
        assert await editor.diagnostics(uri, editor.change(uri, RIGHT)) == []
        (typing,) = await editor.diagnostics(uri, editor.change(uri, f"{RIGHT}def (:\n"))
        assert typing.message.startswith("bnlint cannot check this")
        assert typing.severity == types.DiagnosticSeverity.Information
        assert len(await editor.diagnostics(uri, editor.change(uri, f"{WRONG}\nprint 'Python 2'\n"))) == 2
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
        assert await editor.diagnostics(uri, None) == []

    in_editor(project, act)


@pytest.mark.parametrize(
    ("encoding", "start"),
    [("utf-16", 15), ("utf-8", 18), ("utf-32", 14)],
)
def test_columns_are_counted_as_agreed(project: Path, encoding: str, start: int) -> None:
    async def act(editor: Editor) -> None:
        mean, _ = await editor.diagnostics(editor.open("wrong.py"))
        assert mean.range.start == types.Position(12, start)

    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind(encoding)])
    in_editor(project, act, types.ClientCapabilities(general=general))


def test_fixes(project: Path) -> None:
    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        mean, _ = await editor.diagnostics(uri)
        fix, ignore, run = await editor.actions(uri, mean.range, "quickfix")
        assert (fix.title, fix.is_preferred, fix.diagnostics) == ("assign to self.mean (BN102)", True, (mean,))
        one = applied(WRONG, list(fix.edit.changes[uri]), utf16)  # pyright: ignore
        assert one.replace(".assign(self.mean * 0.9 + mean * 0.1)", " = self.mean * 0.9 + mean * 0.1") == WRONG
        assert ignore.title == "Ignore BN102 here"
        ignored = applied(WRONG, list(ignore.edit.changes[uri]), utf16)  # pyright: ignore
        assert ignored.splitlines()[12] == f"{WRONG.splitlines()[12]}  # bnlint: ignore[BN102]"
        assert [each.range.start.line for each in await editor.diagnostics(uri, editor.change(uri, ignored))] == [13]
        assert run.command is not None
        (fix_all,) = await editor.actions(uri, VARIANCE, "source.fixAll")
        assert fix_all.title == "Make all safe fixes of bnlint (1)"
        await editor.diagnostics(uri, editor.change(uri, WRONG))
        (fix_all,) = await editor.actions(uri, types.Range(types.Position(0, 0), types.Position(0, 0)))
        assert fix_all.kind == "source.fixAll.bnlint"
        assert applied(WRONG, list(fix_all.edit.changes[uri]), utf16) == RIGHT  # pyright: ignore
        assert await editor.diagnostics(uri, editor.change(uri, RIGHT)) == []
        assert await editor.actions(uri, MEAN) == []

    in_editor(project, act)


def test_fixes_belong_to_a_version(project: Path) -> None:
    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        await editor.diagnostics(uri)
        await editor.diagnostics(uri, editor.change(uri, f"\n{WRONG}"))
        place = types.Range(types.Position(13, 20), types.Position(13, 20))
        fix = (await editor.actions(uri, place))[0]
        (change,) = fix.edit.document_changes  # pyright: ignore
        assert (change.text_document.uri, change.text_document.version) == (uri, 2)

    edits = types.WorkspaceEditClientCapabilities(document_changes=True)
    workspace = types.WorkspaceClientCapabilities(workspace_edit=edits)
    in_editor(project, act, types.ClientCapabilities(workspace=workspace))


def test_the_lesson_under_the_pointer(project: Path) -> None:
    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        await editor.diagnostics(uri)
        told = await editor.hover(uri, 12, 20)
        assert told is not None
        assert told.startswith("**BN102 rebound-attribute**: `self.mean = …`")
        assert told.endswith(LESSON)
        assert await editor.hover(uri, 0, 3) is None
        text = f'{WRONG}\nx = "😀"  # bnlint: ignore[BN101, BN102]\ny = "BN102"\n'
        await editor.diagnostics(uri, editor.change(uri, text))
        column = utf16('x = "😀"  # bnlint: ignore[BN101, B')
        assert await editor.hover(uri, 16, column) == LESSON
        assert await editor.hover(uri, 16, 5) is None
        assert await editor.hover(uri, 17, 7) is None
        assert await editor.hover(uri, 999, 999) is None

    in_editor(project, act)


def test_the_project_is_known_and_kept_warm(project: Path) -> None:
    layer = WRONG.replace("(tf.Module)", "").replace(
        "self.mean = self.mean * 0.9 + mean * 0.1", "tf.assign(self.mean, mean)"
    )
    train = (
        "import tensorflow as tf\n\nx = tf.placeholder(tf.float32, [None, 3])\nwith tf.Session() as s:\n    s.run(x)\n"
    )

    async def codes(editor: Editor, uri: str, version: int) -> set[object]:
        return {each.code for each in await editor.diagnostics(uri, version)}

    async def act(editor: Editor) -> None:
        uri = editor.open("layer.py", layer)
        assert "BN601" in await codes(editor, uri, 1)
        # A file of the project that is not open says that this is TensorFlow 1.
        (project / "train.py").write_text(train)
        editor.client.workspace_did_change_watched_files(
            types.DidChangeWatchedFilesParams([types.FileEvent(editor.uri("train.py"), types.FileChangeType.Created)])
        )
        assert "BN601" not in await codes(editor, uri, editor.change(uri, f"{layer}\n"))
        # What the editor holds counts, not the file.
        editor.open("train.py", "import tensorflow as tf\n")
        assert "BN601" in await codes(editor, uri, editor.change(uri, layer))

    (project / "wrong.py").unlink()
    in_editor(project, act)


def test_files_are_watched_if_the_editor_can(project: Path) -> None:
    async def act(editor: Editor) -> None:
        await editor.diagnostics(editor.open("wrong.py"))
        (watch,) = editor.registered
        assert watch.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES

    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    workspace = types.WorkspaceClientCapabilities(did_change_watched_files=watching)
    in_editor(project, act, types.ClientCapabilities(workspace=workspace))


def test_the_settings_hold(project: Path) -> None:
    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        assert len(await editor.diagnostics(uri)) == 2
        (project / "bnlint.toml").write_text("ignroe = []")
        editor.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
        await editor.until(lambda: bool(editor.messages))
        assert 'unknown key "ignroe"; did you mean "ignore"?' in editor.messages[0].message
        for settings in ("ignore = ['BN102']", "exclude = ['wrong.py']"):
            (project / "bnlint.toml").write_text(settings)
            editor.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
            assert await editor.diagnostics(uri, editor.change(uri, WRONG)) == []
        assert len(editor.messages) == 1

    in_editor(project, act)


def test_a_file_that_was_never_saved(project: Path) -> None:
    async def act(editor: Editor) -> None:
        uri = "untitled:Untitled-1"
        editor.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, WRONG))
        )
        assert [each.range for each in await editor.diagnostics(uri)] == [MEAN, VARIANCE]

    in_editor(project, act)


def notebook(*cells: str) -> tuple[types.NotebookDocument, list[types.TextDocumentItem]]:
    uris = [f"vscode-notebook-cell:/project/a.ipynb#{number}" for number in range(len(cells))]
    kinds = [types.NotebookCellKind.Markup if text.startswith("#") else types.NotebookCellKind.Code for text in cells]
    parts = [types.NotebookCell(kind, uri) for kind, uri in zip(kinds, uris, strict=True)]
    languages = ["markdown" if kind is types.NotebookCellKind.Markup else "python" for kind in kinds]
    texts = [types.TextDocumentItem(*each) for each in zip(uris, languages, [1] * len(cells), cells, strict=True)]
    return types.NotebookDocument("file:///project/a.ipynb", "jupyter-notebook", 1, parts), texts


def test_notebooks(project: Path) -> None:
    head, tail = WRONG.split("\n\n\n")
    document, texts = notebook("# A title", head, tail)
    _, first, second = (text.uri for text in texts)

    async def act(editor: Editor) -> None:
        editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, texts))
        mean, _ = await editor.diagnostics(second, None)
        assert mean.range.start == types.Position(9, 15)
        assert not editor.published[first].diagnostics
        fix, ignore, _, _ = await editor.actions(second, mean.range)
        for action in (fix, ignore):
            assert set(action.edit.changes) == {second}  # pyright: ignore
        assert ".assign(" in applied(tail, list(fix.edit.changes[second]), utf16)  # pyright: ignore
        assert "rebound-attribute" in (await editor.hover(second, 9, 20) or "")
        # The text of one cell changes.
        editor.published.clear()
        changed = types.NotebookDocumentCellContentChanges(
            types.VersionedTextDocumentIdentifier(version=2, uri=second),
            [types.TextDocumentContentChangeWholeDocument(RIGHT.split("\n\n\n")[1])],
        )
        editor.client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                types.VersionedNotebookDocumentIdentifier(2, document.uri),
                types.NotebookDocumentChangeEvent(cells=types.NotebookDocumentCellChanges(text_content=[changed])),
            )
        )
        assert await editor.diagnostics(second, None) == []
        editor.client.notebook_document_did_close(
            types.DidCloseNotebookDocumentParams(
                types.NotebookDocumentIdentifier(document.uri),
                [types.TextDocumentIdentifier(text.uri) for text in texts],
            )
        )

    in_editor(project, act)


@pytest.mark.tensorflow
def test_running_is_asked_for(project: Path) -> None:
    window = types.WindowClientCapabilities(work_done_progress=True)
    lenses = types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    capabilities = types.ClientCapabilities(
        window=window, workspace=types.WorkspaceClientCapabilities(code_lens=lenses)
    )

    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        await editor.diagnostics(uri)
        params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        mean, _ = await editor.client.text_document_code_lens_async(params) or ()
        assert mean.command is not None
        assert mean.command.title == "Run it, to see whether BN102 is true"
        editor.published.clear()
        answer = await editor.run(mean.command)
        assert answer["verdict"] == "confirmed"
        assert "law: unchanged" in answer["text"]
        assert editor.messages[0].message.startswith("BN102: confirmed by running it: self.mean: unchanged")
        first, second = await editor.diagnostics(uri)
        assert "confirmed by running it" in first.message
        assert "confirmed" not in second.message
        assert "after call 1" in (await editor.hover(uri, 12, 20) or "")
        assert editor.refreshed
        # A verdict is about the text that ran.
        first, _ = await editor.diagnostics(uri, editor.change(uri, f"{WRONG}\n"))
        assert "confirmed" not in first.message
        gone = types.Command("", mean.command.command, arguments=[uri, "no such finding"])
        assert await editor.run(gone) is None
        assert "is gone" in editor.messages[-1].message

    in_editor(project, act, capabilities)


@pytest.mark.tensorflow
def test_a_run_can_be_stopped(project: Path) -> None:
    (project / "wrong.py").write_text(f"import time\ntime.sleep(50)\n{WRONG}")

    async def act(editor: Editor) -> None:
        uri = editor.open("wrong.py")
        mean, _ = await editor.diagnostics(uri)
        run = (await editor.actions(uri, mean.range, "quickfix"))[-1]
        answer = asyncio.ensure_future(editor.run(run.command))
        await editor.until(lambda: bool(editor.progress))
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(editor.progress[0]))
        assert await asyncio.wait_for(answer, 20) == {"verdict": "not-run", "text": "BN102: stopped"}
        # The server goes on.
        assert await editor.diagnostics(uri, editor.change(uri, RIGHT)) == []

    window = types.WindowClientCapabilities(work_done_progress=True)
    in_editor(project, act, types.ClientCapabilities(window=window))
