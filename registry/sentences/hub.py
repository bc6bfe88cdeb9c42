"""What a Hub did when it was asked."""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    _("The Hub “%(name)s” is no longer in HUB_ENDPOINTS."),
    _("%(commit)s is no commit of %(repo)s: its 40 hexadecimal digits are needed."),
    _("%(hub)s answered for %(repo)s at %(commit)s as no Hub does; is the address right?"),
    _("%(repo)s is no repository id; write it as namespace/name."),
    _("%(repo)s at %(commit)s was not asked for, because HF_HUB_OFFLINE is set; take it away."),
    _("%(hub)s sends us in circles for %(repo)s at %(commit)s."),
    _("%(hub)s does not accept the card of %(repo)s. %(said_error)s"),
    _("A file of %(repo)s at %(commit)s arrived with another length than %(hub)s lists."),
    _(
        "%(repo)s at %(commit)s is gated: accept its conditions on %(page)s with the account of the token, then "
        "try again."
    ),
    _("%(repo)s at %(commit)s was not found: %(hub)s has no such repository, or the token may not see it."),
    _("%(repo)s at %(commit)s was not found: %(hub)s has no such repository, or it is private and no token is set."),
    _("%(repo)s on %(hub)s has no branch, tag or commit %(revision)s."),
    _("A file of %(repo)s at %(commit)s is listed by %(hub)s but cannot be had."),
    _("%(path)s of %(repo)s at %(commit)s is listed by %(hub)s but cannot be had."),
    _("The Hub's address must be http:// or https:// and a host, without a password."),
    _("%(hub)s sent us to %(origin)s for %(repo)s at %(commit)s; that request was not made."),
    _("%(hub)s sent %(repo)s at %(commit)s compressed, which was not asked for."),
    _("%(repo)s at %(commit)s is larger than the %(size)s bytes allowed, answers included."),
    _("%(hub)s did not finish with %(repo)s at %(commit)s within %(seconds)s s; try again later."),
    _("%(hub)s went silent while asked for %(repo)s at %(commit)s; try again later."),
    _("The connection to %(hub)s for %(repo)s at %(commit)s failed (%(error)s); check the address and the network."),
    _("%(hub)s allows no more requests for now (%(repo)s at %(commit)s); try again in %(seconds)s s."),
    _("%(hub)s allows no more requests for now (%(repo)s at %(commit)s); try again later."),
    _("%(hub)s has a problem (HTTP %(status)s) with %(repo)s at %(commit)s; try again later."),
    _("%(hub)s does not accept the token for %(repo)s at %(commit)s (HTTP %(status)s)."),
    _("%(hub)s does not accept a request without token for %(repo)s at %(commit)s (HTTP %(status)s)."),
    _("%(hub)s answered HTTP %(status)s for %(repo)s at %(commit)s."),
    _("%(hub)s has disabled %(repo)s at %(commit)s; ask its owner, or track another repository."),
    _("%(hub)s did not say which commit %(repo)s at %(commit)s is."),
    _("%(hub)s lists a file of %(repo)s at %(commit)s that no repository can hold."),
    _("%(hub)s answered for %(repo)s at %(commit)s with commit %(other)s."),
    _(
        "%(repo)s at %(commit)s holds no model file (%(kinds)s) at its root or named by model_manifest.json, "
        "config.json or README.md."
    ),
    _("%(repo)s at %(commit)s has %(count)s files to download; %(most)s are allowed."),
    _("%(repo)s at %(commit)s needs %(size)s bytes; %(most)s are allowed."),
    _(
        "%(path)s of %(repo)s at %(commit)s arrived damaged: its content is not what %(hub)s lists; try again, "
        "and if it stays so tell the owner of the Hub."
    ),
    _("Not in %(folder)s: %(names)s"),
    _("The tag %(tag)s of %(repo)s names commit %(there)s, not %(commit)s; choose another."),
)
