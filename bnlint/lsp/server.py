"""The conversation with the editor: what is asked, and what is answered. Nothing is ever run unless the user asks."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from bnlint import __version__
from bnlint.findings import Finding
from bnlint.lsp import answers
from bnlint.lsp.answers import FIX_ALL, RUN, Checked
from bnlint.lsp.documents import Document, notebook_document, text_document
from bnlint.lsp.project import Project
from bnlint.lsp.translate import Translator
from bnlint.lsp.verifying import Verifier
from bnlint.report.words import verdict_sentence
from bnlint.settings import ConfigError, RuleError

logger = logging.getLogger(__name__)

# Seconds that a document must rest before it is checked.
PAUSE = 0.02


class Server(LanguageServer):
    """One editor's server; one workspace folder is its working folder."""

    def __init__(self) -> None:
        notebooks = types.NotebookDocumentSyncOptions(
            notebook_selector=[
                types.NotebookDocumentFilterWithCells(
                    notebook=types.NotebookDocumentFilterNotebookType("jupyter-notebook"),
                    cells=[types.NotebookCellLanguage("python")],
                )
            ],
            save=True,
        )
        # Whole texts: pygls counts form feeds as line breaks when it applies changes, and editors do not.
        kind = types.TextDocumentSyncKind.Full
        super().__init__("bnlint", __version__, kind, notebooks)  # pyright: ignore[reportUnknownMemberType]
        self.project = Project()
        self.verifier = Verifier()
        self.checked: dict[str, Checked] = {}
        self.open_files: dict[str, Document] = {}
        self._checks: dict[str, asyncio.Task[None]] = {}
        self._thread = ThreadPoolExecutor(1)
        self._told: set[str] = set()
        self._stopped = False
        self.status = 0

    def changed(self, uri: str, document: Document | None) -> None:
        """A document was opened or changed: check it as soon as it rests."""
        if document is None:
            return
        self.open_files[uri] = document
        if (running := self._checks.pop(uri, None)) is not None:
            running.cancel()
        self._checks[uri] = asyncio.ensure_future(self._check(uri, document))

    def closed(self, uri: str) -> None:
        """Nothing is said about a closed document."""
        document = self.open_files.pop(uri, None)
        self.checked.pop(uri, None)
        if (running := self._checks.pop(uri, None)) is not None:
            running.cancel()
        for each in document.uris if document is not None else [uri]:
            self._publish(each, None, [])

    def check_all(self) -> None:
        """Something changed that all documents may depend on."""
        self.project.forget_lists()
        for uri, document in list(self.open_files.items()):
            self.changed(uri, document)

    async def settled(self, uri: str) -> Checked | None:
        """What is known of a document as it is now; of the whole notebook for the document of a cell."""
        notebook = self.workspace.get_notebook_document(cell_uri=uri)
        uri = notebook.uri if notebook is not None else uri
        while (check := self._checks.get(uri)) is not None and not check.done():
            await asyncio.wait([check])
        return self.checked.get(uri)

    def stop(self) -> None:
        """End what runs."""
        self._stopped = True
        for check in self._checks.values():
            check.cancel()
        self.verifier.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def left(self) -> None:
        """The editor ends the conversation; to do so without a shutdown is a failure, says the protocol."""
        self.status = 0 if self._stopped else 1

    async def _check(self, uri: str, document: Document) -> None:
        await asyncio.sleep(PAUSE)
        held = [each.source for each in self.open_files.values()]
        others = {source.location: source for source in held if source.location is not None}
        loop = asyncio.get_running_loop()
        try:
            report = await loop.run_in_executor(self._thread, self.project.check, document.source, others)
        except (ConfigError, RuleError) as error:
            self._tell_once(str(error))
            return
        except Exception:
            logger.exception("bnlint could not check %s", uri)
            self._tell_once(f"This is a mistake in bnlint itself; its log says what happened with {uri}.")
            return
        translator = Translator(document, report, self.workspace.position_codec, self.project.text, self._addresses())
        self.checked[uri] = Checked(document, report, translator)
        self.publish(uri)

    def publish(self, uri: str) -> None:
        """Show what the last check of a document said."""
        checked = self.checked[uri]
        for each, found in checked.translator.diagnostics().items():
            self._publish(each, checked.document.version, found)
        workspace = self.client_capabilities.workspace
        lenses = workspace.code_lens if workspace is not None else None
        if lenses is not None and lenses.refresh_support:
            self.protocol.send_request(types.WORKSPACE_CODE_LENS_REFRESH)

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def _addresses(self) -> Mapping[Path, str]:
        return {each.source.path: uri for uri, each in self.open_files.items() if each.source.path is not None}

    def _tell_once(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, message))


def serve() -> NoReturn:
    """Speak with the editor over standard input and output until it leaves, and end the process."""
    # What is no message is told to the editor; where pygls noticed it is of no use to anyone.
    logging.getLogger("pygls.server").addFilter(_without_traceback)
    server = make_server()
    server.start_io()
    sys.stderr.flush()
    # An analysis that goes on in a thread has nobody left to tell.
    os._exit(server.status)


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True


