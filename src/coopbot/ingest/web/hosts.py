"""Which hosts may be fetched from: only those on the public internet."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

# Special ranges that some Python versions classify as global.
_SPECIAL_V4 = (
    IPv4Network("168.63.129.16/32"),  # Azure's metadata; public by number only
    IPv4Network("192.0.0.0/24"),  # protocol assignments, among them the metadata of Oracle's cloud
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
)
_UNICAST_V6 = IPv6Network("2000::/3")  # everything allocated so far
_SPECIAL_V6 = (
    IPv6Network("2001::/23"),  # protocol assignments, Teredo
    IPv6Network("3fff::/20"),  # documentation
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether the address is reachable from the internet. An IPv6 address with an IPv4 one inside counts as the latter."""
    if isinstance(address, IPv6Address):
        # Mapped, 6to4 or NAT64 (how networks without IPv4 reach the rest of the internet).
        in_nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        inner = in_nat64 or address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
        special = address not in _UNICAST_V6 or any(address in network for network in _SPECIAL_V6)
    else:
        special = any(address in network for network in _SPECIAL_V4)
    return address.is_global and not (special or address.is_multicast or address.is_reserved)


def resolve(host: str) -> tuple[Address, ...]:
    """The addresses of a host name, best first, or of a numeric address in any form. Raises OSError if there are none."""
    with suppress(ValueError):
        return (ip_address(host),)
    with suppress(OSError, UnicodeError):
        return (IPv4Address(socket.inet_aton(host)),)  # 2130706433, 0x7f.1
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long
        raise OSError("not a host name") from error
    return tuple(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))
