"""Where jobs run that are handed out beyond this machine: any `concurrent.futures.Executor`, named by an address."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Executor
from contextlib import contextmanager

# Seconds to wait for a scheduler to answer.
PATIENCE = 10


class ExecutorError(Exception):
    """An executor that cannot be used; the message is one line that says why and what to do."""


@contextmanager
def opened(address: str) -> Generator[Executor]:
    """The executor at an address: ``dask://HOST:PORT`` is the scheduler of a Dask cluster.

    A job whose worker is lost runs again on another. Raises ExecutorError.
    """
    scheme, _, place = address.partition("://")
    if scheme != "dask" or not place:
        raise ExecutorError(f'"{address}" is no address of an executor; write dask://HOST:PORT')
    try:
        from distributed import Client
    except ImportError as error:
        raise ExecutorError('dask:// needs what this installs: pip install "bnlint[cluster]"') from error
    try:
        client = Client(f"tcp://{place}", timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExecutorError(f"no Dask scheduler answers at {place}: {error}") from error
    with client:
        executor: Executor = client.get_executor(pure=False)  # pyright: ignore[reportUnknownMemberType]
        yield executor
