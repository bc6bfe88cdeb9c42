"""What can go wrong between us and a Hub. Each text is a sentence a person can act on and holds no token."""

from registry.exceptions import RegistryError


class HubError(RegistryError):
    """Anything a Hub call may end in; `temporary` ones may go well later without anybody doing anything."""

    temporary = False


class HubUnreachable(HubError):
    """No connection, or it was lost."""

    temporary = True


class HubTimeout(HubError):
    """Silence, or the budget is spent."""

    temporary = True


class HubRateLimited(HubError):
    """Too many requests; `retry_after` is in seconds, or None when the Hub did not say."""

    temporary = True

    def __init__(self, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class HubUnavailable(HubError):
    """The Hub answers with a server error."""

    temporary = True


class HubRefused(HubError):
    """The Hub does not accept the token, or not for this."""


class HubMisbehaved(HubError):
    """An answer that no Hub gives, or a way to another host."""


class BadAddress(HubError):
    """The endpoint or the repository id cannot be one."""


class RepoMissing(HubError):
    """No such repository for this token: a Hub does not tell private from absent."""


class RepoGated(HubError):
    """The repository asks for an agreement first."""


class RepoDisabled(HubError):
    """The Hub has closed the repository."""


class RevisionMissing(HubError):
    """No such branch, tag or commit."""


class FileMissing(HubError):
    """A file is listed but cannot be had."""


class DamagedDownload(HubError):
    """What arrived is not what the Hub lists."""


class TooLarge(HubError):
    """More bytes or files than allowed."""


class NoModelFile(HubError):
    """Nothing in the repository can be a model."""


class TagTaken(HubError):
    """The tag names another commit already."""
