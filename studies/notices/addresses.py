"""Where a webhook may lead: to https at public addresses. Else whoever sets one up could have the site knock at its own network."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from explain.core.errors import BadInputError

GLOBAL = ipaddress.ip_network(
    "2000::/3"
)  # all that is given out of version 6; the rest is inner, old or translated
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressError(BadInputError):
    """An address that nothing is sent to."""


@dataclass(frozen=True)
class Target:
    """Where to connect: the URL, and the one address of its host that was looked at. What is sent goes there and nowhere else."""

    url: str
    host: str
    ip: str
    port: int


def check_url(url: str, *, private: bool = False) -> SplitResult:
    """The parts of a webhook's URL, without asking the network. `private`: http and inner addresses are allowed (settings).

    Raises AddressError that says what is wrong with it.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
        httpx.URL(url)  # by which it is sent
    except (ValueError, httpx.InvalidURL) as error:
        raise AddressError(f"{url[:100]}: is no address ({error}).") from error
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise AddressError(f"{url[:100]}: must begin with https://.")
    if not parts.hostname or parts.username or parts.password:
        raise AddressError(f"{url[:100]}: must name a host, and no user or password.")
    return parts


def resolve(url: str, *, private: bool = False) -> Target:
    """Look a webhook's host up. One inner address among its addresses is enough to refuse it: which one would be taken is chance.

    Raises AddressError where the host is not known, or not public.
    """
    parts = check_url(url, private=private)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"{host}: cannot be looked up ({error}).") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise AddressError(f"{host}: has no address.")
    if not private and (inner := [ip for ip in addresses if not is_public(ip)]):
        raise AddressError(
            f"{host}: leads to {inner[0]}, which is not public; an admin can allow that by NOTICES_TO_PRIVATE."
        )
    return Target(url, host, addresses[0], port)


def is_public(ip: str) -> bool:
    """Whether an address is on the open internet; those that hide a version 4 address in version 6 are what they hide."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if hidden:
            return is_public(str(hidden))
        if address in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        if address not in GLOBAL:
            return False
    return address.is_global and not address.is_multicast
