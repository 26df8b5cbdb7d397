"""Matters leave and enter: files, lists, other platforms."""

import csv
import hmac
import io
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import openpyxl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pypdf import PdfReader
from sqlalchemy import func, select, text, update

from service.db import session
from service.matters import bridges, hooks
from service.matters.models import Matter, Webhook, WebhookDelivery
from service.members.models import Member
from service.privacy import erasure, retention
from tests.factories import COMMUNITY, COUNTY, a_grid, a_member
from tests.service.matter_steps import URL, report, steps

ELSEWHERE = "632801001001"


@pytest.fixture
def officer(signed_in):
    a_grid()
    return signed_in(role="officer")


@pytest.fixture
def admin(signed_in):
    return signed_in(role="admin")


# files and lists


def test_a_matters_file_has_its_whole_history_verified(officer):
    matter = report(officer)
    told = officer.get(f"{URL}/{matter['id']}/file").json
    assert told["chain"] == {"verified": True, "head": told["steps"][-1]["digest"], "faults": []}
    assert [each["step"] for each in told["steps"]] == ["report", "file"]


def test_a_matters_file_is_printed_and_markup_in_it_stays_text(officer):
    matter = report(officer, title="#panic() *粗* [x]", text='$ #import "x"\n草场边界')
    answer = officer.get(f"{URL}/{matter['id']}/file?format=pdf")
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert "#panic()" in words and "verified" in words


