"""Which addresses lie outside: a receiver is never this machine or a private network. Pure.

A webhook that may point anywhere is a way into the network of the city for whoever can set or move
one. What a city has of its own inside is named to it, network by network.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Network = IPv4Network | IPv6Network
_NAT64: Final = IPv6Network("64:ff9b::/96")


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a list divided by commas, ``10.2.0.0/16, 127.0.0.1``; ValueError if wrong."""
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())


def may_reach(address: str, inside: Iterable[Network]) -> bool:
    """Whether a connection to the address may be made; *inside* are the networks that are named.

    An address that carries another one, as IPv6 carries IPv4, is judged by both.
    """
    found = ip_address(address.partition("%")[0])
    carried = _carried(found)
    if any(one in network for one in (found, carried) if one is not None for network in inside):
        return True
    return _is_outside(found) and (carried is None or _is_outside(carried))


def _is_outside(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address within one of IPv6: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo
