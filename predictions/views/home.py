"""/: what can be asked, and what I asked last."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from predictions.model_cards import model_cards
from predictions.models import Prediction
from predictions.presenters import rows


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The models, and the ten latest records of this person."""
    latest = Prediction.objects.for_page().filter(user_id=request.user.pk or 0).order_by("-id")[:10]
    return render(request, "predictions/home.html", {"models": model_cards(), "latest": rows(latest)})
