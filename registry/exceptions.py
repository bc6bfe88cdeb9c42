"""What the registry may refuse. Each text is a sentence a person can act on, without personal data."""


class RegistryError(Exception):
    """Anything the registry refuses; doors show `str(error)`."""


class UnknownModel(RegistryError):
    """No tracked model has this name, or it has no champion and no such version."""


class ModelSuspended(RegistryError):
    """The model's latest ledger entry suspends it."""


class NotPromotable(RegistryError):
    """The version is not ready, or is no version of this model."""


class ImportRejected(RegistryError):
    """The files of a version cannot be served; the text becomes the version's reason."""


class NotAllowed(RegistryError):
    """This person may not do that."""


class Superseded(RegistryError):
    """Somebody else changed the model first; the request is kept, without effect."""
