"""The newest comparison of two versions that is done, for the page that decides between them."""

from dataclasses import dataclass

from django.urls import reverse

from predictions.models import Comparison
from predictions.monitoring.comparison.offers import key_of
from predictions.monitoring.comparison.results import Against, Result
from registry.models import ModelVersion


@dataclass(frozen=True)
class Offered:
    """What the promotion page says: the newest result, if any, and where to ask for another one."""

    result: Result | None
    against: Against | None
    new_url: str


def offered(champion: ModelVersion, candidate: ModelVersion, viewer: object) -> Offered:
    """For a candidate and the version in charge."""
    query = {"base": key_of(champion), "versions": key_of(candidate)}
    url = reverse("monitoring-compare", args=[champion.model.name], query=query)
    found = _newest(champion, candidate)
    if found is None:
        return Offered(None, None, url)
    page = Result(found, viewer)  # type: ignore[arg-type]
    against = next(one for one in page.against if one.one.version_id == candidate.pk)
    return Offered(page, against, url)


def _newest(champion: ModelVersion, candidate: ModelVersion) -> Comparison | None:
    done = Comparison.objects.filter(status=Comparison.Status.DONE, done__gt=0)
    both = done.filter(compared__version=champion, compared__place=0).filter(compared__version=candidate)
    return both.select_related("model", "by").prefetch_related("compared__version__model").order_by("-pk").first()
