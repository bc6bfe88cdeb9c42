"""What can be chosen in the search, from the registry: asking the answers what there is would read all of them."""

from django.contrib.auth.models import User
from django.db.models import Q, Value
from django.db.models.functions import Concat

from registry import serving
from registry.models import ModelVersion, RegisteredModel
from registry.presenters import model_title
from registry.signature import text_in

MOST = 100


def model_choices() -> list[tuple[str, str]]:
    """Name and title of each model, as its newest version calls it."""
    newest = ModelVersion.objects.ready().order_by("model", "-number").distinct("model")
    called = dict(newest.values_list("model__name", "metadata__name"))
    names = RegisteredModel.objects.order_by("name").values_list("name", flat=True)
    return [(name, model_title(text_in(called.get(name)) or name)) for name in names]


def answer_choices() -> list[tuple[str, str]]:
    """Each class that a model can answer, as it is stored and as pages say it."""
    found: dict[str, list[str]] = {}
    newest = ModelVersion.objects.ready().select_related("model").defer("report", "metadata")
    for version in newest.order_by("model", "-number").distinct("model")[:MOST]:
        signature = serving.signature_of(version)
        for name in signature.class_names:
            titles = found.setdefault(name, [])
            if (title := signature.class_title(name)) not in titles:
                titles.append(title)
    said = [(name, " / ".join(titles)) for name, titles in found.items()]
    return sorted(said, key=lambda choice: choice[1].casefold())


def username_choices() -> list[str]:
    """Names that are offered while typing."""
    return list(User.objects.order_by("username").values_list("username", flat=True)[:MOST])


def people_called(text: str) -> dict[str, int]:
    """User name -> number: the user of that name, else everybody with that first name, last name or both."""
    name = " ".join(text.split())
    whole = Concat("first_name", Value(" "), "last_name")
    is_called = (
        Q(username__iexact=name) | Q(first_name__iexact=name) | Q(last_name__iexact=name) | Q(whole__iexact=name)
    )
    found = User.objects.annotate(whole=whole).filter(is_called).order_by("username")
    known = dict(found.values_list("username", "pk"))
    return {name: known[name]} if name in known else known