def test_whoever_holds_a_matters_file_can_verify_its_chain(officer, signed_in):
    matter = report(officer)
    steps(officer, matter, ("note", {"note": "看过“现场”", "photos": ["a" * 64]}), "urge")
    told = officer.get(f"{URL}/{matter['id']}/file").json
    previous = bytes(32)
    for each in told["steps"]:
        at = datetime.fromisoformat(each["at"]).isoformat(timespec="microseconds")
        names = ["actor_id", "role", "area", "note", "reason", "photos", "details", "stage_left", "lasted_s"]
        row = [matter["id"], *(each[name] for name in ("version", "step", "stage", "level")), at]
        row += [each[name] for name in names]
        sealed = json.dumps(row, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        previous = sha256(previous + sealed).digest()
        assert previous.hex() == each["digest"]
    assert previous.hex() == told["chain"]["head"]


def test_a_printed_file_says_all_that_was_told(officer):
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    facts = {"people": 12, "amount_yuan": 340000.5, "工地": "德令哈二期"}
    matter = report(officer, **{"class": "wage_arrears", "text": "拖欠三个月", "facts": facts})
    steps(officer, matter, ("suspend", {"reason": "money", "review_at": later, "photos": ["a" * 64]}))
    answer = officer.get(f"{URL}/{matter['id']}/file?format=pdf")
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    for each in ("12", "340000.5", "德令哈二期", "资金", "复核", "照片 1 张", "97.371200"):
        assert each in words


def test_an_export_leaves_a_row_that_the_reporter_can_read(signed_in, officer):
    worker = signed_in(role="member", area=COMMUNITY)
    officer.get(f"{URL}/{report(worker)['id']}/file")
    assert worker.get("/api/v1/me/access-log").json["items"][0]["action"] == "matter.export"


@pytest.mark.parametrize(
    "title",
    ["=1+1", "@SUM(A1)", "-2+3", "+1", "＝1+1", "＋1", "－1", "＠SUM(A1)", "\u3000＝1", "\xa0=1", "\u200b=1"],
)
def test_no_cell_of_a_list_is_a_formula(officer, title):
    report(officer, title=title, text="\t=1+1")
    answer = officer.get(f"{URL}/export?format=csv")
    (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert (row["标题"], row["内容"]) == (f"'{title}", "'\t=1+1")
    book = openpyxl.load_workbook(io.BytesIO(officer.get(f"{URL}/export?format=xlsx").data))
    cells = [cell for line in book["事项"].iter_rows(min_row=2) for cell in line]
    assert f"'{title}" in [cell.value for cell in cells] and {cell.data_type for cell in cells} <= {
        "s",
        "n",
        "b",
    }


@pytest.mark.parametrize("strange", ["\uffff", "\ufffe"])
def test_a_workbook_leaves_out_what_xml_cannot_hold(officer, strange):
    report(officer, title=f"草{strange}场")
    book = openpyxl.load_workbook(io.BytesIO(officer.get(f"{URL}/export?format=xlsx").data))
    assert "草场" in [cell.value for cell in book["事项"][2]]


# other platforms send


def an_import(*items, source="12345"):
    return {"source": source, "items": list(items)}


def a_case(external_id="A-1", **fields):
    case = {"class": "utility_damage", "title": "路灯不亮", "external_id": external_id}
    return case | {"lon": 97.3712, "lat": 37.3712} | fields


def imported(client, *items, **more):
    return client.post(f"{URL}/import", json=an_import(*items, **more)).json["items"]


def test_a_case_of_another_platform_comes_in_once(officer):
    first, again = imported(officer, a_case()), imported(officer, a_case(), a_case())
    assert [each["status"] for each in first + again] == ["created", "known", "known"]
    assert len({each["id"] for each in first + again}) == 1
    assert session.scalar(select(func.count()).select_from(Matter)) == 1


def test_the_same_case_twice_in_one_import_is_one_matter(officer):
    assert len({each["id"] for each in imported(officer, a_case(), a_case())}) == 1


def test_the_same_number_of_another_source_is_another_case(officer):
    assert imported(officer, a_case())[0]["id"] != imported(officer, a_case(), source="city")[0]["id"]


def test_each_case_has_its_own_verdict(officer):
    cases = [a_case("1"), a_case("2", **{"class": "belief"}), a_case("3", lon=500), 7, a_case("4", lon=None)]
    assert [each["status"] for each in imported(officer, *cases)] == ["created", *["refused"] * 4]


def test_a_case_without_a_position_belongs_to_the_place_that_it_names(officer):
    case = {name: value for name, value in a_case(place=COMMUNITY).items() if name not in ("lon", "lat")}
    (told,) = imported(officer, case)
    matter = officer.get(f"{URL}/{told['id']}").json
    assert (matter["area"], matter["grid"], matter["level"], matter["stage"]) == (
        COMMUNITY,
        None,
        "community",
        "reported",
    )


def test_a_case_of_another_county_is_refused(officer):
    case = {name: value for name, value in a_case(place=ELSEWHERE).items() if name not in ("lon", "lat")}
    assert imported(officer, case)[0]["status"] == "refused"


def test_a_case_that_names_a_grid_lies_in_it(officer):
    case = a_case(place=f"{COMMUNITY}001")
    del case["lon"], case["lat"]
    (told,) = imported(officer, case)
    assert officer.get(f"{URL}/{told['id']}").json["grid"] == f"{COMMUNITY}001"
    assert session.get_one(Matter, told["id"]).grid_id is not None


@pytest.mark.parametrize(
    "fields", [{"place": f"{COMMUNITY}999"}, {"place": f"{COUNTY[:6]}999999"}, {"at": "2098-01-01T00:00:00Z"}]
)
def test_a_case_of_no_place_or_a_far_future_is_refused(signed_in, officer, fields):
    case = a_case(**fields)
    if "place" in fields:
        del case["lon"], case["lat"]
    (told,) = imported(signed_in(role="officer", area=COUNTY), case)
    assert (told["status"], list(told["errors"])) == ("refused", list(fields))


def test_a_case_that_is_anothers_is_known_without_its_id(officer, signed_in):
    imported(officer, a_case())
    (told,) = imported(signed_in(role="officer", area=ELSEWHERE), a_case())
    assert (told["status"], told["id"]) == ("known", None)


# other platforms are told


def a_webhook(admin, **fields):
    sent = {"url": "https://example.org/told?x=1", "area": COUNTY} | fields
    return admin.post("/api/v1/webhooks", json=sent)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/x",
     "https://[::ffff:10.0.0.1]/", "https://localhost/", "https://db/", "https://u:p@example.org/", "ftp://x.org",
     "https://x.internal/", "https://例子.中国/", "https://100.64.0.1/", "https://exa mple.org/",
     "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.0.1.:443/",
     "https://localhost./", "https://a.local./", "https://a..b/", "https://.example.org/", "https://example.org:x/",
     "https://[64:ff9b::7f00:1]/", "https://[::127.0.0.1]/", "https://[::ffff:0:127.0.0.1]/", "https://[2002:7f00:1::]/",
     "https://[2001:0:7f00:1::]/", "https://[fe80::1%25eth0]/", "https://[fd00::1]/", "https://[::1"],
)  # fmt: skip
def test_only_public_https_addresses_are_told(admin, url):
    assert a_webhook(admin, url=url).status_code == 422


def test_a_webhook_of_another_county_is_not_entered(admin):
    assert a_webhook(admin, area="632801000000").status_code == 404


def test_a_step_waits_for_those_who_listen_with_ids_only(officer, admin):
    a_webhook(admin)
    matter = report(officer, title="不外传", text="不外传")
    bodies = session.scalars(select(WebhookDelivery.body)).all()
    assert sorted(body["version"] for body in bodies) == [1, 2]
    assert bodies[0]["matter_id"] == matter["id"]
    assert set(bodies[0]) == {"matter_id", "version", "step", "stage", "level", "at"}
    waiting = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'matters.tell'")
    assert session.scalar(waiting) == 1


def test_a_revoked_webhook_is_told_nothing(officer, admin):
    hook = a_webhook(admin).json
    assert admin.delete(f"/api/v1/webhooks/{hook['id']}").status_code == 204
    report(officer)
    assert session.scalars(select(WebhookDelivery.id)).all() == []
    assert admin.get("/api/v1/webhooks").json["items"] == []


