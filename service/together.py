"""Group commit: whoever waits at the same time shares one transaction, and is answered after its commit."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from service import db
from service.errors import Problem, Unavailable

Asked = TypeVar("Asked")
Told = TypeVar("Told")
LONGEST = 30.0  # s, a wait


class _Turn(Generic[Asked, Told]):
    """One who waits: to be answered, or to answer for all who wait now."""

    def __init__(self, asked: Asked):
        self.asked = asked
        self.woken = threading.Event()
        self.leads = False
        self.is_settled = False
        self.told: Told | Problem | None = None


class Together(Generic[Asked, Told]):
    """Calls of a function over many, by threads that each have one.

    Whoever comes while nobody is at work answers for all who wait, in one transaction; the first of those who
    came meanwhile goes on. If that transaction fails, each of them is tried again in one of its own, so that
    nobody fails for another.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Told | Problem]], most: int):
        self._work = work
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[_Turn[Asked, Told]] = []
        self._is_led = False

    def __call__(self, asked: Asked) -> Told:
        """What the function tells of this one, once it is committed; raises a Problem that it tells instead.

        The caller's own transaction is committed first, so that nothing waits with locks.
        """
        db.session.commit()
        turn: _Turn[Asked, Told] = _Turn(asked)
        with self._lock:
            self._waiting.append(turn)
            turn.leads, self._is_led = not self._is_led, True
        if not turn.leads and not turn.woken.wait(LONGEST) and self._gives_up(turn):
            raise Unavailable(retry_after=2)
        if turn.leads:
            self._lead(turn)
        if not turn.is_settled:
            with db.transaction():
                turn.told = self._work([asked])[0]
        if isinstance(turn.told, Problem):
            raise turn.told
        return turn.told  # type: ignore[return-value]

    def _gives_up(self, turn: _Turn[Asked, Told]) -> bool:
        """Leave the queue, unless it is one's turn at this very moment."""
        with self._lock:
            if turn in self._waiting and not turn.leads:
                self._waiting.remove(turn)
            return not turn.leads and not turn.is_settled

    def _lead(self, own: _Turn[Asked, Told]) -> None:
        with self._lock:
            others = [turn for turn in self._waiting if turn is not own][: self._most - 1]
            group = [own, *others]
            self._waiting = [turn for turn in self._waiting if turn not in group]
        try:
            with db.transaction():
                told = self._work([turn.asked for turn in group])
            for turn, each in zip(group, told, strict=True):
                turn.told, turn.is_settled = each, True
        except Exception:
            if len(group) == 1:
                own.is_settled = True
                raise
        finally:
            self._hand_over()
            for turn in others:
                turn.woken.set()

    def _hand_over(self) -> None:
        with self._lock:
            self._is_led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].woken.set()
