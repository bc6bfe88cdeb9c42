"""What was ever answered about one person."""


from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def timeline(request: HttpRequest) -> HttpResponse:
    raise Http404
