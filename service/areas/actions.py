"""Load the tree of areas; propose and approve grids."""

from sqlalchemy.dialects.postgresql import insert

from service.areas import tree
from service.areas.models import Area
from service.db import session


def load_tree() -> None:
    """Make the prefecture's areas known; those already there are left as they are."""
    session.execute(insert(Area).on_conflict_do_nothing(), tree.areas())
