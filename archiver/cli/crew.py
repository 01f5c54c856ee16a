"""Processes that do one kind of work on many inputs, one for each core; the answers come in order."""

from __future__ import annotations

import gc
import io
import os
import select
import signal
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from types import TracebackType
from typing import NoReturn, Self

import msgspec

from archiver.errors import ArchiverError

_AHEAD = 1024  # inputs at most that wait for their turn, done or not
_HELD = 8 << 20  # bytes of answers taken before their turn; more wait in the processes that have them
_NAME = struct.Struct("<Q")
_ANSWER = struct.Struct("<BQQ")
_RAISED = 0xFF  # in the place of an exit code
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the work on one input printed, and its exit code."""

    code: int
    out: str
    err: str


class Crew:
    """As many processes as there are cores (or *size*), each of which does *work* on one input at a time.

    What *work* prints is its answer. The processes are forked from this one, which must have no other
    threads, and are gone when the block ends, however it ends. However many inputs there are, a thousand
    names and a few MB of answers are held.
    """

    def __init__(self, work: Callable[[str], int], *, size: int | None = None) -> None:
        self._work = work
        self._size = size or cores()
        self._members: list[_Member] = []
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._members:
            self._members[-1].end()
            self._members.pop()

    def answers(
        self, inputs: Iterable[tuple[str, ArchiverError | None]]
    ) -> Iterator[tuple[str, Answer | ArchiverError]]:
        """Each of *inputs* with its answer, in their order.

        An input that comes with an error keeps it. Where *work* raised, or its process ended before it was
        done, an ArchiverError says so.
        """
        left = iter(inputs)
        tasks: deque[_Task] = deque()
        while True:
            while len(tasks) < _AHEAD and (member := self._idle()) and (given := next(left, None)):
                tasks.append(_Task(*given))
                if tasks[-1].answer is None:
                    member.begin(tasks[-1])
            if not tasks:
                return
            answer = tasks[0].answer
            if answer is None:
                self._wait(tasks[0])
            else:
                task = tasks.popleft()
                self._held -= task.size
                yield task.name, answer

    def _idle(self) -> _Member | None:
        for member in self._members:
            if member.task is None:
                return member
        return self._recruit() if len(self._members) < self._size else None

    def _recruit(self) -> _Member:
        """One more process; whenever a signal comes, it is among the members or not there."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            member = _Member(self._work, self._members)
            self._members.append(member)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return member

    def _wait(self, first: _Task) -> None:
        """Wait for answers and take them, that of *first* whatever its size, others while there is room."""
        poll = select.poll()
        wanted: dict[int, _Member] = {}
        for member in self._members:
            if member.task is not None and (member.task is first or self._has_room(member)):
                poll.register(member.answers, select.POLLIN)
                wanted[member.answers] = member
        for end, _ in poll.poll():
            member = wanted[end]
            try:
                member.listen()
                if member.task is first or self._has_room(member):
                    self._held += member.take()
            except EOFError:
                member.lose()
                self._members.remove(member)

    def _has_room(self, member: _Member) -> bool:
        return self._held + member.size <= _HELD


class _Task:
    """An input, and its answer once there is one."""

    def __init__(self, name: str, answer: Answer | ArchiverError | None) -> None:
        self.name = name
        self.answer = answer
        self.size = 0
        """Bytes of the answer, where a process gave it."""


class _Member:
    """One process, as the one that forked it sees it; *others* are those that were there before."""

    def __init__(self, work: Callable[[str], int], others: list[_Member]) -> None:
        self.task: _Task | None = None
        """What it is at."""
        self._told: tuple[int, int, int] | None = None
        names, self.names = os.pipe()
        self.answers, answers = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            not_its_own = [self.names, self.answers]
            for other in others:
                not_its_own += (other.names, other.answers)
            _serve(work, names, answers, not_its_own)
        os.close(names)
        os.close(answers)

    @property
    def size(self) -> int:
        """Bytes of the answer, once it is known."""
        return sum(self._told[1:]) if self._told else 0

    def begin(self, task: _Task) -> None:
        """Give it *task*; that it is not there any more shows when its answer is taken."""
        self.task = task
        data = task.name.encode("utf-8", "surrogatepass")
        with suppress(BrokenPipeError):
            _write(self.names, _NAME.pack(len(data)) + data)

    def listen(self) -> None:
        """Learn the size of the answer; EOFError where the process has ended."""
        if self._told is None:
            self._told = _ANSWER.unpack(_read(self.answers, _ANSWER.size))

    def take(self) -> int:
        """Give the task its answer, and say how long it is; EOFError where the process has ended."""
        task, told = self.task, self._told
        if task is None or told is None:
            raise RuntimeError("nothing to take")
        code, *sizes = told
        out, err = (_read(self.answers, size).decode("utf-8", "surrogatepass") for size in sizes)
        task.answer = ArchiverError(err) if code == _RAISED else Answer(code=code, out=out, err=err)
        task.size = self.size
        self.task = self._told = None
        return task.size

    def lose(self) -> None:
        """Clear up after a process that has ended, and let its task know."""
        code = self.end()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        if self.task is not None:
            self.task.answer = ArchiverError(f"{self.task.name}: the process that was at it {how}")

    def end(self) -> int:
        """End it now, whatever it is at; its exit code, negative for a signal."""
        os.kill(self._pid, signal.SIGKILL)  # it is there until it is waited for, be it as a zombie
        _, status = os.waitpid(self._pid, 0)
        os.close(self.names)
        os.close(self.answers)
        return os.waitstatus_to_exitcode(status)


def cores() -> int:
    """How many processes can run at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _serve(work: Callable[[str], int], names: int, answers: int, not_its_own: list[int]) -> NoReturn:
    """The life of a process: answer each of *names* until there are no more, and leave nothing behind."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C meets all; the first process ends the others
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        for end in not_its_own:
            os.close(end)
        gc.freeze()
        out, err = _Printed(), _Printed()  # for all inputs, since click keeps every stream that it meets
        while True:
            gc.collect()  # what the last input left in cycles; there is little else, so it is quick
            (size,) = _NAME.unpack(_read(names, _NAME.size))
            name = _read(names, size).decode("utf-8", "surrogatepass")
            _write(answers, _answer(work, name, out, err))
    except (EOFError, BrokenPipeError):
        os._exit(0)
    finally:
        os._exit(1)


def _answer(work: Callable[[str], int], name: str, out: _Printed, err: _Printed) -> bytes:
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = work(name)
        printed = out.take(), err.take()
    except Exception as error:  # noqa: BLE001 - it goes to the process that asked, and never ends as a verdict
        reason = f"internal error, please report it: {type(error).__name__}: {error}"
        if isinstance(error, OSError):
            reason = (error.strerror or str(error)).lower()
        out.take(), err.take()
        code, printed = _RAISED, (b"", f"{name}: {reason}".encode("utf-8", "surrogatepass"))
    return _ANSWER.pack(code, *map(len, printed)) + b"".join(printed)


class _Printed(io.TextIOWrapper):
    """Takes what is printed."""

    def __init__(self) -> None:
        self._kept = io.BytesIO()
        super().__init__(self._kept, encoding="utf-8", errors="surrogatepass", newline="\n")

    def take(self) -> bytes:
        """All that was printed since the last time, as UTF-8."""
        self.flush()
        data = self._kept.getvalue()
        self._kept.seek(0)
        self._kept.truncate()
        return data


def _read(end: int, size: int) -> bytes:
    """*size* bytes from a pipe; EOFError where it ends before."""
    parts: list[bytes] = []
    while size:
        part = os.read(end, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write(end: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(end, left) :]
