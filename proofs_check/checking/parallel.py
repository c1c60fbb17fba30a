"""Many claims at once: reports that are still good are recalled, the others are made by several processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing

from proofs_check.checking import cache
from proofs_check.checking.effort import Effort, failed, finished
from proofs_check.checking.worker import Worker
from proofs_check.claims import Claim, home_of
from proofs_check.evidence import Report
from proofs_check.progress import Progress


def check_all(
    claims: Sequence[Claim],
    effort: Effort,
    *,
    jobs: int | None = None,
    cached: bool = True,
    progress: Progress | None = None,
) -> list[Report]:
    """Reports on the claims, in their order.

    jobs: processes, by default one for every core.  cached: whether reports are recalled and kept (`cache`).
    """
    keys = [cache.key(claim, effort.options) if cached else None for claim in claims]
    reports: dict[int, Report] = {}
    for index, (claim, key) in enumerate(zip(claims, keys, strict=True)):
        if key is not None and (known := cache.recall(claim, key)) is not None:
            reports[index] = known
    pending = {index: claim for index, claim in enumerate(claims) if index not in reports}
    # Closed at once when interrupted here: left to the garbage collector, the processes would work on.
    with closing(_made(pending, effort, jobs or _cores(), progress)) as made:
        for index, report in made:
            reports[index] = report
            key = keys[index]
            if key is not None and finished(report):
                cache.keep(claims[index], key, report)
    return [reports[index] for index in range(len(claims))]


def _made(
    claims: Mapping[int, Claim], effort: Effort, jobs: int, progress: Progress | None
) -> Generator[tuple[int, Report], None, None]:
    """Reports as they are finished: by this process alone where that is enough, or a claim stands in no file."""
    shared = {index: claim for index, claim in claims.items() if home_of(claim) is not None}
    if min(jobs, len(shared)) < 2:
        shared = {}
    done = 0

    def tell(claim: Claim) -> None:
        if progress is not None:
            progress(claim.id, done, len(claims))

    with _Team(min(jobs, len(shared)), effort) as team:
        futures = {team.pool.submit(team.check, claim): index for index, claim in shared.items()}
        for index in claims.keys() - shared.keys():
            tell(claims[index])
            yield index, effort.check(claims[index], progress if len(claims) == 1 else None)
            done += 1
        for future in as_completed(futures):
            done += 1
            tell(claims[futures[future]])
            yield futures[future], future.result()


class _Team:
    """Workers, each with a thread that waits for it."""

    def __init__(self, size: int, effort: Effort) -> None:
        self.pool = ThreadPoolExecutor(max(size, 1))
        self._effort = effort
        self._own = threading.local()
        self._workers: list[Worker] = []
        self._ended = False

    def check(self, claim: Claim) -> Report:
        """In a thread: have its worker check the claim."""
        worker = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = Worker()
            self._workers.append(worker)
        report = worker.check(claim, self._effort)
        if report is None and not self._ended:
            worker.end()
            self._own.worker = None
        return report or failed(claim, "the process that checked it died, perhaps for lack of memory")

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self.pool.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.end()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
