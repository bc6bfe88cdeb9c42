"""A Hugging Face Hub on this machine, in plain Python, that the real `huggingface_hub` client talks to.

    python examples/local_hub.py --port 8001 --dir var/hub [--token hf_local] [--webhook URL --webhook-secret SECRET]

where others may read command lines, LOCAL_HUB_TOKEN and LOCAL_HUB_WEBHOOK_SECRET say the same.

    with LocalHub(directory) as hub:          # in a test, on a free port
        HfApi(endpoint=hub.url).create_repo("acme/iris")
        hub.fail("GET .*/revision/", status=503, times=2)

The client needs HF_HUB_DISABLE_XET=1. Repositories survive a restart. It listens on 127.0.0.1 only: an API
on the port asked for and, as on the public Hub, a storage for large files on another origin. Webhooks are made with
the client (`create_webhook`) or, one that watches everything, by --webhook; they are delivered to this machine only.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

if __package__ in (None, ""):  # started as a script: its own folder is on the path, not the one above
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from examples.hub.faults import Fault, Faults
from examples.hub.routes import Routes
from examples.hub.server import Seen, Server
from examples.hub.settings_routes import SettingsRoutes
from examples.hub.store import RefusedError, Store
from examples.hub.webhooks import EVERYTHING, STARTED, Webhooks


class LocalHub:
    """The Hub in threads of this process.

    `requests` holds every request seen (method, path with query, headers in lower case, port); a request to
    the storage has `port == hub.storage_port`. With a `token`, only its bearer writes and sees private or
    gated repositories; without one everybody writes. `page_size` is the length of a page of commits or files.
    `webhooks` are told of every change: its `log` holds the deliveries, `replay` repeats one.
    """

    def __init__(
        self, directory: Path | str, port: int = 0, *, token: str | None = None, page_size: int = 1000
    ) -> None:
        self.store = Store(Path(directory))
        self.faults = Faults()
        self.requests: list[Seen] = []
        self._storage = Server(0, self.faults, self.requests)
        self._api = Server(port, self.faults, self.requests)
        routes = Routes(self.store, token=token, storage=self._storage.url, page_size=page_size)
        self.webhooks = Webhooks(self.store, Path(directory))
        self.webhooks.base = self._api.url
        self._api.routes = [*routes.table(), *SettingsRoutes(routes, self.webhooks).table()]
        self._storage.routes = routes.storage_table()
        self._api.api = self._storage.api = self._api.url
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """The endpoint to give to the client."""
        return self._api.url

    @property
    def storage_port(self) -> int:
        """The port large files come from."""
        return int(self._storage.server_address[1])

    def __enter__(self) -> Self:
        for server in (self._storage, self._api):
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._api, self._storage):
            server.close()
        for thread in self._threads:
            thread.join()
        self.webhooks.close()

    # -- making it fail

    def fail(self, pattern: str, **how: Any) -> None:
        """Harm the requests whose "METHOD /path?query" the pattern is found in; see `Fault` for how."""
        self.faults.add(Fault(pattern=pattern, **how))

    def heal(self) -> None:
        """Take every fault back."""
        self.faults.clear()

    def set_flags(self, repo_id: str, **flags: Any) -> None:
        """Set `private`, `gated` ("manual" or False), `disabled` or `bare` (tells no digests)."""
        self.store.set_flags(repo_id, **flags)

    def rename(self, old: str, new: str) -> None:
        """Rename a repository; its former name redirects."""
        self.store.move(old, new)

    def tell(self, url: str, secret: str | None) -> None:
        """Tell this address of everything, in the place of the one that was named so before."""
        self.webhooks.put(STARTED, url=url, secret=secret, watched=[EVERYTHING], disabled=False)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A Hugging Face Hub on this machine.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--dir", type=Path, required=True, help="where the repositories are kept")
    token, secret = os.environ.get("LOCAL_HUB_TOKEN"), os.environ.get("LOCAL_HUB_WEBHOOK_SECRET")
    parser.add_argument("--token", default=token, help="the one token that may write; without it everybody may")
    parser.add_argument("--webhook", metavar="URL", help="an address on this machine to tell of every change")
    said = "what is sent to it in X-Webhook-Secret"
    parser.add_argument("--webhook-secret", metavar="SECRET", default=secret, help=said)
    options = parser.parse_args()
    stops = (signal.SIGTERM, signal.SIGINT)
    for number in stops:
        signal.signal(number, signal.SIG_DFL)  # a background shell has it ignored
    # Blocked before any thread begins and waited for: setting an Event in a handler can deadlock with its wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    with LocalHub(options.dir, options.port, token=options.token) as hub:
        if options.webhook:
            try:
                hub.tell(options.webhook, options.webhook_secret)
            except RefusedError as refused:
                sys.exit(f"--webhook {options.webhook}: {refused}.")
        print(f"Hub: {hub.url}", flush=True)
        signal.sigwait(stops)


if __name__ == "__main__":
    main()
