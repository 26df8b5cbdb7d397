"""Other phone apps and bells: what each must be set to, so that it uploads for a member."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

KINDS = ("owntracks", "traccar", "overland", "gpslogger", "bell")
PASSPHRASE = 32  # characters of the token that OwnTracks encrypts with
_GPSLOGGER = "lat=%LAT&lon=%LON&time=%TIME&acc=%ACC&spd=%SPD&dir=%DIR&batt=%BATT"
_TRACCAR = {"interval": 30, "distance": 0, "accuracy": "high", "buffer": "true"}


def config(kind: str, origin: str, username: str, device_id: str, token: str) -> dict[str, Any]:
    """The app's own settings, under its own names; OwnTracks can import them as they are (`.otrc`)."""
    if kind == "owntracks":
        signs_in = {"auth": True, "username": username, "password": token, "deviceId": device_id}
        sent_to = {"_type": "configuration", "mode": 3, "url": f"{origin}/clients/owntracks"}
        return sent_to | signs_in | {"encryptionKey": token[:PASSPHRASE]}
    if kind == "bell":
        return {"url": f"{origin}/api/v1/alarms", "method": "POST", "authorization": f"Bearer {token}"}
    url = f"{origin}/clients/{kind}/{token}"
    if kind == "gpslogger":
        return {"url": url, "method": "POST", "body": _GPSLOGGER}
    return {"url": url, "id": device_id} if kind == "traccar" else {"url": url}


def link(kind: str, settings: dict[str, Any]) -> str:
    """What sets the app up when it is opened, or scanned, on the phone."""
    if kind == "owntracks":
        inline = base64.b64encode(json.dumps(settings).encode()).decode()
        return "owntracks:///config?" + urlencode({"inline": inline})
    if kind == "overland":
        return "overland://setup?" + urlencode({"url": settings["url"]})
    if kind == "traccar":
        return f"{settings['url']}?" + urlencode({"id": settings["id"], **_TRACCAR})
    return str(settings["url"])
