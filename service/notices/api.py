"""Routes: notices to teams."""

from service.web import Blueprint

blueprint = Blueprint("notices", __name__, url_prefix="/api/v1", description="Notices to teams")
