"""Which reasons suit which decision, and what may be written beside it. Pure."""

from django.utils.translation import gettext as _

from predictions.models import Decision
from registry import coercion

LONGEST_COMMENT = 2_000
_Verdict, _Reason = Decision.Verdict, Decision.Reason
SUITING: dict[str, tuple[str, ...]] = {
    _Verdict.AGREE: (_Reason.FITS, _Reason.RULE, _Reason.OTHER),
    _Verdict.DISAGREE: (
        _Reason.WRONG_DATA,
        _Reason.MISSING_CONTEXT,
        _Reason.UNUSUAL_CASE,
        _Reason.RULE,
        _Reason.OTHER,
    ),
    _Verdict.NEED_MORE: (_Reason.MISSING_CONTEXT, _Reason.SECOND_LOOK, _Reason.OTHER),
}


def cleaned(comment: str) -> str:
    """The comment as it is stored. Raises registry.coercion.Refused for what no database can hold."""
    return coercion.text(comment.replace("\r\n", "\n"))


def problems(verdict: str, reason: str, comment: str) -> dict[str, str]:
    """A sentence for each field that cannot stay as it is; `comment` as it was cleaned. Empty when all is well."""
    found: dict[str, str] = {}
    if verdict not in SUITING:
        found["verdict"] = _("Choose whether you agree, disagree or need more information.")
    if reason not in _Reason.values:
        found["reason"] = _("Choose a reason.")
    elif reason not in SUITING.get(verdict, _Reason.values):
        found["reason"] = _("Choose another reason: this one does not go with that decision.")
    if reason == _Reason.OTHER and not comment:
        found["comment"] = _("Write the other reason down.")
    elif len(comment) > LONGEST_COMMENT:
        words = {"most": LONGEST_COMMENT, "has": len(comment)}
        found["comment"] = _("Shorten the comment to %(most)d characters; it has %(has)d.") % words
    return found
