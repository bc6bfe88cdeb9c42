"""What asked us to look at the Hub, and what came of each."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from registry.lookups import DeliveryFilter
from registry.models import Delivery
from registry.presenters.deliveries import rows
from registry.views.models import cursor

PAGE = 50


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """/registry/deliveries/: newest first, `?model=` and `?outcome=` filter, `?before=` pages by cursor."""
    form = DeliveryFilter(request.GET)
    before = cursor(request, "before")
    found = Delivery.objects.order_by("-id")
    if before is not None:
        found = found.filter(id__lt=before)
    valid = form.is_valid()
    if name := form.cleaned_data.get("model"):
        found = found.filter(model__name=name)
    if outcome := form.cleaned_data.get("outcome"):
        found = found.filter(outcome=outcome)
    page = rows(found[: PAGE + 1])
    context = {
        "form": form,
        "rows": page[:PAGE],
        "before": before,
        "older": page[PAGE - 1].delivery.pk if len(page) > PAGE else None,
        "chosen": {key: value for key, value in form.cleaned_data.items() if value},
    }
    return render(request, "registry/deliveries.html", context, status=200 if valid else 400)
