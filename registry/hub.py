"""The one door to a Hub: resolve a revision, pull its files with their digests checked, publish a folder.

The only importer of huggingface_hub. Catch `HubError`; errors of the local disk stay OSError.

What the library leaves open is closed here and in `hub_limits`. It has calls without a time limit, so every
call has a budget in seconds of wall clock. It checks sizes and no content, so every file is hashed. It
follows redirects with the token to hosts it knows, so no request leaves the endpoint's origin except, without
the token, to the storage of large files the Hub itself points to.
"""

import os
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
    MANIFEST,
    MODEL_ENDINGS,
    PulledRepo,
    RemoteFile,
    RepoHead,
    digests,
    fingerprint,
    is_model,
    named_in,
    wanted,
)
from registry.hub_limits import ANSWERS, Call, LimitedClient  # noqa: E402

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

# -- the three verbs


def resolve(*, endpoint: str, repo_id: str, revision: str, token: str | None, budget_seconds: float = 60.0) -> RepoHead:
    """What a branch, tag or commit of a repository is now.

    `endpoint` is an http(s) address the caller trusts; `token` = None asks anonymously. Ends within
    `budget_seconds` (and a second). Raises HubError; a gated repository resolves, only its files are closed.
    """
    call = Call(endpoint, repo_id, revision, token, budget_seconds)

    def work() -> RepoHead:
        api = _api(call)
        info, commit = _info(call, api)
        refs = api.list_repo_refs(repo_id)
        tags = sorted(ref.name for ref in refs.tags if ref.target_commit == commit)
        return RepoHead(
            commit,
            getattr(info, "_id", None),
            _listing(info),
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
    """Download what `files_wanted` or the manifest names of a commit, to a new folder of `directory`.

    `commit` is the full id, never a branch. Refused before any file but the manifest: more than `max_bytes`
    or `max_files` in all, no model file. Each file must have the size and the digest the Hub lists; where it
    lists no digest, `verified` is False and the manifest's digests are left to the caller. On any error the
    new folder is gone. Ends within `budget_seconds` (and a second). Raises HubError, OSError.
    """
    if not COMMIT.fullmatch(commit):
        raise RevisionMissing(f"{commit!r} is no commit of {repo_id}: its 40 hexadecimal digits are needed.")
    call = Call(endpoint, repo_id, commit, token, budget_seconds, max_bytes=max_bytes + ANSWERS)
    folder = Path(tempfile.mkdtemp(dir=directory, prefix="pull."))
    try:
        return _within(call, lambda: _Pull(call, folder, max_bytes, max_files).run(files_wanted))
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
        api = _api(call)
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


def _api(call: Call) -> HfApi:
    return HfApi(endpoint=call.endpoint, token=call.token or False, library_name="futurisys")


def _info(call: Call, api: HfApi) -> tuple[ModelInfo, str]:
    info = api.model_info(call.repo_id, revision=call.revision, files_metadata=True, securityStatus=True)
    if info.disabled:
        raise _disabled(call)
    if not COMMIT.fullmatch(info.sha or ""):
        raise HubMisbehaved(f"{call.endpoint} did not say which commit {call.what} is.")
    return info, str(info.sha)


def _listing(info: ModelInfo) -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(file.rfilename, file.lfs.size, file.lfs.sha256, None)
        if file.lfs
        else RemoteFile(file.rfilename, file.size, None, file.blob_id)
        for file in info.siblings or ()
    )


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


class _Pull:
    """The steps of one download into one folder."""

    def __init__(self, call: Call, folder: Path, max_bytes: int, max_files: int) -> None:
        self.call, self.folder, self.api = call, folder, _api(call)
        self.max_bytes, self.max_files = max_bytes, max_files
        self.files: dict[str, tuple[int, str]] = {}
        self.verified = True

    def run(self, files_wanted: Callable[[str], bool]) -> PulledRepo:
        info, commit = _info(self.call, self.api)
        if commit != self.call.revision:
            raise HubMisbehaved(f"{self.call.endpoint} answered for {self.call.what} with commit {commit}.")
        listed = {file.path: file for file in _listing(info)}
        chosen = {path: file for path, file in listed.items() if files_wanted(path)}
        if MANIFEST in chosen:
            self._allow({MANIFEST: chosen[MANIFEST]})
            self._fetch(chosen[MANIFEST])
            chosen |= {path: listed[path] for path in named_in(self.folder / MANIFEST) if path in listed}
        if not any(is_model(path) for path in chosen):
            kinds = ", ".join(sorted(MODEL_ENDINGS))
            raise NoModelFile(f"{self.call.what} holds no model file ({kinds}) at its root or named by {MANIFEST}.")
        self._allow(chosen)
        for path in sorted(chosen.keys() - self.files.keys()):
            self._fetch(chosen[path])
        shutil.rmtree(self.folder / ".cache", ignore_errors=True)  # the library's notes
        return PulledRepo(commit, self.folder, self.files, self.verified)

    def _allow(self, chosen: dict[str, RemoteFile]) -> None:
        if len(chosen) > self.max_files:
            raise TooLarge(f"{self.call.what} has {len(chosen)} files to download; {self.max_files} are allowed.")
        total = sum(file.size or 0 for file in chosen.values())
        if total > self.max_bytes:
            raise TooLarge(f"{self.call.what} needs {total:,} bytes; {self.max_bytes:,} are allowed.")

    def _fetch(self, file: RemoteFile) -> None:
        self.api.hf_hub_download(
            self.call.repo_id,
            file.path,
            revision=self.call.revision,
            local_dir=self.folder,
            cache_dir=self.folder / ".cache" / "none",  # the machine's cache may hold anything
        )
        size, sha256, git_sha1 = digests(self.folder / file.path)
        if not file.matches(size, sha256, git_sha1):
            raise DamagedDownload(
                f"{file.path} of {self.call.what} arrived damaged: its content is not what "
                f"{self.call.endpoint} lists; try again, and if it stays so tell the owner of the Hub."
            )
        self.verified = self.verified and file.has_digest
        self.files[file.path] = (size, sha256)


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


def _disabled(call: Call) -> RepoDisabled:
    return RepoDisabled(f"{call.endpoint} has disabled {call.what}; ask its owner, or track another repository.")


def _refusal(call: Call, error: errors.HfHubHTTPError) -> HubError:
    if isinstance(error, errors.GatedRepoError):  # before its parent, RepositoryNotFoundError
        return RepoGated(
            f"{call.what} is gated: accept its conditions on {call.endpoint}/{call.repo_id} with the account "
            "of the token, then try again."
        )
    if isinstance(error, errors.DisabledRepoError):
        return _disabled(call)
    if isinstance(error, errors.RepositoryNotFoundError):
        why = "the token may not see it" if call.token else "it is private and no token is set"
        return RepoMissing(f"{call.what} was not found: {call.endpoint} has no such repository, or {why}.")
    if isinstance(error, errors.RevisionNotFoundError):
        return RevisionMissing(f"{call.repo_id} on {call.endpoint} has no branch, tag or commit {call.revision}.")
    if isinstance(error, errors.EntryNotFoundError):
        _, _, path = unquote(urlsplit(str(error.response.request.url)).path).partition(f"/{call.revision}/")
        return FileMissing(f"{path or 'A file'} of {call.what} is listed by {call.endpoint} but cannot be had.")
    return call.answered(error.response)
