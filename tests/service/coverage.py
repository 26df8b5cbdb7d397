"""Questions about coverage, targets and tiles."""

from datetime import timedelta
from math import asinh, pi, radians, tan

from tests.service.phone import an_hour_ago

TARGETS = "/api/v1/coverage/targets"
DAY = timedelta(days=1)
THESE_DAYS = an_hour_ago() - DAY, an_hour_ago() + DAY


def aim(client, code, hours):
    """Give an area or grid its target."""
    tag = client.get(f"{TARGETS}/{code}").headers["ETag"]
    return client.put(f"{TARGETS}/{code}", json={"hours": hours}, headers={"If-Match": tag})


def tile_at(lon=97.371, lat=37.371, z=15, layer="coverage"):
    """The path of the tile around a position."""
    x = int((lon + 180) / 360 * 2**z)
    y = int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z)
    return f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt"
