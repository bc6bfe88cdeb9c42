"""Tell a host to deploy again: a POST to the address in DEPLOY_HOOK_URL, whose answer is waited for.

The address is a secret and is never printed. A host that does not answer, or is busy, is asked again after a while;
one that refuses is not. Needs nothing but Python.
"""

import ipaddress
import os
import sys
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

PAUSES = (1.0, 4.0, 15.0)  # seconds between two attempts
PATIENCE = 30.0
BUSY = {408, 425, 429, 500, 502, 503, 504}


class Refused(Exception):
    """Why the host was not told, as a sentence."""


def address() -> SplitResult:
    """DEPLOY_HOOK_URL, if it may be called."""
    text = os.environ.get("DEPLOY_HOOK_URL", "").strip()
    if not text:
        raise Refused("DEPLOY_HOOK_URL is not set: give the address that the host made for this.")
    try:
        url = urlsplit(text)
        _port = url.port
    except ValueError:
        raise Refused("DEPLOY_HOOK_URL is no address.") from None
    if not url.hostname or url.scheme not in {"http", "https"}:
        raise Refused("DEPLOY_HOOK_URL is no address: it has to begin with https://.")
    if url.scheme == "http" and not _is_loopback(url.hostname):
        raise Refused("DEPLOY_HOOK_URL must begin with https://: everybody on the way could read the secret in it.")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def post(url: SplitResult) -> int:
    """The status of one attempt; redirects are not followed, the secret stays with its host."""
    connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = connect(url.hostname or "", url.port, timeout=PATIENCE)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", path, b"", {"User-Agent": "futurisys-redeploy", "Content-Length": "0"})
        return connection.getresponse().status
    finally:
        connection.close()


def redeploy(pauses: tuple[float, ...]) -> str:
    """What the host said. Raises Refused."""
    url = address()
    for pause in (*pauses, None):
        try:
            status = post(url)
            said = f"{url.hostname} answered {status}"
        except (OSError, HTTPException) as error:
            status, said = None, f"{url.hostname} did not answer ({type(error).__name__})"
        if status is not None and status < 300:
            return f"{said}: it deploys again."
        if status is not None and status not in BUSY:
            raise Refused(f"{said}: it was not told. Is the address still the one that the host shows?")
        if pause is None:
            break
        print(f"{said}, asked again in {pause:g} s.", flush=True)  # noqa: T201
        time.sleep(pause)
    raise Refused(f"{said}, {len(pauses) + 1} times: it was not told.")


def main() -> None:
    """Exit 0 when the host took it. --pauses 1,4,15: seconds between two attempts."""
    given = sys.argv[2] if sys.argv[1:2] == ["--pauses"] and len(sys.argv) == 3 else ""
    pauses = tuple(float(text) for text in given.split(",") if text) if given else PAUSES
    try:
        print(redeploy(pauses))  # noqa: T201
    except Refused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
