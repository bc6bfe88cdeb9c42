"""The steps of one download. Imported by registry.hub, once that has set the library's switches."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.hf_api import ModelInfo

from registry.contract_card import CARD
from registry.hub_errors import DamagedDownload, HubMisbehaved, NoModelFile, RepoDisabled, TooLarge
from registry.hub_files import (
    COMMIT,
    MANIFEST,
    MODEL_ENDINGS,
    PulledRepo,
    RemoteFile,
    declared_in,
    digests,
    is_model,
    may_be_model,
    named_in,
    pictures_in,
    possible,
)
from registry.hub_limits import Call


def api_of(call: Call) -> HfApi:
    """The library's client for a call."""
    return HfApi(endpoint=call.endpoint, token=call.token or False, library_name="futurisys")


def info_of(call: Call, api: HfApi) -> tuple[ModelInfo, str]:
    """What a revision is now, and its commit. Raises HubError."""
    info = api.model_info(call.repo_id, revision=call.revision, files_metadata=True, securityStatus=True)
    if info.disabled:
        raise disabled(call)
    if not COMMIT.fullmatch(info.sha or ""):
        raise HubMisbehaved(f"{call.endpoint} did not say which commit {call.what} is.")
    if not all(possible(file) for file in listing_of(info)):
        raise HubMisbehaved(f"{call.endpoint} lists a file of {call.what} that no repository can hold.")
    return info, str(info.sha)


def listing_of(info: ModelInfo) -> tuple[RemoteFile, ...]:
    """The files of a revision, as the Hub lists them."""
    return tuple(
        RemoteFile(file.rfilename, file.lfs.size, file.lfs.sha256, None)
        if file.lfs
        else RemoteFile(file.rfilename, file.size, None, file.blob_id)
        for file in info.siblings or ()
    )


def disabled(call: Call) -> RepoDisabled:
    """The refusal of a repository that the Hub has switched off."""
    return RepoDisabled(f"{call.endpoint} has disabled {call.what}; ask its owner, or track another repository.")


class Pull:
    """The steps of one download into one folder."""

    def __init__(self, call: Call, folder: Path, max_bytes: int, max_files: int) -> None:
        self.call, self.folder, self.api = call, folder, api_of(call)
        self.max_bytes, self.max_files = max_bytes, max_files
        self.files: dict[str, tuple[int, str]] = {}
        self.verified = True

    def run(self, files_wanted: Callable[[str], bool]) -> PulledRepo:
        """Fetch and check; see registry.hub.pull."""
        info, commit = info_of(self.call, self.api)
        if commit != self.call.revision:
            raise HubMisbehaved(f"{self.call.endpoint} answered for {self.call.what} with commit {commit}.")
        listed = {file.path: file for file in listing_of(info)}
        chosen = {path: file for path, file in listed.items() if files_wanted(path)}
        self._must_hold_a_model(listed)
        self._read_notes(listed, chosen)
        self._must_hold_a_model(chosen)
        self._allow(chosen)
        room = {"files": self.max_files - len(chosen), "total": self.max_bytes - _total(chosen)}
        chosen |= {path: listed[path] for path in pictures_in(self.folder, listed, **room)}
        for path in sorted(chosen.keys() - self.files.keys()):
            self._fetch(chosen[path])
        shutil.rmtree(self.folder / ".cache", ignore_errors=True)  # the library's notes
        return PulledRepo(commit, self.folder, self.files, self.verified)

    def _read_notes(self, listed: dict[str, RemoteFile], chosen: dict[str, RemoteFile]) -> None:
        """Fetch the files that name other files, and add those to the chosen ones."""
        if MANIFEST in chosen:
            self._allow({MANIFEST: chosen[MANIFEST]})
            self._fetch(chosen[MANIFEST])
            named = [path for path in named_in(self.folder / MANIFEST) if path in listed]
            chosen |= {path: listed[path] for path in named}
        self._allow(chosen)
        for path in ("config.json", CARD):
            if path in chosen:
                self._fetch(chosen[path])
        if MANIFEST not in chosen:
            named = [path for path in declared_in(self.folder) if path in listed]
            chosen |= {path: listed[path] for path in named}

    def _must_hold_a_model(self, paths: Iterable[str]) -> None:
        if not any(is_model(path) or may_be_model(path) for path in paths):
            kinds = ", ".join(sorted(MODEL_ENDINGS))
            where = f"at its root or named by {MANIFEST}, config.json or {CARD}"
            raise NoModelFile(f"{self.call.what} holds no model file ({kinds}) {where}.")

    def _allow(self, chosen: dict[str, RemoteFile]) -> None:
        if len(chosen) > self.max_files:
            raise TooLarge(f"{self.call.what} has {len(chosen)} files to download; {self.max_files} are allowed.")
        total = _total(chosen)
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


def _total(files: dict[str, RemoteFile]) -> int:
    """Bytes of the files, as far as the Hub told their sizes."""
    return sum(file.size or 0 for file in files.values())
