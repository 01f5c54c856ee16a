"""Files that live in memory, for laws that open a bundle many thousand times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def memory_file(data: bytes) -> Iterator[BinaryIO]:
    """*data* as an open file with a descriptor of its own."""
    with os.fdopen(os.memfd_create("bundle"), "w+b", buffering=0) as file:
        file.write(data)
        yield file
