"""Ask a running instance for a prediction, as scripts/image/smoke.sh says. Standard library only."""

import http.cookiejar
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from typing import Any

PATIENCE = 300


class Instance:
    """A Futurisys at a URL, and who asks: the owner of a token, or a visitor."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.rstrip("/"), token
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Status and text of the answer; 0 and why when there is none."""
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        headers = {"Origin": self.url, "Referer": f"{self.url}/", **headers}
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310 - the URL is the caller's
        try:
            with self._opener.open(request, timeout=30) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def until_ready(self, seconds: float) -> None:
        """Wait for /health/ready. Exits with its last answer."""
        deadline = time.monotonic() + seconds
        while (said := self.ask("/health/ready"))[0] != 200:
            if time.monotonic() > deadline:
                sys.exit(
                    f"{self.url}/health/ready did not answer 200 within {seconds:.0f} s, but {said[0]}: {said[1][:500]}"
                )
            time.sleep(0.5)

    def visit(self) -> str:
        """Press “Try it”; the token of the visitor's forms. Exits where there are no visitors."""
        page = self.wanted("/login")
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        form = f"csrfmiddlewaretoken={found[1] if found else ''}".encode()
        status, _ = self.ask("/try", form, **{"Content-Type": "application/x-www-form-urlencoded"})
        if not found or status != 200:
            sys.exit(f"TOKEN is not set, and {self.url} takes no visitors ({status}): name a token in TOKEN.")
        return next((cookie.value or "" for cookie in self.cookies if cookie.name.endswith("csrf")), "")

    def wanted(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> str:
        """The text of an answer that has to be 200. Exits otherwise."""
        status, text = self.ask(path, None if body is None else json.dumps(body).encode(), **headers)
        if status != 200:
            sys.exit(f"{self.url}{path} answered {status}: {text[:500]}")
        return text


def value_for(schema: dict[str, Any]) -> Any:
    """A value that this part of a JSON Schema takes."""
    if examples := schema.get("examples"):
        return examples[0]
    if choices := schema.get("enum"):
        return next(choice for choice in choices if choice is not None)
    if options := schema.get("anyOf", schema.get("oneOf")):
        return value_for(options[0])
    kinds = schema.get("type", "number")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    lowest, highest = schema.get("minimum", 0), schema.get("maximum", schema.get("minimum", 0))
    middle = (lowest + highest) / 2 if kind in {"number", "integer"} else 0
    return {"number": middle, "integer": int(middle), "boolean": True}.get(kind, "1")


def choose(instance: Instance, wanted: str) -> str:
    """The model to ask: the one wanted, or the first that answers about columns. Exits when there is none."""
    if wanted:
        return wanted
    listed = json.loads(instance.wanted("/api/v1/models"))
    models = listed["results"] if isinstance(listed, dict) else listed
    for model in models:
        status, text = instance.ask(f"/api/v1/models/{model['name']}/schema")
        if status == 200 and json.loads(text).get("properties"):
            return str(model["name"])
    sys.exit(f"{instance.url} has no model in charge that takes columns: promote one.")


def main(url: str, wanted: str = "") -> None:
    """Wait, ask, look whether it is in the history."""
    instance = Instance(url, os.environ.get("TOKEN", ""))
    instance.until_ready(float(os.environ.get("SECONDS_TO_WAIT", PATIENCE)))
    headers = {"Content-Type": "application/json"}
    if not instance.token:
        headers["X-CSRFToken"] = instance.visit()
    instance.wanted("/health")
    model = choose(instance, wanted)
    schema = json.loads(instance.wanted(f"/api/v1/models/{model}/schema"))
    inputs = {name: value_for(part) for name, part in schema["properties"].items()}
    answer = json.loads(instance.wanted("/api/v1/predict", {"model": model, "inputs": inputs}, **headers))
    said = answer["predictions"][0]
    kept = json.loads(instance.wanted(f"/api/v1/predictions/{said['id']}"))
    if instance.token:  # a visitor may not count
        instance.wanted("/metrics")
    shown = kept.get("label", kept.get("value"))
    print(f"{url}: {model}, version {answer['version']}, answered {shown}, recorded as {said['id']}.")  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit("smoke.sh URL [MODEL]")
    main(*sys.argv[1:])
