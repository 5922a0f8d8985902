"""The drivers ``directory`` and ``webhook``, and what all have in common."""

import hashlib
import hmac
import json
import re
import socket
import stat
import time
from dataclasses import replace

import pytest
import requests
import trustme

from ratings import conf as options
from ratings.core.deliveries import Refused, Unreachable
from ratings.core.errors import DefinitionError
from ratings.erp.connection import Connection, Exchange
from ratings.tests.bills import february, issued
from ratings.tests.erps import connected, parcel_of
from ratings.tests.receivers import receiving

SECRET = "a secret that nobody may read"


def parcel(tenant_id="acme"):
    order = replace(february().order, tenant_id=tenant_id)
    return parcel_of(issued(order))


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def webhook(receiver, **more):
    url = f"{receiver.url}/orders/"
    return connected("webhook", erp_webhook__url=url, erp_webhook__secret=SECRET, **more)


def test_a_file_is_written_where_its_tenant_and_order_say(tmp_path):
    deliver = connected("directory", erp_directory__path=str(tmp_path))
    reference = deliver(parcel())
    digest = parcel().issued.order.digest
    assert reference == f"acme/7-{digest[:8]}.json"
    assert json.loads((tmp_path / reference).read_bytes())["digest"] == digest
    assert stat.S_IMODE((tmp_path / reference).stat().st_mode) == 0o640


def test_a_file_can_have_any_format_that_is_installed(tmp_path):
    where = {"erp_directory__path": str(tmp_path), "erp_directory__exporter": "csv"}
    reference = connected("directory", **where)(parcel())
    assert reference.endswith(".csv")
    assert (tmp_path / reference).read_bytes().startswith(b"order_id,")


def test_a_file_that_is_there_is_left_alone(tmp_path):
    deliver = connected("directory", erp_directory__path=str(tmp_path))
    path = tmp_path / deliver(parcel())
    before = path.stat()
    assert tmp_path / deliver(parcel()) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_is_broken_is_written_again_and_nothing_lies_around(tmp_path):
    deliver = connected("directory", erp_directory__path=str(tmp_path))
    path = tmp_path / deliver(parcel())
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    deliver(parcel())
    assert path.read_bytes() == whole
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("tenant_id", ["..", "a/b", ".hidden", "x" * 255, "ä" * 120])
def test_no_tenant_is_called_so_that_its_files_lie_elsewhere(tmp_path, tenant_id):
    root = tmp_path / "orders"
    root.mkdir()
    reference = connected("directory", erp_directory__path=str(root))(parcel(tenant_id))
    (folder,) = root.iterdir()
    assert (folder / reference.split("/")[1]).is_file()
    assert folder.resolve().parent == root.resolve()
    assert not folder.name.startswith(".")


def test_a_directory_that_is_not_there_is_not_made_but_told(tmp_path):
    deliver = connected("directory", erp_directory__path=str(tmp_path / "not mounted"))
    with pytest.raises(Unreachable, match="not mounted"):
        deliver(parcel())
    assert list(tmp_path.iterdir()) == []


def test_a_webhook_gets_the_json_and_who_has_the_secret_can_tell_from_whom(receiver):
    assert webhook(receiver)(parcel()) == parcel().key
    ((path, headers, body),) = receiver.got
    assert path == "/orders/"
    assert headers["Idempotency-Key"] == parcel().key
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["digest"] == parcel().issued.order.digest
    told = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["X-Ratings-Signature"])
    mac = hmac.new(SECRET.encode(), digestmod=hashlib.sha256)
    mac.update(told[1].encode())
    mac.update(b".")
    mac.update(body)
    assert mac.hexdigest() == told[2]
    assert SECRET not in str(headers) + body.decode()


