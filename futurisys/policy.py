"""The Content-Security-Policy of answers that ask for nothing of their own: settled once, not built for each."""

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class PolicyMiddleware(CSPMiddleware):
    """django-csp's, which writes down two policies for each answer although settings alone decide most of them."""

    _settled: tuple[object, str] = (None, "")

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """An answer with a policy, an exemption or a nonce of its own is left to django-csp."""
        policy = settings.CONTENT_SECURITY_POLICY
        own = any(name.startswith("_csp") for name in response.__dict__) or hasattr(request, "_csp_nonce")
        if own or HEADER in response or policy.keys() != {"DIRECTIVES"} or _reports_only():
            answered: HttpResponseBase = super().process_response(request, response)
            return answered
        if self._settled[0] is not policy:
            self._settled = (policy, build_policy())
        response.headers[HEADER] = self._settled[1]
        request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


def _reports_only() -> bool:
    return bool(getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None))
