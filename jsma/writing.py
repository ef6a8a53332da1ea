"""Files are written whole or not at all, and what cannot be written is found before the work."""

import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that it is never seen unfinished, even if the process is killed in the middle.

    Raises OSError, as when the disk is full; then what was there before is still there.
    """
    write_together({path: content})


def write_together(files: Mapping[str | Path, bytes]) -> None:
    """Write files that belong together: `write_whole`, but none takes its place before all are on the disk."""
    unfinished = {}
    try:
        for path, content in files.items():
            path = _real(path)
            unfinished[path] = _beside(path)
            with unfinished[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, complete in unfinished.items():
            complete.replace(path)
    except OSError as problem:
        raise OSError(f"{path} cannot be written ({problem.strerror or problem}).") from problem
    finally:
        for remains in unfinished.values():
            remains.unlink(missing_ok=True)


def make_folder(path: str | Path) -> Path:
    """Make a folder, and those it lies in, unless it is there; return its path. Raises OSError where that fails."""
    path = Path(path)
    with _in_words(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def check_folder(path: str | Path) -> None:
    """Find out whether `make_folder` could make a folder and files be put there; the disk is left as it was.

    Raises OSError that says what to do.
    """
    folder = _real(path)
    with _in_words(path):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not there.is_dir():
            raise NotADirectoryError(f"{there} is a file, not a folder; name another.")
        _try(there)


def check_writable(path: str | Path, endings: Collection[str] | None = None) -> None:
    """Find out whether `write_whole` could write `path`; the disk is left as it was.

    endings: those that the name may have, in small letters. Raises ValueError for a name with
    another and for what is no ordinary file, OSError for a folder that is missing or may not be
    written to.
    """
    path, real = Path(path), _real(path)
    if endings is not None and path.suffix.lower() not in endings:
        raise ValueError(f"{path} cannot be written: the name must end in {' or '.join(endings)}.")
    with _in_words(path):
        if real.exists() and not real.is_file():
            raise ValueError(f"{path} is a {'folder' if real.is_dir() else 'device'}; name a file.")
        if not real.parent.is_dir():
            raise FileNotFoundError(f"There is no folder {real.parent} for {real.name}; make it first.")
        if real.exists() and not os.access(real, os.W_OK):
            raise PermissionError(f"{path} may not be written to; name another file.")
        _try(real.parent)


def _try(folder: Path) -> None:
    with TemporaryFile(dir=folder):
        pass


@contextmanager
def _in_words(path: str | Path) -> Iterator[None]:
    """Say of the system's errors what cannot be written, and what to do."""
    try:
        yield
    except OSError as problem:
        if problem.strerror is None:
            raise
        raise OSError(f"{path} cannot be written ({problem.strerror}); name another.") from problem


def _real(path: str | Path) -> Path:
    """Return where a link leads: the file there is replaced, not the link."""
    return Path(os.path.realpath(path))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name[:40]}.{secrets.token_hex(4)}.unfinished")
