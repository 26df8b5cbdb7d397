"""Routes: what was promised against what was walked."""

from service.web import Blueprint

blueprint = Blueprint(
    "fulfilment", __name__, url_prefix="/api/v1", description="What was promised, and what was walked"
)
