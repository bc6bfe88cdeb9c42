"""Where Django looks for models of the wiring: all of them are about people."""

from futurisys.accounts.models import ApiTokenName, Preferences

__all__ = ["ApiTokenName", "Preferences"]
