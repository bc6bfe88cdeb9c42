"""The one door to a Hub: resolve a revision, pull its files with their digests checked, publish a folder.

It and `hub_pull`, its own part, alone import huggingface_hub. Catch `HubError`; errors of the local disk stay OSError.

What the library leaves open is closed here and in `hub_limits`. It has calls without a time limit, so every
call has a budget in seconds of wall clock. It checks sizes and no content, so every file is hashed. It
follows redirects with the token to hosts it knows, so no request leaves the endpoint's origin except, without
the token, to the storage of large files the Hub itself points to.
"""

import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import httpx2

# huggingface_hub reads these while it is imported. Xet would carry files past our limits, telemetry asks the
# public Hub whatever the endpoint, and a token found on the machine is nobody's decision.
SWITCHES = tuple(f"HF_HUB_DISABLE_{name}" for name in ("XET", "TELEMETRY", "PROGRESS_BARS", "IMPLICIT_TOKEN"))
os.environ.update(dict.fromkeys(SWITCHES, "1"))

from huggingface_hub import CommitOperationAdd, HfApi, constants, errors, set_client_factory  # noqa: E402
from huggingface_hub.hf_api import ModelInfo  # noqa: E402

from registry.hub_errors import (  # noqa: E402
    BadAddress,
    DamagedDownload,
    FileMissing,
    HubError,
    HubMisbehaved,
    HubRateLimited,
    HubRefused,
    HubTimeout,
    HubUnavailable,
    HubUnreachable,
    NoModelFile,
    RepoDisabled,
    RepoGated,
    RepoMissing,
    RevisionMissing,
    TagTaken,
    TooLarge,
)
from registry.hub_files import (  # noqa: E402
    COMMIT,
    PulledRepo,
    RemoteFile,
    RepoHead,
    fingerprint,
    wanted,
)
from registry.hub_limits import ANSWERS, Call, LimitedClient  # noqa: E402
from registry.hub_pull import Pull, api_of, disabled, info_of, listing_of  # noqa: E402

__all__ = [
    "BadAddress",
    "DamagedDownload",
    "FileMissing",
    "HubError",
    "HubMisbehaved",
    "HubRateLimited",
    "HubRefused",
    "HubTimeout",
    "HubUnavailable",
    "HubUnreachable",
    "NoModelFile",
    "PulledRepo",
    "RemoteFile",
    "RepoDisabled",
    "RepoGated",
    "RepoHead",
    "RepoMissing",
    "RevisionMissing",
    "TagTaken",
    "TooLarge",
    "fingerprint",
    "publish",
    "pull",
    "resolve",
    "wanted",
]

for _switch in SWITCHES:  # in case it was imported before this module
    setattr(constants, _switch, True)


def _offline(_request: httpx2.Request) -> None:
    """What the library's own hook is for: HF_HUB_OFFLINE."""
    if constants.is_offline_mode():
        raise errors.OfflineModeIsEnabled


def use_limited_client() -> None:
    """Put every request of huggingface_hub in this process under the limits of a call."""
    set_client_factory(lambda: LimitedClient(_offline))


use_limited_client()

T = TypeVar("T")
REPO_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
REPO_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)

# -- the three verbs


def resolve(*, endpoint: str, repo_id: str, revision: str, token: str | None, budget_seconds: float = 60.0) -> RepoHead:
    """What a branch, tag or commit of a repository is now.

    `endpoint` is an http(s) address the caller trusts; `token` = None asks anonymously. Ends within
    `budget_seconds` (and a second). Raises HubError; a gated repository resolves, only its files are closed.
    """
    call = Call(endpoint, repo_id, revision, token, budget_seconds)

    def work() -> RepoHead:
        api = api_of(call)
        info, commit = info_of(call, api)
        refs = api.list_repo_refs(repo_id)
        tags = sorted(ref.name for ref in refs.tags if ref.target_commit == commit)
        return RepoHead(
            commit,
            *_names(call, info),
            listing_of(info),
            tuple(tags),
            bool(info.gated),
            info.last_modified,
        )

    return _within(call, work)


