"""What the loopback Hub keeps: content-addressed objects and one JSON index, both written atomically."""

import hashlib
import json
import os
import re
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

# The public Hub keeps these in large-file storage whatever their size, by its default .gitattributes.
LARGE = re.compile(r"\.(joblib|skops|onnx|pkl|pickle|png|npz|npy|zip|safetensors)$", re.IGNORECASE)
GITATTRIBUTES = b"".join(
    f"*.{ending} filter=lfs diff=lfs merge=lfs -text\n".encode()
    for ending in ("joblib", "onnx", "pickle", "pkl", "png", "skops")
)
CHUNK = 1 << 20
PREFIXES = {"branches": "heads", "tags": "tags"}

Repo = dict[str, Any]
Commit = dict[str, Any]
Listener = Callable[[str, Repo, dict[str, Any]], None]  # (name, repository, what happened as a webhook says it)
FileEntry = dict[str, Any]  # {"size", "sha256", "git" (blob id of the file or of its pointer), "lfs": bool}


class RefusedError(Exception):
    """An answer that is not 2xx; `code` is what the real Hub puts in X-Error-Code."""

    def __init__(self, status: int, text: str, *, code: str = "", body: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.code, self.body = status, text, code, body


class Readable(Protocol):
    """What can be stored: anything with a read()."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; nothing at the end."""
        ...


class MovedError(RefusedError):
    """The repository has another name now."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(307, f"{old} is called {new} now")
        self.old, self.new = old, new


def now() -> str:
    """This instant as the Hub writes it: fractional seconds and a Z, which its client insists on."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def blob_id(data: bytes) -> str:
    """The git object id of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """What git holds in the place of a large file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def entry(data: bytes, sha256: str) -> FileEntry:
    """The entry of a file that git itself holds."""
    return {"size": len(data), "sha256": sha256, "git": blob_id(data), "lfs": False}


def large_entry(sha256: str, size: int) -> FileEntry:
    """The entry of a file in large-file storage."""
    return {"size": size, "sha256": sha256, "git": blob_id(pointer(sha256, size)), "lfs": True}


class Store:
    """Repositories under one directory; every change is on disk before the call returns."""

    def __init__(self, directory: Path) -> None:
        self.objects = directory / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        self._index = directory / "index.json"
        self._lock = threading.RLock()
        self._data = self._load()
        self.listeners: list[Listener] = []  # told of each change, after it is on disk
        self.commit_hash = "sha1"  # "sha256" makes ids of 64 digits, as some peers have

    def _tell(self, repo_id: str, repo: Repo, action: str, scope: str = "repo", **more: Any) -> None:
        for listener in self.listeners:
            listener(repo_id, repo, {"event": {"action": action, "scope": scope}, **more})

    def _tell_ref(self, repo_id: str, ref: str, old: str | None, new: str | None) -> None:
        updated = [{"ref": ref, "oldSha": old, "newSha": new}]
        self._tell(repo_id, self.repo(repo_id), "update", "repo.content", updatedRefs=updated)

    def hooks(self) -> dict[str, dict[str, Any]]:
        """Every webhook by its id; see examples.hub.webhooks."""
        return dict(self._data["webhooks"])

    def _load(self) -> dict[str, Any]:
        if not self._index.exists():
            return {"repos": {}, "moved": {}, "webhooks": {}}
        data: dict[str, Any] = json.loads(self._index.read_text())
        return {"webhooks": {}} | data

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """Hold the lock around a change of the index; a change that raises is forgotten."""
        with self._lock:
            try:
                yield self._data
            except BaseException:
                self._data = self._load()
                raise
            self._save()

    def _save(self) -> None:
        handle, name = tempfile.mkstemp(dir=self._index.parent, prefix="index.")
        with os.fdopen(handle, "w") as file:
            json.dump(self._data, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self._index)

    # -- objects

    def path(self, sha256: str) -> Path:
        """Where the object with this digest lies, whether it is there or not."""
        return self.objects / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether this object was uploaded."""
        return self.path(sha256).is_file()

    def put(self, stream: Readable, *, expected: str | None = None) -> tuple[str, int]:
        """Store what `stream` holds; return (sha256, size). Refuse it when it is not what was announced."""
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=self.objects, prefix="incoming.")
        with os.fdopen(handle, "wb") as file:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        sha256 = digest.hexdigest()
        if expected not in (None, sha256):
            Path(name).unlink()
            raise RefusedError(400, f"The content hashes to {sha256}, not to {expected}")
        self.path(sha256).parent.mkdir(exist_ok=True)
        Path(name).replace(self.path(sha256))
        return sha256, size

    # -- repositories

    def repos(self) -> dict[str, Repo]:
        """Every repository by its current name."""
        return dict(self._data["repos"])

    def moved(self, repo_id: str) -> str | None:
        """The name a renamed repository has now, or None when this is no former name."""
        new: str | None = self._data["moved"].get(repo_id)
        return new

    def repo(self, repo_id: str) -> Repo:
        """The repository of this name."""
        try:
            found: Repo = self._data["repos"][repo_id]
        except KeyError:
            raise RefusedError(404, "Repository not found", code="RepoNotFound") from None
        return found

    def create(self, repo_id: str, *, private: bool, data: bytes = GITATTRIBUTES) -> None:
        """A new repository with the one first commit the Hub makes itself."""
        sha256, _ = self._put_bytes(data)
        with self.changing() as index:
            index["repos"][repo_id] = {
                "_id": secrets.token_hex(12),
                "created": now(),
                "private": private,
                "gated": False,
                "disabled": False,
                "bare": False,  # a peer that tells neither digests nor blob ids
                "branches": {},
                "tags": {},
                "commits": {},
            }
            index["moved"].pop(repo_id, None)
            self._append(repo_id, "main", {".gitattributes": entry(data, sha256)}, "initial commit", "")
        self._tell(repo_id, self.repo(repo_id), "create")

    def _put_bytes(self, data: bytes) -> tuple[str, int]:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return self.put(file)

    def put_file(self, data: bytes) -> FileEntry:
        """Store a small file and return its entry."""
        return entry(data, self._put_bytes(data)[0])

    def delete(self, repo_id: str) -> None:
        """Forget a repository; its objects stay, another one may hold the same."""
        repo = self.repo(repo_id)
        with self.changing() as index:
            del index["repos"][repo_id]
        self._tell(repo_id, repo, "delete")

    def move(self, old: str, new: str) -> None:
        """Rename a repository; the old name answers with a redirect."""
        if new in self._data["repos"]:
            raise RefusedError(409, f"{new} is taken")
        self.repo(old)
        with self.changing() as index:
            index["repos"][new] = index["repos"].pop(old)
            index["moved"] = {k: new if v == old else v for k, v in index["moved"].items()} | {old: new}
        self._tell(old, self.repo(new), "move", movedTo={"name": new, "owner": {"id": "0" * 24}})

    def set_flags(self, repo_id: str, **flags: Any) -> None:
        """Set `private`, `gated`, `disabled` or `bare` of a repository."""
        unknown = set(flags) - {"private", "gated", "disabled", "bare"}
        if unknown:
            raise ValueError(f"no such flag: {', '.join(sorted(unknown))}")
        with self.changing():
            self.repo(repo_id).update(flags)
        if {"private", "gated"} & set(flags):
            config = {"private": self.repo(repo_id)["private"]}
            self._tell(repo_id, self.repo(repo_id), "update", "repo.config", updatedConfig=config)

    def resolve(self, repo_id: str, revision: str) -> str:
        """The 40-hex commit of a branch, a tag, a full ref or a commit."""
        repo = self.repo(repo_id)
        short = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        for place in (repo["branches"], repo["tags"]):
            if short in place:
                return str(place[short])
        if revision in repo["commits"]:
            return revision
        raise RefusedError(404, f"Invalid rev id: {revision}", code="RevisionNotFound")

    def commit_of(self, repo_id: str, revision: str) -> tuple[str, Commit]:
        """(sha, commit) of a revision."""
        sha = self.resolve(repo_id, revision)
        return sha, self.repo(repo_id)["commits"][sha]

    def history(self, repo_id: str, revision: str) -> Iterator[tuple[str, Commit]]:
        """The commits from a revision back to the first one."""
        sha: str | None = self.resolve(repo_id, revision)
        while sha:
            commit = self.repo(repo_id)["commits"][sha]
            yield sha, commit
            sha = commit["parent"]

    def commit(
        self,
        repo_id: str,
        branch: str,
        *,
        changes: dict[str, FileEntry | None],
        title: str,
        message: str,
        parent: str | None,
    ) -> str:
        """Commit changes (None removes the path, and everything under it) on a branch; return the commit."""
        with self.changing():
            head, commit = self.commit_of(repo_id, branch)
            if parent not in (None, head):
                raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
            files = dict(commit["files"])
            for path, changed in changes.items():
                if changed is None:
                    files = {k: v for k, v in files.items() if k != path and not k.startswith(path + "/")}
                else:
                    files[path] = changed
            sha = self._append(repo_id, branch, files, title, message)
        self._tell_ref(repo_id, f"refs/heads/{branch}", head, sha)
        return sha

    def _append(self, repo_id: str, branch: str, files: dict[str, FileEntry], title: str, message: str) -> str:
        repo = self.repo(repo_id)
        commit = {
            "parent": repo["branches"].get(branch),
            "title": title,
            "message": message,
            "date": now(),
            "files": dict(sorted(files.items())),
        }
        body = json.dumps([repo["_id"], commit], sort_keys=True).encode()
        sha = hashlib.new(self.commit_hash, body, usedforsecurity=False).hexdigest()
        repo["commits"][sha] = commit
        repo["branches"][branch] = sha
        return sha

    def point(self, repo_id: str, kind: str, name: str, revision: str) -> None:
        """Make a ref: `kind` is "branches" or "tags"."""
        sha = self.resolve(repo_id, revision)
        with self.changing():
            if name in self.repo(repo_id)[kind]:
                raise RefusedError(409, f"Reference already exists: {name}")
            self.repo(repo_id)[kind][name] = sha
        self._tell_ref(repo_id, f"refs/{PREFIXES[kind]}/{name}", None, sha)

    def unpoint(self, repo_id: str, kind: str, name: str) -> None:
        """Remove a ref."""
        with self.changing():
            sha = self.repo(repo_id)[kind].pop(name, None)
            if sha is None:
                raise RefusedError(404, f"Invalid rev id: {name}", code="RevisionNotFound")
        self._tell_ref(repo_id, f"refs/{PREFIXES[kind]}/{name}", sha, None)