def make_server() -> Server:
    """A server with all that it can do."""
    server = Server()
    _follow_documents(server)
    _answer(server)
    return server


def _follow_documents(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def start(params: types.InitializeParams) -> None:
        folders = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        root = to_fs_path(folders[0]) if folders[0].startswith("file:") else None
        # Names of files start from here.
        if root is not None and os.path.isdir(root):
            os.chdir(root)

    @server.feature(types.INITIALIZED)
    async def watch(params: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is not None and watching.dynamic_registration:
            patterns = ("**/*.py", "**/*.ipynb", "**/bnlint.toml", "**/pyproject.toml", "**/bnlint-baseline.json")
            options = types.DidChangeWatchedFilesRegistrationOptions(
                [types.FileSystemWatcher(each) for each in patterns]
            )
            registration = types.Registration("watch", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            await server.client_register_capability_async(types.RegistrationParams([registration]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        server.check_all()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.changed(params.text_document.uri, text_document(server.workspace, params.text_document.uri))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri, text_document(server.workspace, params.text_document.uri))

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.check_all()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_opened(params: types.DidOpenNotebookDocumentParams) -> None:
        notebook_changed(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_edited(params: types.DidChangeNotebookDocumentParams) -> None:
        notebook_changed(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def notebook_saved(params: types.DidSaveNotebookDocumentParams) -> None:
        server.check_all()

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_closed(params: types.DidCloseNotebookDocumentParams) -> None:
        server.closed(params.notebook_document.uri)

    def notebook_changed(uri: str) -> None:
        notebook = server.workspace.get_notebook_document(notebook_uri=uri)
        if notebook is not None:
            server.changed(uri, notebook_document(server.workspace, notebook))

    @server.feature(types.SHUTDOWN)
    def shut_down(params: None) -> None:
        server.stop()

    @server.feature(types.EXIT)
    def leave(params: None) -> None:
        server.left()


def _answer(server: Server) -> None:
    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        checked = await server.settled(params.text_document.uri)
        return answers.code_actions(checked, params, _versioned(server)) if checked is not None else []

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        checked = await server.settled(params.text_document.uri)
        return answers.code_lenses(checked, params.text_document.uri) if checked is not None else []

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        checked = await server.settled(params.text_document.uri)
        return answers.hover(checked, params.text_document.uri, params.position) if checked is not None else None

    @server.command(RUN)
    async def run(uri: str, fingerprint: str) -> dict[str, str] | None:
        """Run the code of a finding; the answer holds the verdict and the evidence in words."""
        checked = await server.settled(uri)
        finding = checked.finding(fingerprint) if checked is not None else None
        if checked is None or finding is None:
            message = "bnlint: this finding is gone; the file has changed since."
            server.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))
            return None
        return await _run(server, checked, finding)


async def _run(server: Server, checked: Checked, finding: Finding) -> dict[str, str]:
    source = checked.document.source
    path = source.path or Path(os.path.abspath(source.filename))
    token = await _begin(server, f"Running the code of {finding.code}")
    running = asyncio.ensure_future(
        server.verifier.verify(finding, server.project.text_to_run(source), server.project.settings(path))
    )
    if token is not None:

        def stop(stopped: Future[None]) -> None:
            if stopped.cancelled():  # by the user, where the editor shows how far it is
                running.cancel()

        tokens = cast("dict[str, Future[None]]", server.work_done_progress.tokens)
        tokens[token].add_done_callback(stop)
    try:
        verdict = await running
    except asyncio.CancelledError:
        return {"verdict": "not-run", "text": f"{finding.code}: stopped"}
    finally:
        if token is not None:
            server.work_done_progress.end(token, types.WorkDoneProgressEnd())
    run = checked.with_verdict(finding, verdict)
    seen = run.finding(finding.fingerprint) or finding
    if server.checked.get(checked.document.uri) is checked:  # else the text has changed, and it was about the old one
        server.checked[checked.document.uri] = run
        server.publish(checked.document.uri)
    sentence = f"{finding.code}: {verdict_sentence(seen)}"
    server.window_show_message(types.ShowMessageParams(types.MessageType.Info, sentence))
    return {"verdict": verdict.outcome.value, "text": "\n".join([sentence, *answers.evidence_lines(seen)])}


async def _begin(server: Server, title: str) -> str | None:
    window = server.client_capabilities.window
    if window is None or not window.work_done_progress:
        return None
    token = str(uuid.uuid4())
    await server.work_done_progress.create_async(token)  # pyright: ignore[reportUnknownMemberType]
    server.work_done_progress.begin(token, types.WorkDoneProgressBegin(title, cancellable=True))
    return token


def _versioned(server: Server) -> bool:
    workspace = server.client_capabilities.workspace
    edits = workspace.workspace_edit if workspace is not None else None
    return edits is not None and bool(edits.document_changes)
