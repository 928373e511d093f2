"""Files that are whole, and on disk, when they have their name."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path


def sha256(file: Path) -> str:
    """In lower-case hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Waits for the disk, for a file or a directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(making: Path, target: Path) -> None:
    """Gives a finished directory its name."""
    for file in making.iterdir():
        sync(file)
    sync(making)
    os.rename(making, target)
    sync(target.parent)


def fresh(directory: Path) -> Path:
    """An empty directory of that name."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
