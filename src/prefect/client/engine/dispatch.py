"""Getting letters to a server, in order, whether it is there or not.

While it is away they are kept in the spool; a thread of its own tries them again, in order, and once none is left
the server is spoken to directly again. Not here: what letters say (`remote`), connections (`line`).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefect.client.engine.line import Line, Refused, Unreachable
from prefect.client.engine.parts import report_refusal, send_in_parts
from prefect.client.engine.spool import Kept, Letter, Spool
from prefect.client.orchestration._messages import Message
from prefect.exceptions import ServerUnreachableError, StoreError
from prefect.logging import get_logger

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_MOST_FAILURES = 10
"""After so many a letter that makes the server fail is given up, but for what it takes of it: others wait behind it."""
_LETTERS_OF_A_TURN = 4
"""So many letters go for each one that is added meanwhile, so that there is an end to it."""


class Dispatch:
    """The way to one server.

    Args:
        line: to the server.
        spool: where letters wait while it is away.
        sender: who this process is.
        is_strict: nothing is kept: an absent server is an error.
        in_background: try again in a thread; False (for tests): only when `deliver_kept` is called.
    """

    def __init__(
        self, line: Line, spool: Spool, sender: str, is_strict: bool = False, in_background: bool = True
    ) -> None:
        self.line = line
        self.spool = spool
        self.is_strict = is_strict
        self.is_away = False
        self._sender = sender
        self._in_background = in_background
        self._order = threading.RLock()
        self._turnstile = threading.Lock()
        self._retry = threading.Event()
        self._settled = threading.Event()
        self._settled.set()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._delivered = 0
        self._has_warned = False
        self._closed = False

    def send(self, letter: Letter, while_away: Callable[[], list[Letter]]) -> bytes | None:
        """Send a letter; the answer. None: the server is away, and what `while_away` gives is kept in its place.

        Raises:
            ServerUnreachableError: the server is away and this is strict.
            Refused: the server refuses it.
            StoreError: the server is away, and nothing can be kept.
        """
        with self._turn():
            if not self.is_away:
                try:
                    return self._send(letter)
                except Unreachable as error:
                    self.note_absence(error)
            letters = while_away()
            if letters:
                self.spool.append(self._sender, letters)
            return None

    def note_absence(self, error: Unreachable) -> None:
        """The server does not answer: from now on letters are kept.

        Raises:
            ServerUnreachableError: this is strict.
        """
        if self.is_strict:
            raise ServerUnreachableError(self.line.url, error.reason) from error
        with self._order:
            if self.is_away:
                return
            self.is_away = True
        get_logger("engine").warning(
            "The server at %s cannot be reached (%s). Runs go on: what happens is kept in %s and sent when the "
            "server is back.",
            self.line.url,
            error.reason,
            self.spool.path,
        )
        self.start_delivering()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Nobody else sends or keeps meanwhile; whoever waits for a turn has it before who has just had one."""
        with self._turnstile:
            self._order.acquire()
        try:
            yield
        finally:
            self._order.release()

    # --- what is kept ----------------------------------------------------------------------------------

    def deliver_left(self) -> None:
        """Have delivered what earlier processes have left."""
        try:
            if self.spool.count():
                self.start_delivering()
        except StoreError as error:
            get_logger("engine").error("What was kept for the server cannot be sent: %s", error)

    def keep(self, letters: list[Letter]) -> None:
        """Keep letters that there is no time to send.

        Raises:
            ServerUnreachableError: this is strict.
            StoreError: they cannot be kept.
        """
        if self.is_strict:
            raise ServerUnreachableError(self.line.url, "there was no answer in time")
        self.spool.append(self._sender, letters)

    def start_delivering(self) -> None:
        """Have what is kept delivered in the background, again and again until it is."""
        self._retry.set()
        with self._starting:
            self._settled.clear()
            if self._thread is None and self._in_background and not self._closed:
                thread = threading.Thread(target=self._live, name="prefect-spool", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # the interpreter winds up: whoever waits does the work
                    self._in_background = False
                else:
                    self._thread = thread

    def deliver_kept(self) -> bool:
        """Send what is kept, the oldest first, as far as the server takes it; whether nothing is left.

        A server that does not answer holds nobody up meanwhile. From one that does runs have to wait for their turns.

        Raises:
            StoreError: the spool cannot be used.
        """
        if not self._answers():
            return False
        while True:
            with self._turn():
                is_over = self._deliver_some()
            if is_over is not None:
                return is_over

    def settle(self, seconds: float) -> int:
        """Wait until nothing is kept any more, but not longer than that; how many letters are left.

        Raises:
            StoreError: the spool cannot be used.
        """
        if self.spool.count(self._delivered):
            self.start_delivering()
            if self._in_background:
                self._wait_until_settled(seconds)
            else:
                self.deliver_kept()
        return self.spool.count(self._delivered)

    def _wait_until_settled(self, seconds: float) -> None:
        """Wait, and have it tried often meanwhile: somebody is waiting."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if self._settled.wait(min(left, _FIRST_PAUSE_SECONDS)):
                return
            self._retry.set()

    def close(self) -> None:
        """End the thread, after the letter that it is sending."""
        self._closed = True
        self._retry.set()
        self.spool.close()
        self.line.close()

    def _deliver_some(self) -> bool | None:
        """Send a few letters; whether the server has them all, None: there may be more."""
        for _ in range(_LETTERS_OF_A_TURN):
            kept = self.spool.first(self._delivered)
            if kept is None:
                self._note_return()
                return True
            if not self._deliver(kept):
                return False
        return None

    def _note_return(self) -> None:
        """From now on the server is spoken to directly."""
        if self.is_away:
            self.is_away = False
            get_logger("engine").info("The server at %s is back, and knows what happened.", self.line.url)
        self._settled.set()

    def _deliver(self, kept: Kept) -> bool:
        """Send one letter; False: the server does not take it now."""
        send = self._send_at_last if self._failures >= _MOST_FAILURES else self._send
        try:
            send_in_parts(kept.letter, send, lambda part, error: report_refusal(part, error.reason))
        except Unreachable as error:
            self._failures = self._failures + 1 if error.status == 500 else 0
            return False
        self._failures = 0
        self._delivered = kept.number
        self._forget(kept)
        return True

    def _forget(self, kept: Kept) -> None:
        """Remove a letter. On a full disk it stays, and is sent again, to no harm, by another process."""
        try:
            self.spool.remove(kept.number)
        except StoreError as error:
            if not self._has_warned:
                get_logger("engine").warning("What the server has received stays in the spool: %s", error)
            self._has_warned = True

    def _send(self, letter: Letter) -> bytes:
        return self.line.send(_message(letter))

    def _send_at_last(self, letter: Letter) -> None:
        """Send a letter that others have waited behind for long enough: the server's failure is a refusal now."""
        try:
            self._send(letter)
        except Unreachable as error:
            if error.status != 500:
                raise
            raise Refused(f"the server fails over it ({error.reason})", 500) from error

    def _answers(self) -> bool:
        """Whether the server is there."""
        try:
            self.line.send(Message("GET", "/health", {}, None))
        except Unreachable:
            return False
        except Refused:
            return True
        return True

    def _live(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._closed:
            self._retry.clear()
            try:
                if self.deliver_kept() and self._is_over():
                    return
            except StoreError as error:
                get_logger("engine").error("What is kept for the server cannot be read: %s", error)
            except Exception:
                if not self._closed:
                    get_logger("engine").exception("What is kept for the server cannot be sent.")
            self._retry.wait(pause * random.uniform(0.8, 1.2))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _is_over(self) -> bool:
        """Whether there is nothing left to do; then the thread ends, and another one is started when there is."""
        with self._starting:
            if self._settled.is_set():
                self._thread = None
                return True
            return False


def _message(letter: Letter) -> Message:
    return Message(letter.method, letter.path, {}, letter.body or None)