@pytest.fixture
def resolver(monkeypatch):
    """The name system, which is not ours: it answers with these addresses."""
    addresses = []

    def answer(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return addresses


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], []])
def test_a_name_that_leads_home_is_not_called(resolver, addresses):
    resolver += addresses
    with pytest.raises(hooks.Unreachable):
        hooks.pinned("rebind.example.org", 443)


def test_what_could_not_be_told_is_tried_again_later(officer, admin, resolver):
    a_webhook(admin)
    report(officer)
    resolver.append("192.168.0.7")
    assert bridges.tell_all() == 0
    session.expire_all()
    first, second = session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.tries.desc()))
    assert (first.tries, first.result) == (1, "the name leads to a private address")
    assert first.next_at == second.next_at > datetime.now(UTC) and second.tries == 0
    assert bridges.tell_all() == 0  # nothing is due
    session.expire_all()
    assert session.get_one(WebhookDelivery, first.id).tries == 1


def test_what_is_never_told_is_given_up(officer, admin, resolver):
    a_webhook(admin)
    report(officer)
    session.execute(update(WebhookDelivery).values(tries=bridges.MOST_TRIES - 1))
    bridges.tell_all()
    session.expire_all()
    waiting = [each.next_at for each in session.scalars(select(WebhookDelivery))]
    assert waiting.count(None) == 1


@pytest.fixture
def platform(tmp_path):
    """An https server of somebody else: what it was told, its context for callers, its port."""
    told, gone = [], threading.Event()

    class Platform(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            while self.path == "/drip" and not gone.wait(0.05):
                self.wfile.write(b"H")
            self.send_response(302 if self.path == "/away" else 204)
            self.send_header("Location", "https://127.0.0.1/")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Platform)
    certificate, ours = _certificate(tmp_path)
    server.socket = certificate.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told, ours, server.server_port
    gone.set()
    server.shutdown()
    server.server_close()


def _certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example.org")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    file = folder / "server.pem"
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(*encoding) + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


def test_a_platform_is_told_at_the_address_that_was_checked_and_can_verify_it(platform):
    told, context, port = platform
    body = hooks.body_of({"matter_id": "1"})
    headers = {"Gridpatrol-Signature": hooks.sign(b"key", 1000, body)}
    assert hooks.post("127.0.0.1", "hook.example.org", port, "/told", body, headers, context) == 204
    (got, raw), = told  # fmt: skip
    mac = got["Gridpatrol-Signature"].split("v1=")[1]
    assert mac == hmac.new(b"key", b"1000." + raw, sha256).hexdigest() and json.loads(raw) == {
        "matter_id": "1"
    }


def test_a_redirect_is_not_followed(platform):
    told, context, port = platform
    assert hooks.post("127.0.0.1", "hook.example.org", port, "/away", b"{}", {}, context) == 302
    assert len(told) == 1


def test_a_platform_that_answers_byte_by_byte_is_cut_off(platform, monkeypatch):
    _, context, port = platform
    monkeypatch.setattr(hooks, "LONGEST", 0.5)
    with pytest.raises(hooks.Unreachable):
        hooks.post("127.0.0.1", "hook.example.org", port, "/drip", b"{}", {}, context)


def test_a_platform_with_anothers_certificate_is_not_told(platform):
    told, _, port = platform
    with pytest.raises(hooks.Unreachable):
        hooks.post("127.0.0.1", "hook.example.org", port, "/", b"{}", {}, ssl.create_default_context())
    assert told == []


# people


def test_a_copy_of_ones_data_has_the_matters_and_steps(signed_in):
    a_grid()
    worker = signed_in(role="member", area=COMMUNITY)
    matter = report(worker)
    steps(worker, matter, ("note", {"note": "补充"}))
    told = worker.get("/api/v1/me/export").json
    assert told["matters"][0]["id"] == matter["id"]
    assert [each["step"] for each in told["matter_steps"]] == ["report", "note"]


def test_a_matter_stays_when_its_reporter_is_erased_and_its_chain_holds(signed_in, officer):
    person = a_member("member", COMMUNITY, name="才让")
    matter = report(signed_in(person))
    erasure.erase(session.get_one(Member, person.id))
    told = officer.get(f"{URL}/{matter['id']}/file").json
    assert told["chain"]["verified"] and "才让" not in json.dumps(told, ensure_ascii=False)


def test_what_a_webhook_was_told_goes_after_thirty_days_and_what_waits_stays(app, officer, admin):
    a_webhook(admin)
    report(officer)
    first, second = session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
    first.next_at = None
    session.commit()
    for days, rows in ((29, 0), (31, 1)):
        erased = retention.retain(app.settings, datetime.now(UTC) + timedelta(days=days)).erased
        assert erased["deliveries"]["rows"] == rows
    assert session.scalars(select(WebhookDelivery.id)).all() == [second.id]


def test_a_webhook_keeps_no_key_after_it_was_revoked(admin):
    hook = a_webhook(admin).json
    admin.delete(f"/api/v1/webhooks/{hook['id']}")
    session.expire_all()
    assert session.get_one(Webhook, hook["id"]).secret == b""