def test_the_same_order_is_sent_with_the_same_body_and_key(receiver):
    deliver = webhook(receiver)
    deliver(parcel()), deliver(parcel())
    (_, first, one), (_, second, other) = receiver.got
    assert one == other
    assert first["Idempotency-Key"] == second["Idempotency-Key"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_means_that_it_arrived(receiver, status):
    receiver.status, receiver.body = status, b""
    assert webhook(receiver)(parcel()) == parcel().key


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_another_answer_concerns_this_order(receiver, status):
    receiver.status, receiver.body = status, f"no, and by the way: {SECRET}".encode()
    with pytest.raises(Refused, match=rf"answered {status}: no, and by the way: \*\*\*") as refused:
        webhook(receiver)(parcel())
    assert refused.value.code == "erp_refused"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "erp_denied"), (403, "erp_denied"), (429, "erp_unreachable"), (503, "erp_unreachable")],
)
def test_some_answers_concern_all_orders(receiver, status, code):
    receiver.status, receiver.body = status, SECRET.encode()
    with pytest.raises(Unreachable) as stopped:
        webhook(receiver)(parcel())
    assert stopped.value.code == code
    assert SECRET not in stopped.value.detail


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver, status):
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(Unreachable) as stopped:
        webhook(receiver)(parcel())
    assert stopped.value.code == "erp_redirects"
    assert len(receiver.got) == 1


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    deliver = connected("webhook", erp_webhook__url=url, erp_webhook__secret=SECRET)
    with pytest.raises(Unreachable, match="Connection") as stopped:
        deliver(parcel())
    assert stopped.value.code == "erp_unreachable"


def test_somebody_who_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        given = {"erp_webhook__url": url, "erp_webhook__secret": SECRET, "erp__timeout": 1}
        with pytest.raises(Unreachable, match=r"[Tt]ime"):
            connected("webhook", **given)(parcel())


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_it_is_named(monkeypatch):
    authority = trustme.CA()
    with receiving(authority) as receiver, authority.cert_pem.tempfile() as certificate:
        with pytest.raises(Unreachable, match="certificate") as stopped:
            webhook(receiver)(parcel())
        assert stopped.value.code == "erp_unreachable"
        assert receiver.got == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
        assert webhook(receiver, erp__ca_file=certificate)(parcel()) == parcel().key


def test_an_order_may_not_take_longer_than_all_of_its_requests_may(receiver):
    with requests.Session() as session:
        late = Exchange(Connection(receiver.url, 30, 120), session, time.monotonic() - 1)
        with pytest.raises(Unreachable, match="took longer than 120 seconds"):
            late.post("/", b"", {})
    assert receiver.got == []


def test_an_answer_that_does_not_end_is_not_read(receiver, monkeypatch):
    monkeypatch.setattr("ratings.erp.connection._LARGEST_ANSWER", 1000)
    receiver.body = b"x" * 1001
    with pytest.raises(Unreachable, match="does not end"):
        webhook(receiver)(parcel())


def test_a_password_in_the_home_directory_is_not_sent(receiver, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    webhook(receiver)(parcel())
    assert "Authorization" not in receiver.got[0][1]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, r"\[erp_webhook\] url, secret must be set"),
        ({"erp_webhook__url": "https://a.example"}, r"\[erp_webhook\] secret must be set"),
        ({"erp_webhook__url": "a.example", "erp_webhook__secret": "x"}, "begins with https"),
        ({"erp_webhook__url": "ftp://a.example", "erp_webhook__secret": "x"}, "begins with https"),
        ({"erp_webhook__url": "https://a:b@c", "erp_webhook__secret": "x"}, "holds no password"),
    ],
)
def test_options_that_are_missing_or_wrong_are_told_at_start(values, says):
    with pytest.raises(DefinitionError, match=says):
        connected("webhook", **values)


@pytest.mark.parametrize("driver", ["directory", "odoo", "tryton", "webhook"])
def test_no_driver_starts_without_its_options(driver):
    with pytest.raises(DefinitionError, match="must be set for this driver"):
        connected(driver)


def test_a_driver_or_a_format_that_is_not_installed_is_told_with_those_that_are(tmp_path):
    with pytest.raises(DefinitionError, match="sap is none of directory, odoo, tryton, webhook"):
        connected("sap")
    where = {"erp_directory__path": str(tmp_path), "erp_directory__exporter": "papyrus"}
    with pytest.raises(DefinitionError, match=r"papyrus is none of .*csv.*json"):
        connected("directory", **where)


def test_what_a_driver_has_to_keep_to_itself_is_secret():
    secret = {
        (group, opt.name) for group, opts in options.list_opts() for opt in opts if opt.secret
    }
    assert {
        ("erp_webhook", "secret"),
        ("erp_odoo", "api_key"),
        ("erp_tryton", "password"),
    } <= secret
