"""The folder of a training run: its checkpoints, and the oracle that they are of."""

from __future__ import annotations

import os
from pathlib import Path

from oracles import Oracle, load, save
from oracles.files import check_writable
from oracles.storage import fingerprint
from theory.neural.checkpoints import (
    LAST,
    ORACLE,
    PREVIOUS,
    Checkpoint,
    Subject,
    find_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from theory.neural.interrupts import interrupts_held


class RunFolder:
    """Where a run of an oracle keeps what it learns.  Whatever else lies there is left alone.

    Nothing is written before the first checkpoint, so that a run that is killed earlier is in nobody's way.
    """

    def __init__(self, path: str | os.PathLike[str], oracle: Oracle, subject: Subject) -> None:
        """Make the folder if there is none.

        ValueError, in a line that begins with a path, unless files may be written there under the names of a run.
        """
        self.path, self.oracle, self.subject = Path(path), oracle, subject
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            got = "a file" if isinstance(error, FileExistsError) else error.strerror or type(error).__name__
            raise ValueError(f"{path}: expected a folder, or a place for a new one, got: {got}") from error
        for name in (LAST, PREVIOUS, ORACLE):
            check_writable(self.path / name)

    @property
    def newest(self) -> Path | None:
        """The newest checkpoint, if there is one."""
        return find_checkpoint(self.path)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint whole or not at all, and the oracle beside the first.  OSError when the disk refuses."""
        try:
            with interrupts_held():
                save_checkpoint(self.path, checkpoint)
                self._complete()
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            kept = f"{self.newest} is whole" if self.newest else "nothing was written before"
            raise OSError(f"{self.path}: expected room for a checkpoint, got: {reason}; {kept}") from error

    def check_oracle(self) -> None:
        """ValueError if another oracle is there, which may be somebody's only copy."""
        self._complete()
        if self._oracle.exists() and fingerprint(found := load(self._oracle)) != self.subject.fingerprint:
            raise ValueError(
                f"folder: expected one whose {ORACLE} is {self.subject.name}, got {found!r} in {self._oracle}; "
                "delete that file or choose another folder"
            )

    def clear(self) -> None:
        """Delete the run that is there, checkpoints and oracle; an oracle without checkpoints stays.

        ValueError, before anything is deleted, for files under these names that no run has written.
        """
        paths = [path for name in (LAST, PREVIOUS) if (path := self.path / name).exists()]
        try:
            learned = {load_checkpoint(path).subject.fingerprint for path in paths}
        except ValueError as error:
            raise ValueError(f"{error}; delete it yourself or choose another folder") from error
        if paths and self._oracle.exists():
            if fingerprint(load(self._oracle)) not in learned:
                raise ValueError(
                    f"{self._oracle}: expected the oracle of the run to delete, got another; delete it yourself or "
                    "choose another folder"
                )
            self._oracle.unlink()
        for path in paths:
            path.unlink()

    def _complete(self) -> None:
        """Write the oracle beside checkpoints that lack it."""
        if self.newest is not None and not self._oracle.exists():
            save(self.oracle, self._oracle)

    @property
    def _oracle(self) -> Path:
        return self.path / ORACLE
