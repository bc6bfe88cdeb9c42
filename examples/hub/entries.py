"""Files and folders in the JSON the client expects, which differs from call to call."""

from typing import Any

from examples.hub.store import LARGE, Commit, FileEntry, Repo, pointer


def sibling(path: str, file: FileEntry, repo: Repo, *, blobs: bool) -> dict[str, Any]:
    """A file as model_info lists it; sizes and digests with `blobs`."""
    answer: dict[str, Any] = {"rfilename": path}
    if blobs:
        answer["size"] = file["size"]
    if blobs and not repo["bare"]:
        answer["blobId"] = file["git"]
        if file["lfs"]:
            answer["lfs"] = {
                "sha256": file["sha256"],
                "size": file["size"],
                "pointerSize": _pointer_size(file),
            }
    return answer


def item(path: str, file: FileEntry | None, repo: Repo) -> dict[str, Any]:
    """A file, or a folder (None), as tree and paths-info list it."""
    if file is None:
        return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
    answer: dict[str, Any] = {"type": "file", "path": path, "size": file["size"], "oid": file["git"]}
    if file["lfs"] and not repo["bare"]:
        answer["lfs"] = {"oid": file["sha256"], "size": file["size"], "pointerSize": _pointer_size(file)}
    return answer


def _pointer_size(file: FileEntry) -> int:
    return len(pointer(file["sha256"], file["size"]))


def listing(commit: Commit, under: str, *, recursive: bool) -> list[tuple[str, FileEntry | None]]:
    """Files and folders (None) below `under`, folders first as git lists them."""
    prefix = f"{under}/" if under else ""
    items: dict[str, FileEntry | None] = {}
    for path, file in commit["files"].items():
        if not path.startswith(prefix):
            continue
        parts = path[len(prefix) :].split("/")
        depth = range(1, len(parts)) if recursive else range(1, min(2, len(parts)))
        items |= {prefix + "/".join(parts[:n]): None for n in depth}
        if recursive or len(parts) == 1:
            items[path] = file
    return sorted(items.items(), key=lambda item: (item[1] is not None, item[0]))


def upload_mode(file: dict[str, Any], known: dict[str, FileEntry]) -> dict[str, Any]:
    """The answer of preupload about one file."""
    path = file["path"]
    answer = {"path": path, "uploadMode": "lfs" if LARGE.search(path) else "regular", "shouldIgnore": False}
    if there := known.get(path):
        answer["oid"] = there["sha256"] if there["lfs"] else there["git"]
    return answer
