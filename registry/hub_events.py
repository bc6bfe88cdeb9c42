"""What a Hub's webhook says, read strictly, and whether it is a reason to ask the Hub. Pure: nothing is asked here.

Nothing in a body is believed: it only decides whether to ask. Names, ids and commits are resolved through the API.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

from registry.hub_files import COMMIT

MODEL = "model"
PULL_REQUEST = "refs/pr/"
MAX_REFS = 500
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_WORD = re.compile(r"[\w.-]{1,35}", re.ASCII)
_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)


class Malformed(ValueError):
    """The body is no webhook; the text says which part of it, and repeats no value."""


@dataclass(frozen=True, slots=True)
class UpdatedRef:
    """A branch, tag or pull request (`refs/…`), and the commit it names now: "" when it was deleted."""

    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class HubEvent:
    """One webhook. `scope` is like "repo.content", `commit` the head it tells of, "" when it tells none."""

    scope: str
    action: str
    repo_type: str
    repo_id: str
    repo_key: str
    commit: str
    refs: tuple[UpdatedRef, ...]

    @classmethod
    def parse(cls, body: Any) -> Self:
        """The event of a JSON body; members we do not know are left alone. Raises Malformed."""
        event, repo = _object(body, "event"), _object(body, "repo")
        return cls(
            scope=_text(event, "event.scope", _WORD),
            action=_text(event, "event.action", _WORD),
            repo_type=_text(repo, "repo.type", _WORD),
            repo_id=_text(repo, "repo.name", _NAME, longest=200),
            repo_key=_text(repo, "repo.id", _KEY),
            commit=_commit(repo.get("headSha"), "repo.headSha"),  # not head_sha, as the client library believes
            refs=_refs(body.get("updatedRefs")),
        )

    @property
    def name(self) -> str:
        """Scope and action, as a delivery shows them."""
        return f"{self.scope} {self.action}"

    def ref_of(self, tracked: str) -> UpdatedRef | None:
        """What happened to a tracked branch or tag, if the event says so; a pull request is never tracked."""
        names = {tracked, f"refs/heads/{tracked}", f"refs/tags/{tracked}"}
        found = [ref for ref in self.refs if ref.ref in names and not ref.ref.startswith(PULL_REQUEST)]
        return found[0] if found else None

    def why_ignored(self, tracked: str) -> str:
        """Why this event is no reason to ask the Hub about that branch or tag; "" when it is one.

        A narrower scope that we do not know is taken for its broader one.
        """
        if self.repo_type != MODEL:
            return f"It is about a {self.repo_type}, not about a model."
        top, _, rest = self.scope.partition(".")
        if top == "discussion":
            return "A discussion changes no model."
        if top != "repo":
            return "Nothing is known of this kind of event."
        if rest.partition(".")[0] != "content" or not self.refs or self.ref_of(tracked):
            return ""
        if all(ref.ref.startswith(PULL_REQUEST) for ref in self.refs):
            return "A pull request is imported once it is merged."
        return f"It is about other branches or tags than {tracked}, which is tracked."


def _object(body: Any, name: str) -> dict[str, Any]:
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise Malformed(f"“{name}” must be an object.")
    return found


def _text(parent: dict[str, Any], path: str, form: re.Pattern[str], *, longest: int = 64) -> str:
    value = parent.get(path.rpartition(".")[2])
    if not isinstance(value, str) or len(value) > longest or not form.fullmatch(value):
        raise Malformed(f"“{path}” is missing, or is no such name.")
    return value


def _commit(value: Any, path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not COMMIT.fullmatch(value):
        raise Malformed(f"“{path}” must be a commit or null.")
    return value


def _refs(value: Any) -> tuple[UpdatedRef, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_REFS:
        raise Malformed(f"“updatedRefs” must be a list of at most {MAX_REFS}.")
    return tuple(_ref(item) for item in value)


def _ref(item: Any) -> UpdatedRef:
    if not isinstance(item, dict) or not isinstance(item.get("ref"), str):
        raise Malformed("“updatedRefs” must hold objects with a “ref”.")
    _commit(item.get("oldSha"), "updatedRefs.oldSha")
    return UpdatedRef(item["ref"], _commit(item.get("newSha"), "updatedRefs.newSha"))
