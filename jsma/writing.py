"""Atomic writing of files, and checks before long work that its output can be written."""

import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file atomically: it is never seen incomplete, even if the process is killed.

    Raises OSError, for example if the disk is full; a file that existed before is then unchanged.
    """
    write_together({path: content})


def write_together(files: Mapping[str | Path, bytes]) -> None:
    """Write files that belong together as `write_whole` does; none is replaced before all are complete on disk."""
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
    """Create a folder and its parents unless they exist; return its path. Raises OSError if that fails."""
    path = Path(path)
    with _in_words(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def check_folder(path: str | Path) -> None:
    """Check that `make_folder` can create a folder and files can be written there; the disk is not changed.

    Raises OSError with a message that says what to do.
    """
    folder = _real(path)
    with _in_words(path):
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not existing.is_dir():
            raise NotADirectoryError(f"{existing} is a file, not a folder; choose another.")
        _try(existing)


def ending(path: str | Path, known: Collection[str]) -> str:
    """Return the file name extension of `path` in lower case. Raises ValueError if it is none of `known`."""
    suffix = Path(path).suffix.lower()
    if suffix not in known:
        raise ValueError(f"{path} cannot be written: the name must end in {' or '.join(known)}.")
    return suffix


def check_writable(path: str | Path, endings: Collection[str] | None = None) -> None:
    """Check that `write_whole` can write `path`; the disk is not changed.

    endings: the file name extensions that are allowed, in lower case. Raises ValueError for another extension and
    for a folder or a device, OSError if the folder does not exist or the file or folder is not writable.
    """
    path, real = Path(path), _real(path)
    if endings is not None:
        ending(path, endings)
    with _in_words(path):
        if real.exists() and not real.is_file():
            raise ValueError(f"{path} is a {'folder' if real.is_dir() else 'device'}; choose a file.")
        if not real.parent.is_dir():
            raise FileNotFoundError(f"There is no folder {real.parent} for {real.name}; create it first.")
        if real.exists() and not os.access(real, os.W_OK):
            raise PermissionError(f"{path} is write-protected; choose another file.")
        _try(real.parent)


def _try(folder: Path) -> None:
    """Raise OSError if no file can be created in `folder`."""
    with TemporaryFile(dir=folder):
        pass


@contextmanager
def _in_words(path: str | Path) -> Iterator[None]:
    """Add to errors of the operating system which file it was and what to do."""
    try:
        yield
    except OSError as problem:
        if problem.strerror is None:
            raise
        raise OSError(f"{path} cannot be written ({problem.strerror}); choose another.") from problem


def _real(path: str | Path) -> Path:
    """Return the target of a symbolic link, so that it is replaced and not the link."""
    return Path(os.path.realpath(path))


def _beside(path: Path) -> Path:
    """Return a temporary name in the same folder."""
    return path.with_name(f"{path.name[:40]}.{secrets.token_hex(4)}.unfinished")
