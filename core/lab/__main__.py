"""``python -m core.lab --port 8600``: the lab on a socket."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from core.lab.lab import Lab
from core.lab.server import LabServer


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted. Returns the exit status."""
    parser = argparse.ArgumentParser("python -m core.lab", description="A market simulator that misbehaves.")
    parser.add_argument("--port", type=int, default=8600, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=7, help="of the simulated market")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(options.port, options.seed))
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"--port {options.port}: {error}\n")
        return 1
    return 0


async def _serve(port: int, seed: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with LabServer(Lab(seed), port) as server:
        sys.stdout.write(f"The lab is at {server.url} (set KINTSUGI_LAB_URL to it)\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
