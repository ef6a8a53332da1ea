"""Long computations in fixed chunks: distributed among processes, saved to disk, resumed after an interruption.

The chunks do not depend on the number of processes or on which process computes them, so the result does not
either: it is identical to the byte, for the same number of threads per process.
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
    """Return [compute(0), …, compute(count - 1)], distributed among the processes.

    With torch.distributed initialised, every rank calls this; rank r computes the chunks r, r + ranks, …, and every
    rank returns the whole list. compute may return None to cancel; this process then computes no more chunks.
    folder: chunks found there are loaded, and finished ones are saved there, atomically; nodes may have different
    folders. identity: everything the chunks depend on, serialisable as JSON. Damaged chunks are computed again, with
    a warning. Raises ValueError if the folder belongs to another computation, OSError if it cannot be written to or
    another rank has ended.
    """
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    saved = None if folder is None else _SavedChunks(folder, identity or {})
    mine: dict[int, Record] = {}
    for k in range(rank, count, ranks):
        record = saved.read(k) if saved else None
        if record is None:
            record = compute(k)
            if record is None:
                break
            if saved:
                saved.write(k, record)
        mine[k] = record
    all_ranks = [mine] * ranks
    if ranks > 1:
        try:
            dist.all_gather_object(all_ranks, mine)
        except RuntimeError as lost:
            raise OSError("Another process of this computation ended before it was finished.") from lost
    complete = {k: record for records in all_ranks for k, record in records.items()}
    return [complete[k] for k in sorted(complete)]


class _SavedChunks:
    """Chunks on disk, each followed by a SHA-256 of the identity, its number and its content, to detect wrong files."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder, self.identity = make_folder(folder), json.dumps(identity, indent=2, sort_keys=True) + "\n"
        path, found = folder / "run.json", dict[str, Any]()
        if path.exists():
            found = _object(path.read_bytes())
            if not found:
                warnings.warn(f"{path} is damaged; it is written again.", stacklevel=2)
        if not found:
            write_whole(path, self.identity.encode())
        elif found != (now := json.loads(self.identity)):
            differs = ", ".join(sorted(name for name in {**found, **now} if found.get(name) != now.get(name)))
            raise ValueError(
                f"{folder} contains the unfinished run of another evaluation (different: {differs}); "
                "choose another folder."
            )

    def read(self, k: int) -> Record | None:
        """Return chunk k; None if there is none, or, with a warning, if it is damaged."""
        path = self._path(k)
        try:
            content = path.read_bytes()
            chunk, digest = content[:-SHA256_BYTES], content[-SHA256_BYTES:]
            if digest == self._digest(k, chunk):
                record: Record = torch.load(io.BytesIO(chunk), weights_only=True)
                return record
        except FileNotFoundError:
            return None
        except OSError:  # treated as damaged
            pass
        warnings.warn(f"{path} is damaged or of another evaluation; this part is computed again.", stacklevel=2)
        return None

    def write(self, k: int, record: Record) -> None:
        """Save chunk k."""
        file = io.BytesIO()
        torch.save(record, file)
        chunk = file.getvalue()
        write_whole(self._path(k), chunk + self._digest(k, chunk))

    def _path(self, k: int) -> Path:
        return self.folder / f"chunk-{k:06}.pt"

    def _digest(self, k: int, chunk: bytes) -> bytes:
        return hashlib.sha256(f"{self.identity}{k}\n".encode() + chunk).digest()


def _object(text: bytes) -> dict[str, Any]:
    """Return `text` parsed as a JSON object; an empty dict if it is not one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
