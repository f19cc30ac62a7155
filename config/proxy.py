"""Who asks: the address by which failed log-ins are counted, with or without a proxy in front."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

OF_ONE_CUSTOMER = 64  # bits: whoever has one IPv6 address has all that begin like it


def client_address(request: HttpRequest) -> str:
    """The address that a proxy saw, not its own. It must set X-Real-IP itself (deploy/nginx.conf does)."""
    return _of_one_customer(request.META.get("HTTP_X_REAL_IP") or request.META.get("REMOTE_ADDR", ""))


def direct_address(request: HttpRequest) -> str:
    """The address of whoever is connected, where there is no proxy: no header can change it."""
    return _of_one_customer(request.META.get("REMOTE_ADDR", ""))


def _of_one_customer(address: str) -> str:
    """The address; of IPv6 the first of the network that one customer has, so that nobody has as many as they like."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return address
    if read.ipv4_mapped:
        return str(read.ipv4_mapped)
    return str(ip_network(f"{read}/{OF_ONE_CUSTOMER}", strict=False).network_address)
