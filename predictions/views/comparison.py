"""Two answers side by side."""


from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def compare(request: HttpRequest) -> HttpResponse:
    raise Http404
