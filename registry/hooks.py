"""The Hub's webhook: POST /api/v1/hooks/huggingface, answered before the Hub is asked anything.

The Hub sends its secret as it is, without a signature, so a body proves nothing; see registry.hub_events.
"""

import hmac
import logging
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import discovery, strict_json
from registry.api import samples, shapes
from registry.api.documents import PROBLEM, PROBLEMS, ProblemSerializer, example
from registry.hub_events import HubEvent, Malformed

logger = logging.getLogger(__name__)

HEADER = "X-Webhook-Secret"
MAX_BODY = 64 * 1024


class WebhooksOff(exceptions.APIException):
    """No Hub of this instance has a webhook secret."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "webhooks_off"
    default_detail = "Webhooks are switched off here: set HF_WEBHOOK_SECRET."


class TooLarge(exceptions.APIException):
    """No webhook is that large."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = f"A webhook has at most {MAX_BODY // 1024} KB."


class WebhookSecret(BaseAuthentication):
    """`request.auth`: names of the Hubs whose secret was sent. There is no user."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, list[str]]:
        """Raises WebhooksOff, NotAuthenticated, AuthenticationFailed; the log says what was wrong, never the secret."""
        secrets = {name: secret for name, secret in settings.HUB_WEBHOOK_SECRETS.items() if secret}
        if not secrets:
            raise WebhooksOff
        sent = request.headers.get(HEADER)
        if sent is None:
            logger.warning("webhook without a secret", extra={"request": request})
            raise exceptions.NotAuthenticated(f"Send the webhook's secret in {HEADER}.")
        # As bytes: compare_digest raises for a str that is not ASCII. Every secret is compared, whichever fits.
        given = sent.encode("utf-8", "replace")
        hubs = [name for name, secret in secrets.items() if hmac.compare_digest(given, secret.encode())]
        if not hubs:
            logger.warning("webhook with a wrong secret", extra={"request": request})
            raise exceptions.AuthenticationFailed("This is not the webhook's secret.")
        return AnonymousUser(), hubs

    def authenticate_header(self, request: Request) -> str:
        """Without one, DRF would make a 403 of every 401."""
        return HEADER


class HookParser(BaseParser):
    """Strict JSON of at most MAX_BODY bytes, more are not read."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The document. Raises TooLarge, ParseError."""
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise TooLarge
        try:
            return strict_json.loads(body)
        except ValueError as error:
            # The reason may quote the body; what a stranger sent is repeated to nobody.
            raise exceptions.ParseError("The body is no strict JSON.") from error


_DESCRIPTION = (
    "What the Hub sends when a repository changes: JSON of at most 64 KB. It proves nothing, so the Hub itself is asked in "
    "the background. A webhook that came before is taken again, and found to be known. 404 when the installation has no "
    "secret."
)


class HuggingFaceHookView(APIView):
    """POST /api/v1/hooks/huggingface."""

    authentication_classes = [WebhookSecret]
    permission_classes = []
    throttle_classes = []  # a share belongs to a token
    parser_classes = [HookParser]

    @extend_schema(
        operation_id="hooks.huggingface",
        tags=["Registry"],
        summary="The Hub's webhook",
        description=_DESCRIPTION,
        request={"application/json": shapes.EVENT},
        responses={202: shapes.HookAnswer}
        | {
            (status_code, PROBLEM): OpenApiResponse(ProblemSerializer, description=PROBLEMS[status_code])
            for status_code in (400, 401, 404, 413, 415, 503)
        },
        examples=[example("A push", samples.EVENT), example("Taken", samples.TAKEN, status=202)],
    )
    def post(self, request: Request) -> Response:
        """202 with what will come of it; a webhook that came before is taken again, and found to be known."""
        try:
            event = HubEvent.parse(request.data)
        except Malformed as error:
            raise exceptions.ParseError(str(error)) from error
        hubs: Any = request.auth
        deliveries = discovery.receive(event=event, endpoints=hubs)
        answers = [
            {"delivery": each.pk, "outcome": each.outcome, "text": each.text or f"The Hub is asked about {each.model}."}
            for each in deliveries
        ]
        first = answers[0] if answers else _not_kept(event)
        return Response(first | {"others": answers[1:]}, status=status.HTTP_202_ACCEPTED)


def _not_kept(event: HubEvent) -> dict[str, Any]:
    return {"delivery": None, "outcome": "ignored", "text": f"No model tracks {event.repo_id}."}
