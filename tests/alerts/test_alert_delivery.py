"""Alerts reach a real webhook and a real mail server: at once, and when both come back after an outage."""

import http.server
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from core import Hub, NoAnswer, Settings
from core.ops.alerts import outbox
from core.ops.alerts.target import Message, redacted, send, targets
from core.settings import SettingsError

KEY = "s3cr3t-k3y-of-the-hook"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Channels:
    """A webhook and a mail server of this machine, on ports that stay theirs while they are down."""

    def __init__(self) -> None:
        self.hook_port, self.mail_port = free_port(), free_port()
        self.hooked: list[dict[str, Any]] = []
        self.mailed: list[Any] = []

    @property
    def addresses(self) -> tuple[str, str]:
        mail = f"mailto://127.0.0.1:{self.mail_port}?from=k@kintsugi.example&to=me@example.org&mode=insecure"
        return f"json://127.0.0.1:{self.hook_port}/alerts?+X-Key={KEY}", mail

    async def handle_DATA(self, _: object, __: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mailed.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    @contextmanager
    def up(self) -> Iterator[None]:
        hooked = self.hooked

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hooked.append({**json.loads(body), "key": self.headers["x-key"]})
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.hook_port), Hook)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        mail = Controller(self, hostname="127.0.0.1", port=self.mail_port)
        mail.start()
        try:
            yield
        finally:
            mail.stop()
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Channels:
    monkeypatch.setattr(outbox, "FIRST", 0.2)
    return Channels()


@pytest.fixture
def open_hub(channels: Channels, tmp_path: Path) -> Callable[[], Hub]:
    def make() -> Hub:
        return Hub(
            Settings(
                mode="lab",
                data_dir=tmp_path,
                monitor="on",
                alert_every=0.1,
                health_cooldown_seconds=2,
                alert_urls=channels.addresses,
            )
        )

    return make


def break_kraken(hub: Hub) -> None:
    hub.lab.inject("kraken", "status:500")
    for _ in range(4):
        with pytest.raises(NoAnswer):
            hub.price("BTC/USDT", providers=["kraken"], refresh=True)


def soon(condition: Callable[[], Any], seconds: float = 8.0) -> Any:
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)
    return result


def titles(channels: Channels) -> tuple[list[str], list[str]]:
    return [one["title"] for one in channels.hooked], [str(one["subject"]) for one in channels.mailed]


DOWN = "LAB, simulated: A provider is down"
OVER = "LAB, simulated: Resolved: A provider is down"


def test_an_alert_arrives_once_and_its_end_once(channels: Channels, open_hub: Callable[[], Hub]) -> None:
    with channels.up(), open_hub() as hub:
        hub.set_alert_rule("provider_down", clear=0)
        break_kraken(hub)
        soon(lambda: channels.hooked and channels.mailed)
        assert channels.hooked[0]["key"] == KEY
        assert "HTTP 500" in channels.hooked[0]["message"]
        assert "HTTP 500" in str(channels.mailed[0].get_body(("plain", "html")).get_content())
        assert channels.mailed[0]["to"].addresses[0].addr_spec == "me@example.org"
        hub.lab.clear()
        hub.reset("kraken")
        soon(lambda: len(channels.hooked) == 2 and len(channels.mailed) == 2)
        time.sleep(0.3)
        assert titles(channels) == ([DOWN, OVER], [DOWN, OVER])
        assert [(one.name, one.sent, one.waiting) for one in hub.alert_targets()] == [
            ("JSON", 2, 0),
            ("E-Mail", 2, 0),
        ]


def test_with_both_down_nothing_waits_and_it_arrives_when_they_are_back(
    channels: Channels, open_hub: Callable[[], Hub]
) -> None:
    with open_hub() as hub:
        break_kraken(hub)
        soon(lambda: all(one.error and one.waiting for one in hub.alert_targets()))
        began = time.monotonic()
        for _ in range(20):
            hub.health()
            hub.alerts()
        assert (time.monotonic() - began) / 20 < 0.1
        errors = " ".join(one.error for one in hub.alert_targets())
        assert KEY not in errors
        assert errors.lower().count("connection error") == 2
    # Also over a restart: it is still owed.
    with open_hub() as hub:
        soon(lambda: all(one.error and one.waiting for one in hub.alert_targets()))
        with channels.up():
            soon(lambda: channels.hooked and channels.mailed)
            soon(lambda: all(not one.waiting for one in hub.alert_targets()))
        assert titles(channels)[0][0] == titles(channels)[1][0] == DOWN
        assert len(hub.alerts(open_only=True)) == 1, "and it did not fire anew"


def test_a_test_message(channels: Channels, open_hub: Callable[[], Hub]) -> None:
    with channels.up(), open_hub() as hub:
        assert hub.send_test_alert(who="me") == 2
        soon(lambda: channels.hooked and channels.mailed)
        assert titles(channels)[0] == ["LAB, simulated: Test"]


def test_no_address_is_told_anywhere(
    channels: Channels, open_hub: Callable[[], Hub], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level(logging.DEBUG), open_hub() as hub:
        hub.send_test_alert()
        soon(lambda: all(one.error for one in hub.alert_targets()))
        assert KEY not in repr(hub.settings)
        assert KEY not in repr(hub.journal.events(limit=100))
    assert KEY not in caplog.text
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file


def test_an_address_that_apprise_does_not_know_is_refused_without_telling_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="number 2 is none") as refused:
        Settings(data_dir=tmp_path, alert_urls=("json://127.0.0.1/x", f"carrierpigeon://{KEY}"))
    assert KEY not in str(refused.value)


def test_addresses_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = "json://127.0.0.1/a,b, mailto://u:p@example.org"
    monkeypatch.setenv("KINTSUGI_ALERT_URLS", both)
    found = Settings(data_dir=tmp_path).alert_urls
    assert [one.get_secret_value() for one in found] == ["json://127.0.0.1/a,b", "mailto://u:p@example.org"]


def test_two_of_one_service_have_two_names() -> None:
    made = targets((SecretStr("json://127.0.0.1/a"), SecretStr("json://127.0.0.1/b")))
    assert [one.name for one in made] == ["JSON", "JSON (2)"]
    assert len({one.id for one in made}) == 2


def test_why_it_failed_is_told_without_the_address() -> None:
    address = SecretStr(f"json://user:{KEY}@127.0.0.1:{free_port()}/{KEY}/tok%65n-of-mine")
    (target,) = targets((address,))
    said = send(target, Message("t", "b", "info"))
    assert "connection" in said.lower()
    assert KEY not in said
    assert redacted(f"POST /{KEY}/token-of-mine failed", address) == "POST /…/… failed"
