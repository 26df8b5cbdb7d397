"""Other phone apps and bells: what each must be set to, so that it uploads for a member."""

from typing import Any

KINDS = ("owntracks", "traccar", "overland", "gpslogger", "bell")
_GPSLOGGER = "lat=%LAT&lon=%LON&time=%TIME&acc=%ACC&spd=%SPD&dir=%DIR&batt=%BATT"


def config(kind: str, origin: str, username: str, device_id: str, token: str) -> dict[str, Any]:
    """The app's own settings, under its own names; OwnTracks can import them as they are."""
    if kind == "owntracks":
        signs_in = {"auth": True, "username": username, "password": token, "deviceId": device_id}
        return {"_type": "configuration", "mode": 3, "url": f"{origin}/clients/owntracks"} | signs_in
    url = f"{origin}/clients/{kind}/{token}"
    if kind == "gpslogger":
        return {"url": url, "method": "POST", "body": _GPSLOGGER}
    return {"url": url, "id": device_id} if kind == "traccar" else {"url": url}
