"""Two answers side by side."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from predictions.history.compare import Comparison
from predictions.history.unseen import kept_back
from predictions.views.case_file import visible_record


@require_GET
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    """/history/compare/?a=&b=: the older first; `?answer=&answer=` is what ticked boxes send."""
    ticked = request.GET.getlist("answer")
    if len(ticked) == 2:
        older, newer = sorted(ticked)  # their numbers grow with time
        return redirect(reverse("history-compare", query={"a": older, "b": newer}))
    numbers = [request.GET.get("a", ""), request.GET.get("b", "")]
    if ticked or not all(numbers):
        status = 400 if ticked or any(numbers) else 200
        page = {"ticked": len(ticked), "is_wrong": status != 200}
        return render(request, "predictions/history/compare_two.html", page, status=status)
    first, second = (visible_record(request.user, number) for number in numbers)
    for number in kept_back(request, [first.pk, second.pk]):
        return redirect("record", number)  # that page keeps the answer back until there is an estimate
    context = {"page": Comparison(first, second, request.user)}
    return render(request, "predictions/history/compare.html", context)
