"""What the page of a promotion, which belongs to the registry, shows of comparisons."""

from typing import Any

from django import template

from predictions.monitoring.comparison.offered import offered
from predictions.monitoring.comparison.pages import ADD
from registry.presenters.candidates import Candidate

register = template.Library()
RIGHT = "predictions.view_comparison"


@register.inclusion_tag("monitoring/comparison/offered.html", takes_context=True)
def compared(context: dict[str, Any], candidate: Candidate) -> dict[str, Any]:
    """The newest comparison of a candidate with the version in charge, or where to ask for one."""
    user = context["user"]
    is_open = candidate.is_ready and not candidate.version.is_draft and not candidate.is_champion
    if candidate.champion is None or not is_open or not user.has_perm(RIGHT):
        return {"offered": None}
    found = offered(candidate.champion, candidate.version, user)
    return {"offered": found, "may_add": user.has_perm(ADD)}
