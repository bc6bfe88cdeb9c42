"""Where the pages of the history are."""

from django.urls import reverse


def person_url(key: str, dataset: str = "") -> str:
    """Where everything stands that was answered about a key, in one set of records where that is named."""
    return reverse("history-person", query={"key": key} | ({"dataset": dataset} if dataset else {}))
