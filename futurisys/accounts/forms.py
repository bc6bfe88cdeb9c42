"""What people fill in about themselves. Sentences are ours where Django's scold or say "invalid"."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from futurisys.accounts.preferences import THEMES
from registry.forms import ActionForm

DAYS = {"30": gettext_lazy("30 days"), "90": gettext_lazy("90 days"), "365": gettext_lazy("One year")}
LONGEST_NAME = 150
USER_NAME = gettext_lazy("User name")


class LoginForm(ActionForm, AuthenticationForm):
    """User name and password."""

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        username, password = self.fields["username"], self.fields["password"]
        username.label, password.label = USER_NAME, gettext_lazy("Password")
        longest = gettext_lazy("Enter your user name: it has at most %(limit_value)d characters.")
        username.error_messages |= {"required": gettext_lazy("Enter your user name.")}
        username.validators.append(MaxLengthValidator(LONGEST_NAME, longest))  # Django only tells the browser
        password.error_messages |= {"required": gettext_lazy("Enter your password.")}

    def get_invalid_login_error(self) -> ValidationError:
        """Which of the two is wrong stays untold."""
        return ValidationError(
            {"username": _("The user name or the password is not right. Both may be case-sensitive.")}
        )


class NewPassword(ActionForm):
    """The two fields of a new password, in our words."""

    error_messages: dict[str, Any] = {
        "password_mismatch": gettext_lazy("The two new passwords differ. Enter the same one twice."),
        "password_incorrect": gettext_lazy("This is not your current password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, second = self.fields["new_password1"], self.fields["new_password2"]
        first.label, second.label = gettext_lazy("New password"), gettext_lazy("New password again")
        first.error_messages |= {"required": gettext_lazy("Enter a new password.")}
        second.error_messages |= {"required": gettext_lazy("Enter the new password again.")}
        first.help_text = gettext_lazy(
            "At least 12 characters, not only digits, unlike your name, and not one that many people use."
        )
        second.help_text = ""

    def validate_password_for_user(self, user: Any, *_field: Any) -> None:
        """What is wrong with a password stands where it was first entered."""
        super().validate_password_for_user(user, "new_password1")  # type: ignore[misc]


class ChangeForm(NewPassword, PasswordChangeForm):
    """The old password, and twice a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        old = self.fields["old_password"]
        old.label, old.widget.attrs["autofocus"] = gettext_lazy("Current password"), False
        old.error_messages |= {"required": gettext_lazy("Enter your current password.")}


class ResetForm(NewPassword, SetPasswordForm):
    """Twice a new password, for whoever has the link of a mail."""


class AddressForm(ActionForm):
    """Where to send the link."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("The one that your account has."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages=dict.fromkeys(
            ("required", "invalid", "max_length"), gettext_lazy("Enter an e-mail address, like name@example.com.")
        ),
    )


class PreferencesForm(ActionForm):
    """How the pages are shown."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose a language of the list.")),
    )
    theme = forms.ChoiceField(
        label=gettext_lazy("Colours"),
        choices=list(THEMES.items()),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose light, dark or neither.")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own_names = {"en": "English", "fr": "Français"}
        languages: Any = self.fields["language"]
        languages.choices = [(code, own_names.get(code, name)) for code, name in settings.LANGUAGES]


class TokenForm(ActionForm):
    """What a token is for, and how long it works."""

    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        help_text=gettext_lazy("For example “payroll script”."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Say what the token is for."),
            "max_length": gettext_lazy("Use at most %(limit_value)d characters; it has %(show_value)d."),
        },
    )
    days = forms.ChoiceField(
        label=gettext_lazy("How long it works"),
        choices=list(DAYS.items()),
        initial="90",
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose how long it works.")),
    )
