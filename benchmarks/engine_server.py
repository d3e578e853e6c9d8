"""A venue on loopback, in a process of its own, that answers at once; and the declarations of ten such venues."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

ROWS = 500
TICKER = json.dumps(
    {
        "symbol": "BTCUSDT",
        "lastPrice": "64000.10000000",
        "bidPrice": "64000.00000000",
        "askPrice": "64000.20000000",
        "priceChangePercent": "1.250",
        "volume": "12345.67800000",
        "quoteVolume": "790000000.00000000",
        "closeTime": 1_780_000_000_000,
        "padding": "x" * 780,
    }
)

SERVER = f"""
import asyncio, json, sys, time
TICKER = {TICKER!r}.encode()
HEAD = "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"

class Answers(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.held = transport, b""

    def data_received(self, data):
        self.held += data
        while b"\\r\\n\\r\\n" in self.held:
            head, _, self.held = self.held.partition(b"\\r\\n\\r\\n")
            body = candles() if b"klines" in head.partition(b"\\r\\n")[0] else TICKER
            self.transport.write((HEAD % len(body)).encode() + body)

def candles():
    now = int(time.time()) // 3600 * 3600
    rows = [[(now - n * 3600) * 1000, "100.5", "103.25", "99.75", "101.125", "12.5", 0, "0", 1, "0", "0", "0"]
            for n in range({ROWS}, -1, -1)]
    return json.dumps(rows).encode()

async def main():
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the benchmark goes

asyncio.run(main())
"""

VENUE = """
id = "venue{n}"
name = "Venue {n}"
kind = "exchange"
home = "https://venue{n}.test"
docs = "https://venue{n}.test"
read_on = 2026-11-22
priority = {n}
check_symbol = "BTC/USDT"
check_every = 60
[[hosts]]
name = "api.venue{n}.test"
[symbol]
template = "{{base}}{{quote}}"
[check]
path = "/ping"
[price]
docs = "https://venue{n}.test"
path = "/ticker"
params = {{ symbol = "{{symbol}}" }}
last = "lastPrice"
bid = "bidPrice"
ask = "askPrice"
"""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The server's address, while it runs."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait()
