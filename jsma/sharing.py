"""Long work in fixed chunks: shared among processes, kept on the disk, resumed where it was cut off.

The chunks do not depend on how many processes there are, nor on who computes one, so that neither
does the result (to the byte, given as many threads a process).
"""

import hashlib
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from .writing import make_folder, write_whole

Record = dict[str, torch.Tensor]

SHA256_BYTES = 32


def in_chunks(
    count: int,
    compute: Callable[[int], Record | None],
    folder: Path | None = None,
    identity: dict[str, Any] | None = None,
) -> list[Record]:
    """Return compute(k) for k from 0 to count - 1, in order, whoever of the processes computed it.

    compute may return None, which ends this process's share early. With torch.distributed
    initialised every rank calls this and takes every so-many-th chunk; all get the whole list.
    folder: chunks found there are read, not computed; finished ones are written there, whole or not
    at all. Several nodes need not share it. identity: what the chunks depend on, for JSON. What is
    damaged in the folder is made anew, with a warning. Raises ValueError for a folder that holds
    another run's, OSError for one that cannot be written to or when another rank has ended.
    """
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    kept = None if folder is None else _Kept(folder, identity or {})
    mine: dict[int, Record] = {}
    for k in range(rank, count, ranks):
        record = kept.read(k) if kept else None
        if record is None:
            record = compute(k)
            if record is None:
                break
            if kept:
                kept.write(k, record)
        mine[k] = record
    everyones = [mine] * ranks
    if ranks > 1:
        try:
            dist.all_gather_object(everyones, mine)
        except RuntimeError as lost:
            raise OSError("Another process that shares this work has ended before it was done.") from lost
    whole = {k: record for share in everyones for k, record in share.items()}
    return [whole[k] for k in sorted(whole)]


class _Kept:
    """Chunks on the disk, each followed by a hash of the run, its number and itself: no other passes for it."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder, self.identity = make_folder(folder), json.dumps(identity, indent=2, sort_keys=True) + "\n"
        path, found = folder / "run.json", dict[str, Any]()
        if path.exists():
            found = _object(path.read_bytes())
            if not found:
                warnings.warn(f"{path} is damaged; it is written anew.", stacklevel=2)
        if not found:
            write_whole(path, self.identity.encode())
        elif found != (now := json.loads(self.identity)):
            differs = ", ".join(name for name in now if found.get(name) != now[name])
            raise ValueError(
                f"{folder} holds the unfinished run of another evaluation ({differs}); name another folder."
            )

    def read(self, k: int) -> Record | None:
        """Return chunk k; None if it is not there, or is damaged, which is said."""
        path = self._path(k)
        try:
            content = path.read_bytes()
            chunk, digest = content[:-SHA256_BYTES], content[-SHA256_BYTES:]
            if digest == self._digest(k, chunk):
                record: Record = torch.load(io.BytesIO(chunk), weights_only=True)
                return record
        except FileNotFoundError:
            return None
        except OSError:  # as unreadable as a damaged one
            pass
        warnings.warn(f"{path} is damaged or of another evaluation; this part is computed anew.", stacklevel=2)
        return None

    def write(self, k: int, record: Record) -> None:
        """Keep chunk k."""
        file = io.BytesIO()
        torch.save(record, file)
        chunk = file.getvalue()
        write_whole(self._path(k), chunk + self._digest(k, chunk))

    def _path(self, k: int) -> Path:
        return self.folder / f"chunk-{k:06}.pt"

    def _digest(self, k: int, chunk: bytes) -> bytes:
        return hashlib.sha256(f"{self.identity}{k}\n".encode() + chunk).digest()


def _object(text: bytes) -> dict[str, Any]:
    """Return the JSON object that `text` is, an empty one if it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
