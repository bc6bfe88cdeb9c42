"""What the OpenAPI document says about the API as a whole: the integrator's first page. No import: the settings read it."""

from typing import Any

INTRODUCTION = """\
A model answers, a human decides, and both are kept. **Every answer is stored before it is sent.**

## Token

`Authorization: Token fut_…`. People make tokens on their page “API tokens”; `manage.py create_token USERNAME` does too.
A token asks in the name of one person, with that person's rights, until it expires or is revoked. The seeds' paths also
take the token as `X-API-Key: fut_…`. A browser that is logged in may use its session; a request that changes something
then needs the CSRF token in `X-CSRFToken`.

## First call

`GET /api/v1/models` says which models answer, `GET /api/v1/models/{model}/schema` which fields one of them takes (JSON
Schema, with an example), and `POST /api/v1/predict` asks:

```
curl -H "Authorization: Token $TOKEN" -H "Content-Type: application/json" \\
     -H "Idempotency-Key: $(uuidgen)" $BASE/api/v1/predict \\
     -d '{"model": "iris", "inputs": {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}}'
```

## Errors

Every error is `application/problem+json` (RFC 9457) with the same members on every route: `type`, `title`, `status`,
`detail`, `instance`, `code` for programs, and `errors`, which names row and field. No message repeats a value of a field.
Texts follow `Accept-Language`; `code` never changes. `/v2` answers `{"error": "…"}`, as its protocol says. Any
operation may answer 405 with `Allow`, and 500 with `X-Request-ID`, the number to tell an administrator.

What somebody may not see is 404, not 403: nobody learns that it is there.

## Retries

Send `Idempotency-Key` with whatever asks a model or hands in a file. The same key and the same request find the stored
answer, marked `Idempotent-Replayed: true`: also after a promotion, and also while the model is suspended. The same key
with another request is 422. While the first call still runs: 409 with `Retry-After`. Errors are not kept under a key.
Decisions and outcomes need no key: what already stands is answered with 200 and `Idempotent-Replayed: true`.

| You see | Do |
|---|---|
| nothing, a time-out, 502, 503, 504 | send the same again, same key, after `Retry-After` |
| 409 `idempotency_key_in_use`, 429 | wait for `Retry-After`, send the same again |
| 400, 413, 415, 422 | correct the request; a retry changes nothing |
| 401, 403, 404 | check token, rights and names |

## Lists

Newest first, 50 at a time, `page_size` up to 200. `next` and `previous` are addresses, `null` at the ends; nothing is
counted. Filters are a list of names: any other one is 400, not ignored.

## Limits

JSON in UTF-8, at most 32 levels deep, no field twice, no `NaN`, no NUL, integers of 64 bits. Bodies up to 6 MB and 1000
rows a call unless the installation says otherwise: 413. Each token has its share of calls a minute: 429 with `Retry-After`.

## Traces

`X-Request-ID` is taken over, or made up, and is on every answer and in the logs. The trace id of a W3C `traceparent` is
kept with the record and the header is sent back.

## Versions

Within `/api/v1` things are only added: ignore members that you do not know. This document is the same on every
installation of this version.
"""

TAGS = [
    ("Ask", "Ask a model about one row, many rows or a picture. Each answer is stored before it is sent."),
    ("History", "What was asked and answered. People see their own answers; auditors see all of them."),
    ("Follow-up", "What a human decided, and what really happened."),
    ("Records", "Business rows that the installation keeps, and asking about them by key."),
    ("Batches", "Files of rows: hand in, follow, fetch the results."),
    ("Registry", "Which models there are, which version answers, since when and why."),
    ("Open Inference Protocol", "The same models by the protocol that KServe, Triton and MLServer speak, version 2."),
    ("The seeds' paths", "Paths and shapes of the systems that this one replaces. Their clients need only a token."),
    ("Health", "For load balancers and monitoring."),
]

SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Futurisys",
    "DESCRIPTION": INTRODUCTION,
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "TAGS": [{"name": name, "description": text} for name, text in TAGS],
    "SERVE_INCLUDE_SCHEMA": False,
    # Values are listed where they are used: a shared component would be renamed when another one resembles it.
    "POSTPROCESSING_HOOKS": ["futurisys.openapi.with_plain_views", "futurisys.openapi.tidy"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SORT_OPERATIONS": False,
}
