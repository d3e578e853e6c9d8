"""How much one client may ask for in a minute, so that nobody spends alone what providers give to all."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from core.engine.limiter import Limiter

DEAR = 10
"""What a question costs that goes past the cache, or says how it is to be answered; any other costs 1."""
TOGETHER = 10
"""All clients together may spend so many times what one may: addresses are cheap."""


@dataclass(frozen=True, slots=True)
class PerMinute:
    """So many a minute, as the limiter has it."""

    cost: float
    seconds: float = 60.0
    used_header: None = None


class Budget:
    """Units a minute for each client, and for all of them. From any thread; remembers the newest ``clients``."""

    def __init__(self, clients: int = 1000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._limiters: OrderedDict[tuple[str, int], Limiter] = OrderedDict()
        self._together: dict[int, Limiter] = {}

    def take(self, client: str, cost: float, a_minute: int) -> float:
        """Spend it: 0. Or nothing is spent, and these are the seconds until it can be."""
        with self._lock:
            now = self._clock()
            limiters = (self._one(client, a_minute, now), self._all(a_minute, now))
            wait = max(limiter.wait(cost, now) for limiter in limiters)
            if not wait:
                for limiter in limiters:
                    limiter.take(cost, now)
            return wait

    def _one(self, client: str, a_minute: int, now: float) -> Limiter:
        limiter = self._limiters.setdefault((client, a_minute), Limiter([PerMinute(a_minute)], now))
        self._limiters.move_to_end((client, a_minute))
        while len(self._limiters) > self._most:
            self._limiters.popitem(last=False)
        return limiter

    def _all(self, a_minute: int, now: float) -> Limiter:
        return self._together.setdefault(a_minute, Limiter([PerMinute(a_minute * TOGETHER)], now))


def client_of(peer: str | None, forwarded_for: str | None) -> str:
    """Whose budget it is: the other end, or whom a proxy beside us names last, which no client can write.

    Of IPv6 the network of 64 bits: that much is one customer's.
    """
    if peer is None:
        return "this machine"
    try:
        address = ipaddress.ip_address(peer)
        if address.is_private and forwarded_for:
            address = ipaddress.ip_address(forwarded_for.rpartition(",")[2].strip())
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
