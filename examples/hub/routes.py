"""What the loopback Hub answers, route by route, as the real huggingface_hub client expects it."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from examples.hub.entries import item, listing, sibling, upload_mode
from examples.hub.server import Answer, Request, Route, as_json
from examples.hub.store import FileEntry, MovedError, RefusedError, Repo, Store, large_entry

REPO = r"(?P<repo>[^/]+/[^/]+)"
MODEL = rf"/api/models/{REPO}"
REV = r"(?P<rev>[^/]+)"
LIMITS = {"RateLimit": '"api";r=499;t=300', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}


class Routes:
    """The answers of one Hub. With `token` = None everybody writes and any token sees what is private."""

    def __init__(self, store: Store, *, token: str | None, storage: str, page_size: int) -> None:
        self.store, self.token, self.storage, self.page_size = store, token, storage, page_size

    def table(self) -> list[Route]:
        """(methods, path, function) of the API."""
        table: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", "/api/agent-harnesses", self.agent_harnesses),
            ("GET", "/api/whoami-v2", self.whoami),
            ("POST", "/api/validate-yaml", self.validate_yaml),
            ("GET", "/api/models", self.models),
            ("POST", "/api/repos/create", self.create),
            ("DELETE", "/api/repos/delete", self.delete),
            ("POST", "/api/repos/move", self.move),
            ("GET", MODEL, self.info),
            ("GET", rf"{MODEL}/revision/{REV}", self.info),
            ("GET", rf"{MODEL}/refs", self.refs),
            ("GET", rf"{MODEL}/commits/{REV}", self.commits),
            ("GET", rf"{MODEL}/tree/{REV}(?:/(?P<under>.+))?", self.tree),
            ("POST", rf"{MODEL}/paths-info/{REV}", self.paths_info),
            ("POST", rf"{MODEL}/preupload/{REV}", self.preupload),
            ("POST", rf"{MODEL}/commit/{REV}", self.commit),
            ("POST", rf"{MODEL}/tag/{REV}", self.tag),
            ("DELETE", rf"{MODEL}/tag/{REV}", self.untag),
            ("POST", rf"{MODEL}/branch/{REV}", self.branch),
            ("DELETE", rf"{MODEL}/branch/{REV}", self.unbranch),
            ("POST", rf"/{REPO}\.git/info/lfs/objects/batch", self.batch),
            ("POST", rf"/{REPO}\.git/info/lfs/verify", self.verify),
            ("GET HEAD", rf"/{REPO}/resolve/{REV}/(?P<path>.+)", self.resolve),
        ]
        return [(methods, re.compile(path), function) for methods, path, function in table]

    def storage_table(self) -> list[Route]:
        """(methods, path, function) of the storage, another origin as on the public Hub."""
        path = re.compile(r"/objects/(?P<sha256>[0-9a-f]{64})")
        return [("GET HEAD", path, self.get_object), ("PUT", path, self.put_object)]

    # -- who may

    def _known(self, request: Request) -> bool:
        return request.token is not None and self.token in (None, request.token)

    def demand_writer(self, request: Request) -> None:
        """Refuse a caller who may not write."""
        if self.token is not None and not self._known(request):
            raise RefusedError(403 if request.token else 401, "Invalid username or password.")

    def _repo(self, request: Request, repo_id: str, *, content: bool = False) -> Repo:
        """The repository, if the caller may see it (or its content); else refused as on the Hub."""
        if new := self.store.moved(repo_id):
            raise MovedError(repo_id, new)
        try:
            repo = self.store.repo(repo_id)
        except RefusedError:
            raise self._missing(request) from None
        if repo["private"] and not self._known(request):
            raise self._missing(request)
        if repo["disabled"]:
            raise RefusedError(403, "Access to this resource is disabled.")
        if content and repo["gated"] and not (self.token and self._known(request)):
            text = f"Access to model {repo_id} is restricted. You must have access to it and be authenticated."
            raise RefusedError(403 if request.token else 401, text, code="GatedRepo")
        return repo

    def _missing(self, request: Request) -> RefusedError:
        if request.token:
            return RefusedError(404, "Repository not found", code="RepoNotFound")
        return RefusedError(401, "Invalid username or password.", code="RepoNotFound")

    # -- about the Hub

    def agent_harnesses(self, request: Request) -> Answer:
        """The registry of agents the client asks for as telemetry: none."""
        request.body.read()
        return as_json({"standardEnvVars": [], "harnesses": {}})

    def whoami(self, request: Request) -> Answer:
        """Who the token belongs to."""
        if not self._known(request):
            raise RefusedError(401, "Invalid username or password.")
        auth = {"type": "access_token", "accessToken": {"displayName": "local", "role": "write"}}
        return as_json({"type": "user", "id": "0" * 24, "name": "local", "fullname": "Local", "orgs": [], "auth": auth})

    def validate_yaml(self, request: Request) -> Answer:
        """Cards are never refused here."""
        request.json()
        return as_json({"errors": [], "warnings": []})

    def models(self, request: Request) -> Answer:
        """The repositories the caller may see."""
        known = self._known(request)
        shown = [repo_id for repo_id, repo in self.store.repos().items() if known or not repo["private"]]
        return as_json([{"id": repo_id, "modelId": repo_id} for repo_id in sorted(shown)])

    # -- repositories

    def _named(self, request: Request) -> tuple[str, dict[str, Any]]:
        self.demand_writer(request)
        body = request.json()
        return f"{body.get('organization') or 'local'}/{body.get('name')}", body

    def create(self, request: Request) -> Answer:
        """A new repository; 409 with its url when there is one already, which the client reads."""
        repo_id, body = self._named(request)
        url = {"url": f"{request.base}/{repo_id}", "name": repo_id}
        if repo_id in self.store.repos():
            raise RefusedError(409, "exists", body={"error": "You already created this model repo", **url})
        private = body.get("private") is True or body.get("visibility") == "private"
        self.store.create(repo_id, private=private)
        return as_json(url | {"id": self.store.repo(repo_id)["_id"]})

    def delete(self, request: Request) -> Answer:
        """Forget a repository."""
        repo_id, _ = self._named(request)
        self._repo(request, repo_id)
        self.store.delete(repo_id)
        return as_json({})

    def move(self, request: Request) -> Answer:
        """Rename a repository."""
        self.demand_writer(request)
        body = request.json()
        self._repo(request, body["fromRepo"])
        self.store.move(body["fromRepo"], body["toRepo"])
        return as_json({})

    def info(self, request: Request, repo: str, rev: str = "main") -> Answer:
        """model_info, with sizes and digests for blobs=true and the scan result for securityStatus=true."""
        found = self._repo(request, repo)
        sha, commit = self.store.commit_of(repo, rev)
        blobs = request.query.get("blobs") == "true"
        answer = {
            "_id": found["_id"],
            "id": repo,
            "modelId": repo,
            "author": repo.partition("/")[0],
            "sha": sha,
            "lastModified": commit["date"],
            "createdAt": found["created"],
            "private": found["private"],
            "gated": found["gated"],
            "disabled": found["disabled"],
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "spaces": [],
            "siblings": [sibling(path, file, found, blobs=blobs) for path, file in commit["files"].items()],
        }
        if request.query.get("securityStatus") == "true":
            answer["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": []}
        return as_json(answer, headers=LIMITS)

    def refs(self, request: Request, repo: str) -> Answer:
        """Branches and tags."""
        found = self._repo(request, repo)

        def listed(kind: str, prefix: str) -> list[dict[str, str]]:
            items = found[kind].items()
            return [{"name": n, "ref": f"refs/{prefix}/{n}", "targetCommit": sha} for n, sha in items]

        answer = {"branches": listed("branches", "heads"), "tags": listed("tags", "tags"), "converts": []}
        return as_json(answer | ({"pullRequests": []} if "include_prs" in request.query else {}))

    def commits(self, request: Request, repo: str, rev: str) -> Answer:
        """The history of a revision, newest first, in pages."""
        self._repo(request, repo)
        history = [
            {
                "id": sha,
                "title": c["title"],
                "message": c["message"],
                "date": c["date"],
                "authors": [{"user": "local"}],
            }
            for sha, c in self.store.history(repo, rev)
        ]
        return self._page(request, f"/api/models/{repo}/commits/{quote(rev, safe='')}", history)

    def tree(self, request: Request, repo: str, rev: str, under: str = "") -> Answer:
        """The files (and folders) of a revision, in pages."""
        found = self._repo(request, repo)
        _, commit = self.store.commit_of(repo, rev)
        items = listing(commit, under, recursive=request.query.get("recursive", "").lower() == "true")
        if under and not items:
            raise RefusedError(404, f"{under} does not exist on {rev}", code="EntryNotFound")
        path = f"/api/models/{repo}/tree/{quote(rev, safe='')}" + (f"/{quote(under)}" if under else "")
        return self._page(request, path, [item(p, f, found) for p, f in items])

    def _page(self, request: Request, path: str, items: list[Any]) -> Answer:
        start = int(request.query.get("cursor", 0))
        end = start + self.page_size
        headers = dict(LIMITS)
        if end < len(items):
            query = urlencode({**request.query, "cursor": end})
            headers["Link"] = f'<{request.base}{path}?{query}>; rel="next"'
        return as_json(items[start:end], headers=headers)

    def paths_info(self, request: Request, repo: str, rev: str) -> Answer:
        """The entries of the paths asked for; unknown ones are left out."""
        found = self._repo(request, repo)
        _, commit = self.store.commit_of(repo, rev)
        asked = parse_qs(request.body.read().decode()).get("paths", [])
        known = dict(listing(commit, "", recursive=True))
        return as_json([item(path, known[path], found) for path in asked if path in known])

    # -- commits

    def preupload(self, request: Request, repo: str, rev: str) -> Answer:
        """How each file is to be uploaded; `oid` lets the client leave out what has not changed."""
        self.demand_writer(request)
        self._repo(request, repo)
        _, commit = self.store.commit_of(repo, rev)
        return as_json({"files": [upload_mode(file, commit["files"]) for file in request.json()["files"]]})

    def batch(self, request: Request, repo: str) -> Answer:
        """Where to upload each large object; no actions for those already here."""
        self.demand_writer(request)
        self._repo(request, repo)
        objects = []
        for wanted in request.json()["objects"]:
            answer = {"oid": wanted["oid"], "size": wanted["size"]}
            if not self.store.has(wanted["oid"]):
                verify = {"href": f"{request.base}/{repo}.git/info/lfs/verify"}
                upload = {"href": f"{self.storage}/objects/{wanted['oid']}?X-Signature=local"}
                answer["actions"] = {"upload": upload, "verify": verify}
            objects.append(answer)
        return as_json({"transfer": "basic", "objects": objects})

    def verify(self, request: Request, repo: str) -> Answer:
        """Whether an upload arrived whole."""
        self.demand_writer(request)
        self._repo(request, repo)
        wanted = request.json()
        if not self.store.has(wanted["oid"]) or self.store.path(wanted["oid"]).stat().st_size != wanted["size"]:
            raise RefusedError(404, f"Object {wanted['oid']} was not uploaded")
        return as_json({})

    def commit(self, request: Request, repo: str, rev: str) -> Answer:
        """One ndjson line for the header, then one a change."""
        self.demand_writer(request)
        self._repo(request, repo)
        header: dict[str, Any] = {}
        changes: dict[str, FileEntry | None] = {}
        for line in request.body.read().splitlines():
            operation = json.loads(line)
            if operation["key"] == "header":
                header = operation["value"]
            else:
                changes[operation["value"]["path"].rstrip("/")] = self._change(operation["key"], operation["value"])
        title, message, parent = (
            header.get("summary", ""),
            header.get("description", ""),
            header.get("parentCommit"),
        )
        sha = self.store.commit(repo, rev, changes=changes, title=title, message=message, parent=parent)
        return as_json({"success": True, "commitOid": sha, "commitUrl": f"{request.base}/{repo}/commit/{sha}"})

    def _change(self, key: str, value: dict[str, Any]) -> FileEntry | None:
        if key == "file":
            return self.store.put_file(base64.b64decode(value["content"]))
        if key == "lfsFile":
            if not self.store.has(value["oid"]):
                raise RefusedError(400, f"The large file {value['path']} was not uploaded")
            return large_entry(value["oid"], self.store.path(value["oid"]).stat().st_size)
        if key in ("deletedFile", "deletedFolder"):
            return None
        raise RefusedError(400, f"Unknown operation {key}")

    def tag(self, request: Request, repo: str, rev: str) -> Answer:
        """A tag on a revision; 409 when the name is taken."""
        self.demand_writer(request)
        self._repo(request, repo)
        self.store.point(repo, "tags", request.json()["tag"], rev)
        return as_json({})

    def untag(self, request: Request, repo: str, rev: str) -> Answer:
        """Remove a tag."""
        self.demand_writer(request)
        self._repo(request, repo)
        self.store.unpoint(repo, "tags", rev)
        return as_json({})

    def branch(self, request: Request, repo: str, rev: str) -> Answer:
        """A branch from a starting point, main unless said otherwise."""
        self.demand_writer(request)
        self._repo(request, repo)
        self.store.point(repo, "branches", rev, request.json().get("startingPoint") or "main")
        return as_json({})

    def unbranch(self, request: Request, repo: str, rev: str) -> Answer:
        """Remove a branch."""
        self.demand_writer(request)
        self._repo(request, repo)
        self.store.unpoint(repo, "branches", rev)
        return as_json({})

    # -- content

    def resolve(self, request: Request, repo: str, rev: str, path: str) -> Answer:
        """A file of a revision: itself, or for a large one the way to the storage."""
        self._repo(request, repo, content=True)
        sha, commit = self.store.commit_of(repo, rev)
        headers = {"X-Repo-Commit": sha, "Accept-Ranges": "bytes", **LIMITS}
        if path not in commit["files"]:
            raise RefusedError(404, f"{path} does not exist on {rev}", code="EntryNotFound")
        file = commit["files"][path]
        if not file["lfs"]:
            headers |= {"ETag": f'"{file["git"]}"', "Content-Type": "text/plain; charset=utf-8"}
            return Answer(200, self.store.path(file["sha256"]), headers)
        headers |= {"X-Linked-Etag": f'"{file["sha256"]}"', "X-Linked-Size": str(file["size"])}
        headers["Location"] = f"{self.storage}/objects/{file['sha256']}?X-Signature=local"
        return Answer(302, b"", headers)

    def get_object(self, request: Request, sha256: str) -> Answer:
        """A large object, to whoever holds the signed address and nothing else."""
        self._signed(request)
        if not self.store.has(sha256):
            raise RefusedError(404, "NoSuchKey")
        headers = {
            "ETag": f'"{sha256}"',
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
        }
        return Answer(200, self.store.path(sha256), headers)

    def put_object(self, request: Request, sha256: str) -> Answer:
        """The upload of a large object."""
        self._signed(request)
        self.store.put(request.body, expected=sha256)
        return Answer(200, b"", {"ETag": f'"{sha256}"'})

    def _signed(self, request: Request) -> None:
        """Like a bucket behind signed addresses: two ways to authenticate in one request are an error."""
        if "authorization" in request.headers:
            raise RefusedError(400, "Only one auth mechanism allowed")
        if "X-Signature" not in request.query:
            raise RefusedError(403, "AccessDenied")
