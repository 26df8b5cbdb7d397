"""The name of the state that an answer about coverage was made from, for ETags and caches."""

import hashlib
from typing import Any

from service.areas.places import places
from service.coverage import queries
from service.db import session


def of_ground(*question: Any) -> str:
    """Names a question and the grids it is asked of: another once a revision has changed them."""
    return _named(question, places().revision)


def of_footprints(*question: Any) -> str:
    """Names a question and all that was seen, which checkpoints stand included."""
    return _named(question, places().revision, session.execute(queries.seen_state()).one())


def of_facts(*question: Any) -> str:
    """The same, and another already while what a phone has just sent waits to be rebuilt."""
    state = session.execute(queries.seen_state()).one()
    return _named(question, places().revision, state, session.scalar(queries.latest_mark()))


def _named(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
