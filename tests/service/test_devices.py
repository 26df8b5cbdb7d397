"""Other phone apps and bells that upload for a member."""

from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from service.db import session
from service.members.actions import device_of
from service.members.devices import KINDS
from service.members.models import Device, Member
from tests.factories import a_member
from tests.service.sessions import bearer


@pytest.fixture
def batu(signed_in):
    member = a_member(username="batu")
    client = signed_in(member)
    client.member_id = member.id
    return client


def add(client, kind="overland", name="an old phone"):
    return client.post("/api/v1/me/devices", json={"kind": kind, "name": name})


def test_a_bell_is_told_where_and_how_to_call(batu):
    added = add(batu, "bell").json
    assert added["config"]["url"] == "http://localhost/api/v1/alarms"
    assert added["config"]["authorization"] == f"Bearer {added['token']}"


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "bell"])
def test_the_settings_of_an_app_hold_its_address_and_token(batu, kind):
    added = add(batu, kind).json
    address = f"http://localhost/clients/{kind}"
    assert added["config"]["url"].startswith(address)
    assert added["token"] in (added["config"]["url"][len(address) + 1 :], added["config"].get("password"))


def test_owntracks_can_import_its_settings(batu):
    config = add(batu, "owntracks").json["config"]
    assert (config["_type"], config["mode"], config["auth"], config["username"]) == (
        "configuration",
        3,
        True,
        "batu",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_link_sets_the_app_up(batu, kind):
    added = add(batu, kind).json
    opened = unquote(added["link"])
    inline = opened.partition("inline=")[2]
    assert added["config"]["url"] in (b64decode(inline).decode() if inline else opened)


def test_an_unknown_kind_is_invalid(batu):
    assert add(batu, "facebook").status_code == 422


def test_a_token_tells_whose_device_it_is(batu):
    added = add(batu).json
    uploader = device_of(added["token"])
    assert (str(uploader.device.id), uploader.member.id) == (added["id"], batu.member_id)


def test_only_a_hash_of_the_token_is_kept(batu):
    token = add(batu).json["token"]
    assert (len(token), len(session.query(Device.token_hash).scalar())) == (43, 32)


def test_a_devices_token_opens_no_other_route(client, batu):
    token = add(batu).json["token"]
    paths = ("me", "sessions", "me/devices", "areas", "grids")
    assert {client.get(f"/api/v1/{path}", **bearer(token)).status_code for path in paths} == {401}


def test_a_session_token_is_no_devices_token(batu):
    token = batu.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert device_of(token) is None


@pytest.mark.parametrize("token", ["", "x" * 10_000, "nul\x00", "令牌", "\ud800"])
def test_what_is_no_token_names_no_device(database, token):
    assert device_of(token) is None


def test_one_lists_ones_own_devices_without_their_tokens(batu, signed_in):
    added = add(batu).json
    add(signed_in(a_member()))
    items = batu.get("/api/v1/me/devices").json["items"]
    assert [each["id"] for each in items] == [added["id"]]
    assert added["token"] not in str(items)


def test_a_removed_device_uploads_no_longer(batu):
    added = add(batu).json
    batu.delete(f"/api/v1/me/devices/{added['id']}")
    assert (device_of(added["token"]), batu.get("/api/v1/me/devices").json["items"]) == (None, [])


def test_another_persons_device_is_not_there(batu, signed_in):
    added = add(batu).json
    assert signed_in(a_member()).delete(f"/api/v1/me/devices/{added['id']}").status_code == 404


def test_the_device_of_who_has_left_uploads_no_longer(batu):
    token = add(batu).json["token"]
    session.query(Member).update({"left_at": datetime.now(UTC)})
    assert device_of(token) is None
