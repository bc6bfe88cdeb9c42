"""Whose attempts to log in are counted together, and what is said after too many."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

HOME_NETWORK = 64  # bits that a provider gives to one customer: the rest of an IPv6 address is theirs to change


def address(request: HttpRequest) -> str | None:
    """The caller's address as our own proxies saw it, or None; of an IPv6 address the network.

    What stands in X-Forwarded-For before the entries of NUM_PROXIES proxies was written by the caller.
    """
    proxies: int = settings.REST_FRAMEWORK["NUM_PROXIES"]  # type: ignore[assignment]  # the settings say so
    said = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if proxies else []
    text = said[-min(proxies, len(said))] if any(said) else request.META.get("REMOTE_ADDR", "")
    try:
        found: IPv4Address | IPv6Address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or ip_network((found, HOME_NETWORK), strict=False).network_address
    return str(found)


def response(request: HttpRequest, original: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """429: the same words whether there is such a user or not."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    said = render(request, "registration/locked.html", {"minutes": minutes}, status=429)
    said["Retry-After"] = str(minutes * 60)
    return said