def pull(
    *,
    endpoint: str,
    repo_id: str,
    commit: str,
    directory: Path,
    token: str | None,
    max_bytes: int,
    budget_seconds: float,
    max_files: int = 64,
    files_wanted: Callable[[str], bool] = wanted,
) -> PulledRepo:
    """Download what `files_wanted`, the manifest, config.json or the card names of a commit, to a new folder.

    The folder is made in `directory`; `commit` is the full id, never a branch. Of the card's pictures those come
    that fit. Refused before any file but those three: more than `max_bytes` or `max_files` in all, no model file.
    Each file must have the size and the digest the Hub lists; where it lists no digest, `verified` is False and the
    manifest's digests are left to the caller. On any error the new folder is gone. Ends within `budget_seconds`
    (and a second). Raises HubError, OSError.
    """
    if not COMMIT.fullmatch(commit):
        raise RevisionMissing(f"{commit!r} is no commit of {repo_id}: its 40 hexadecimal digits are needed.")
    call = Call(endpoint, repo_id, commit, token, budget_seconds, max_bytes=max_bytes + ANSWERS)
    folder = Path(tempfile.mkdtemp(dir=directory, prefix="pull."))
    try:
        return _within(call, lambda: Pull(call, folder, max_bytes, max_files).run(files_wanted))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def publish(
    *,
    endpoint: str,
    repo_id: str,
    directory: Path,
    token: str | None,
    tag: str | None,
    message: str,
    files: list[str],
    budget_seconds: float = 600.0,
) -> str:
    """Commit files of `directory` (posix paths) to main of a repository, new if need be; return the commit.

    Unchanged files make no commit: the id of the present one comes back. `tag` is put on the commit, TagTaken
    if it names another one. Raises HubError, and FileNotFoundError before anything is sent.
    """
    if missing := [name for name in files if not (directory / name).is_file()]:
        raise FileNotFoundError(f"Not in {directory}: {', '.join(missing)}")
    call = Call(endpoint, repo_id, "main", token, budget_seconds, uploads=True)

    def work() -> str:
        api = api_of(call)
        if not api.repo_exists(repo_id):  # asked first: a token may write here and yet not create
            api.create_repo(repo_id, exist_ok=True)
        operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=directory / name) for name in files]
        with warnings.catch_warnings():  # the library warns of its own way of uploading, and of short cards
            warnings.simplefilter("ignore")
            for operation in operations:  # one by one: for several it would start threads outside of our limits
                api.preupload_lfs_files(repo_id, [operation], free_memory=False)
            commit = api.create_commit(repo_id, operations, commit_message=message).oid
        if tag is not None:
            _tag(call, api, tag, commit)
        return commit

    return _within(call, work)


# -- the steps


def _names(call: Call, info: ModelInfo) -> tuple[str, str | None]:
    """The name the repository has now, and the Hub's own id of it; what cannot be one is as if it was not told."""
    name, key = info.id, getattr(info, "_id", None)
    has_name = isinstance(name, str) and len(name) <= 200 and REPO_ID.fullmatch(name)
    return name if has_name else call.repo_id, key if isinstance(key, str) and REPO_KEY.fullmatch(key) else None


def _tag(call: Call, api: HfApi, tag: str, commit: str) -> None:
    try:
        api.create_tag(call.repo_id, tag=tag, revision=commit)
    except errors.HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        there = {ref.name: ref.target_commit for ref in api.list_repo_refs(call.repo_id).tags}.get(tag)
        if there != commit:
            raise TagTaken(
                f"The tag {tag} of {call.repo_id} names commit {there}, not {commit}; choose another."
            ) from error


# -- errors of the library in our words


def _within(call: Call, work: Callable[[], T]) -> T:
    try:
        return call.run(work)
    except Exception as error:
        translated = _translated(call, error)
        if translated is error:
            raise
        raise translated from error


def _translated(call: Call, error: Exception) -> Exception:
    """Ours for what the Hub did; the same one for the local disk and for our own bugs."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, HubError):
            return cause
        if found := _known(call, cause):
            return found
        cause = cause.__cause__
    # the library trusts the shape of the answers it reads
    if isinstance(error, errors.LocalEntryNotFoundError | ValueError | KeyError | TypeError | httpx2.InvalidURL):
        return HubMisbehaved(f"{call.endpoint} answered for {call.what} as no Hub does; is the address right?")
    return error


def _known(call: Call, error: BaseException) -> HubError | None:  # noqa: PLR0911  a table
    if isinstance(error, errors.HfHubHTTPError):
        return _refusal(call, error)
    if isinstance(error, errors.HFValidationError):
        return BadAddress(f"{call.repo_id!r} is no repository id; write it as namespace/name.")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubUnreachable(f"{call.what} was not asked for, because HF_HUB_OFFLINE is set; take it away.")
    if isinstance(error, httpx2.TransportError):
        return call.lost(error)
    if isinstance(error, httpx2.TooManyRedirects):
        return HubMisbehaved(f"{call.endpoint} sends us in circles for {call.what}.")
    if isinstance(error, ValueError) and str(error).startswith("Invalid metadata in README.md"):
        return HubRefused(f"{call.endpoint} does not accept the card of {call.repo_id}. {error}")
    if type(error) is OSError and error.errno is None:  # the library's complaint about a length
        return DamagedDownload(f"A file of {call.what} arrived with another length than {call.endpoint} lists.")
    return None


def _refusal(call: Call, error: errors.HfHubHTTPError) -> HubError:
    if isinstance(error, errors.GatedRepoError):  # before its parent, RepositoryNotFoundError
        return RepoGated(
            f"{call.what} is gated: accept its conditions on {call.endpoint}/{call.repo_id} with the account "
            "of the token, then try again."
        )
    if isinstance(error, errors.DisabledRepoError):
        return disabled(call)
    if isinstance(error, errors.RepositoryNotFoundError):
        why = "the token may not see it" if call.token else "it is private and no token is set"
        return RepoMissing(f"{call.what} was not found: {call.endpoint} has no such repository, or {why}.")
    if isinstance(error, errors.RevisionNotFoundError):
        return RevisionMissing(f"{call.repo_id} on {call.endpoint} has no branch, tag or commit {call.revision}.")
    if isinstance(error, errors.EntryNotFoundError):
        _, _, path = unquote(urlsplit(str(error.response.request.url)).path).partition(f"/{call.revision}/")
        return FileMissing(f"{path or 'A file'} of {call.what} is listed by {call.endpoint} but cannot be had.")
    return call.answered(error.response)
