"""What stands at an axis."""

from django.utils.translation import gettext as _

from registry.texts import figure, percentage


def tick(value: float, *, percent: bool) -> str:
    """`23%` of a share from 0 to 1, otherwise the number in four digits; a share's ends are round."""
    if not percent:
        return figure(float(f"{value:.4g}"))
    return percentage(100 * value) if value else _("%(number)s%%") % {"number": 0}
