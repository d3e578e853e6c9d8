"""TLS in front of the app, as a Space's hub has it: what comes in encrypted goes on in the clear."""

import asyncio
import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Front:
    """``host``: where it listens. ``behind``: the port it passes things on to."""

    def __init__(self) -> None:
        self.host = ""
        self.behind = 0

    async def serve(self, context: ssl.SSLContext, listens: threading.Event) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        self.end = lambda: loop.call_soon_threadsafe(over.set)
        server = await asyncio.start_server(self._one, "127.0.0.1", 0, ssl=context)
        self.host = f"localhost:{server.sockets[0].getsockname()[1]}"
        listens.set()
        await over.wait()
        server.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection("127.0.0.1", self.behind)
        await asyncio.gather(_pump(reader, inner[1]), _pump(inner[0], writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await source.read(65536):
            sink.write(some)
            await sink.drain()
    sink.close()


@contextmanager
def front(folder: Path) -> Iterator[Front]:
    """It listens while this lasts."""
    made, listens = Front(), threading.Event()
    job = made.serve(_certified(folder / "front.pem"), listens)
    thread = threading.Thread(target=asyncio.run, args=(job,))
    thread.start()
    assert listens.wait(10)
    try:
        yield made
    finally:
        made.end()
        thread.join(10)


def _certified(file: Path) -> ssl.SSLContext:
    """With a certificate that nobody but itself vouches for."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signed = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file.write_bytes(key.private_bytes(*form) + signed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
