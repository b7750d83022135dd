"""The one thread that writes: it takes what waits into one transaction, syncs once, then answers all."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import apsw

from server.errors import CannotStart, StorageBusy, StorageFull, StorageUnavailable
from server.limits import MIB, RETRY_SOON

T = TypeVar("T")
MAX_BATCH: Final = 8 * MIB  # bytes of values in one transaction


@dataclass(slots=True)
class _Job:
    work: Callable[[apsw.Connection], Any]
    weight: int  # bytes
    alone: bool  # outside of a transaction
    future: Future[Any] = field(default_factory=Future)
    result: Any = None
    error: Exception | None = None

    def settle(self, error: Exception | None = None) -> None:
        if failure := error or self.error:
            self.future.set_exception(failure)
        else:
            self.future.set_result(self.result)


class Writer(threading.Thread):
    """Runs jobs on the connection in order; a job that raises undoes itself and no other.

    After an error of the disk nothing is known of what the connection believes to be there: it is opened anew.
    """

    def __init__(self, connection: apsw.Connection, reopen: Callable[[], apsw.Connection] | None) -> None:
        super().__init__(name="kv-writer", daemon=True)
        self.connection = connection
        self._reopen = reopen
        self._is_suspect = False
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False

    def submit(self, work: Callable[[apsw.Connection], T], weight: int = 0, *, alone: bool = False) -> "Future[T]":
        """Queue a job; its future is done when the outcome is on disk."""
        job = _Job(work, weight, alone)
        with self._changed:
            if self._stopping:
                raise StorageUnavailable(reason="closed", retry_after=RETRY_SOON)
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def stop(self) -> bool:
        """Finish what is queued, end the thread, move the log into the file; return whether all of that worked."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join()
        try:  # when it fails, the log is replayed at the next start
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self.connection.close()
        except apsw.Error:
            return False
        return not self._is_suspect

    def run(self) -> None:
        """Serve the queue until `stop`."""
        while batch := self._take():
            jobs = [job for job in batch if job.future.set_running_or_notify_cancel()]
            error = self._commit(jobs)
            for job in jobs:
                job.settle(error)

    def _take(self) -> list[_Job]:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._stopping)
            batch = [self._jobs.popleft()] if self._jobs else []
            weight = sum(job.weight for job in batch)
            while self._jobs and weight < MAX_BATCH and not (batch[0].alone or self._jobs[0].alone):
                batch.append(self._jobs.popleft())
                weight += batch[-1].weight
            return batch

    def _commit(self, jobs: list[_Job]) -> Exception | None:
        """Run the jobs and return what made all of them fail, if anything did."""
        try:
            self._renew()
            if len(jobs) == 1 and jobs[0].alone:
                jobs[0].result = jobs[0].work(self.connection)
                return None
            self.connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._attempt(job)
            self.connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
            self._is_suspect |= isinstance(error, apsw.IOError | apsw.CorruptError)
            with suppress(apsw.Error):
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
            return translated(error)
        return None

    def _renew(self) -> None:
        """Open the store anew when there was an error of the disk; raises what still stands in the way."""
        if self._is_suspect and self._reopen:
            with suppress(apsw.Error):
                self.connection.close(force=True)
            self.connection = self._reopen()
            self._is_suspect = False

    def _attempt(self, job: _Job) -> None:
        # No `with connection`: APSW begins and commits it holding the GIL, and the event loop would wait for the disk.
        self.connection.execute("SAVEPOINT job")
        try:
            job.result = job.work(self.connection)
        except Exception as error:
            job.error = translated(error)
            self._is_suspect |= isinstance(error, apsw.IOError | apsw.CorruptError)
            if not self.connection.in_transaction:  # SQLite gave the whole transaction up, with the other jobs
                raise
            self.connection.execute("ROLLBACK TO job")
        self.connection.execute("RELEASE job")


def translated(error: Exception) -> Exception:
    """Return SQLite's failure as one of the refusals that engines promise; others as they are."""
    if isinstance(error, apsw.FullError):
        return StorageFull()
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StorageBusy(retry_after=RETRY_SOON)
    if isinstance(error, apsw.Error | CannotStart):
        return StorageUnavailable(reason=type(error).__name__, retry_after=RETRY_SOON)
    return error
