"""Long work in fixed chunks: shared among processes, kept on the disk, resumed where it was cut off.

The chunks do not depend on how many processes there are, nor on who computes one, so that neither
does the result (to the byte, given as many threads a process).
"""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist

Record = dict[str, torch.Tensor]


def in_chunks(
    count: int, compute: Callable[[int], Record | None], folder: Path | None = None, identity: dict | None = None
) -> list[Record]:
    """Return compute(k) for k from 0 to count - 1, in order, whoever of the processes computed it.

    compute may return None, which ends this process's share early. With torch.distributed
    initialised every rank calls this and takes every so-many-th chunk; all get the whole list.
    folder: chunks found there are read, not computed; finished ones are written there, whole or not
    at all. Several nodes need not share it. identity: what the chunks depend on, for JSON; raises
    ValueError for a folder that holds another run's.
    """
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    if folder is not None:
        _claim(folder, identity or {})
    mine = {}
    for k in range(rank, count, ranks):
        record = _read(folder, k)
        if record is None:
            record = compute(k)
            if record is None:
                break
            _write(folder, k, record)
        mine[k] = record
    everyones = [mine]
    if ranks > 1:
        everyones = [None] * ranks
        dist.all_gather_object(everyones, mine)
    whole = {k: record for share in everyones for k, record in share.items()}
    return [whole[k] for k in sorted(whole)]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen unfinished, even if the process is killed in the middle.

    Raises OSError, as when the disk is full; then what was there before is still there.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _claim(folder: Path, identity: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path, wanted = folder / "run.json", json.dumps(identity, indent=2, sort_keys=True) + "\n"
    if not path.exists():
        write_whole(path, wanted.encode())
    found = path.read_text()
    if found != wanted:
        was, now = json.loads(found), json.loads(wanted)
        differs = ", ".join(name for name in now if was.get(name) != now[name])
        raise ValueError(f"{folder} holds the unfinished run of another evaluation ({differs}); name another folder.")


def _place(folder: Path, k: int) -> Path:
    return folder / f"chunk-{k:06}.pt"


def _read(folder: Path | None, k: int) -> Record | None:
    if folder is None or not _place(folder, k).exists():
        return None
    return torch.load(_place(folder, k), weights_only=True)


def _write(folder: Path | None, k: int, record: Record) -> None:
    if folder is None:
        return
    content = io.BytesIO()
    torch.save(record, content)
    write_whole(_place(folder, k), content.getvalue())
