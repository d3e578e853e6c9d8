"""Addresses of this machine and its network, and who may be there."""

import ipaddress

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names under which a machine is spoken to by itself."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def leads_inward(address: str) -> bool:
    """Whether an address lies outside the public Internet: this machine, its network, and what is reserved."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return leads_inward(str(inner))
    return not found.is_global or found.is_multicast


def is_here(name: str) -> bool:
    """Whether a host's name itself, its port apart, is an address of this machine or its network."""
    bare = name.partition(":")[0]
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return leads_inward(bare)
    except ValueError:
        return False  # a name: where it leads is seen when it is connected to
