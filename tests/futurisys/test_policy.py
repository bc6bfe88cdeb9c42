"""The Content-Security-Policy of every answer."""

import pytest
from csp.constants import NONCE, SELF
from csp.decorators import csp, csp_exempt, csp_update
from csp.exceptions import CSPNonceError
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from futurisys.policy import PolicyMiddleware

HEADER = "Content-Security-Policy"


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("{}")


@csp_update({"img-src": ["https://example.org"]})
def updated(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@csp({"default-src": [SELF]})
def replaced(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@csp_exempt()
def exempt(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@csp_update({"script-src": [SELF, NONCE]})
def with_nonce(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.csp_nonce))  # type: ignore[attr-defined]


def own(request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={HEADER: "sandbox"})


def directives(response: HttpResponse) -> set[str]:
    return {each.strip() for each in response.headers.get(HEADER, "").split(";")}


@pytest.mark.parametrize("view", [plain, updated, replaced, exempt, own])
def test_it_says_what_django_csp_says(view: object) -> None:
    ours, theirs = PolicyMiddleware(view), CSPMiddleware(view)
    for _ in range(2):  # the second one is the settled one
        told, expected = ours(RequestFactory().get("/")), theirs(RequestFactory().get("/"))
        assert directives(told) == directives(expected)


def test_a_nonce_stays_one_of_a_request() -> None:
    answers = [PolicyMiddleware(with_nonce)(RequestFactory().get("/")) for _ in range(2)]
    for answer in answers:
        assert f"'nonce-{answer.content.decode()}'" in answer.headers[HEADER]
    assert answers[0].content != answers[1].content


def test_a_nonce_that_comes_too_late_is_an_error() -> None:
    request = RequestFactory().get("/")
    PolicyMiddleware(plain)(request)
    with pytest.raises(CSPNonceError):
        str(request.csp_nonce)  # type: ignore[attr-defined]


def test_other_settings_make_another_policy() -> None:
    middleware = PolicyMiddleware(plain)
    middleware(RequestFactory().get("/"))
    with override_settings(CONTENT_SECURITY_POLICY={"DIRECTIVES": {"default-src": [SELF]}}):
        assert directives(middleware(RequestFactory().get("/"))) == {"default-src 'self'"}
    with override_settings(CONTENT_SECURITY_POLICY_REPORT_ONLY={"DIRECTIVES": {"default-src": [SELF]}}):
        assert middleware(RequestFactory().get("/")).headers[f"{HEADER}-Report-Only"]
