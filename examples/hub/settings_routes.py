"""The settings that the loopback Hub's clients may change: webhooks, and who sees a repository."""

import re
from collections.abc import Callable
from typing import Any

from examples.hub.routes import MODEL, Routes
from examples.hub.server import Answer, Request, Route, as_json
from examples.hub.store import RefusedError
from examples.hub.webhooks import Webhooks

HOOKS = "/api/settings/webhooks"
HOOK = rf"{HOOKS}/(?P<hook>[0-9a-f]{{24}})"
CHANGEABLE = {"url", "watched", "domains", "secret"}


class SettingsRoutes:
    """The answers about settings; who may ask is decided as for everything else."""

    def __init__(self, routes: Routes, webhooks: Webhooks) -> None:
        self.routes, self.webhooks = routes, webhooks

    def table(self) -> list[Route]:
        """(methods, path, function)."""
        table: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", HOOKS, self.list),
            ("POST", HOOKS, self.create),
            ("GET", HOOK, self.show),
            ("POST", HOOK, self.update),
            ("DELETE", HOOK, self.delete),
            ("POST", rf"{HOOK}/(?P<verb>enable|disable)", self.switch),
            ("PUT", rf"{MODEL}/settings", self.repository),
        ]
        return [(methods, re.compile(path), function) for methods, path, function in table]

    def list(self, request: Request) -> Answer:
        """Every webhook, as a bare array."""
        self.routes.demand_writer(request)
        return as_json(self.webhooks.all())

    def create(self, request: Request) -> Answer:
        """A new webhook."""
        self.routes.demand_writer(request)
        return as_json({"webhook": self.webhooks.put(**_values(request.json()))})

    def show(self, request: Request, hook: str) -> Answer:
        """One webhook."""
        self.routes.demand_writer(request)
        return as_json({"webhook": self.webhooks.get(hook)})

    def update(self, request: Request, hook: str) -> Answer:
        """Change a webhook; the client sends an empty `watched` for one that is to stay as it is."""
        self.routes.demand_writer(request)
        self.webhooks.get(hook)
        return as_json({"webhook": self.webhooks.put(hook, **_values(request.json()))})

    def switch(self, request: Request, hook: str, verb: str) -> Answer:
        """Enable or disable a webhook."""
        self.routes.demand_writer(request)
        self.webhooks.get(hook)
        return as_json({"webhook": self.webhooks.put(hook, disabled=verb == "disable")})

    def delete(self, request: Request, hook: str) -> Answer:
        """Forget a webhook."""
        self.routes.demand_writer(request)
        self.webhooks.delete(hook)
        return as_json({})

    def repository(self, request: Request, repo: str) -> Answer:
        """Who sees a repository, and under which conditions."""
        self.routes.demand_writer(request)
        body = request.json()
        flags = {"gated": body["gated"]} if "gated" in body else {}
        if "visibility" in body:
            flags["private"] = body["visibility"] == "private"
        self.routes.store.set_flags(repo, **flags)
        return as_json({})


def _values(body: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in body.items() if name in CHANGEABLE and value}
    for item in values.get("watched", []):
        if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in ("type", "name")):
            raise RefusedError(400, "“watched” must hold {type, name}")
    return values
