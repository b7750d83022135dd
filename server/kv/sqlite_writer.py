"""The one thread that writes: it takes what waits into one transaction, syncs once, then answers all."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import apsw

from server.errors import Refusal, StorageBusy, StorageFull, StorageUnavailable
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
    """Runs jobs on the connection in order; a job that raises undoes itself and no other."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(name="kv-writer", daemon=True)
        self._connection = connection
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

    def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join()

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
            if len(jobs) == 1 and jobs[0].alone:
                jobs[0].result = jobs[0].work(self._connection)
                return None
            self._connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._attempt(job)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return translated(error)
        return None

    def _attempt(self, job: _Job) -> None:
        # No `with connection`: APSW begins and commits it holding the GIL, and the event loop would wait for the disk.
        self._connection.execute("SAVEPOINT job")
        try:
            job.result = job.work(self._connection)
        except Exception as error:
            job.error = translated(error)
            if not self._connection.in_transaction:  # SQLite gave the whole transaction up, with the other jobs
                raise
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")


def translated(error: Exception) -> Exception:
    """Return SQLite's failure as one of the refusals that engines promise; others as they are."""
    if isinstance(error, apsw.FullError):
        return StorageFull()
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StorageBusy(retry_after=RETRY_SOON)
    if isinstance(error, apsw.Error) and not isinstance(error, Refusal):
        return StorageUnavailable(reason=type(error).__name__, retry_after=RETRY_SOON)
    return error
