"""Which values of a record a person may not see: those that the model's signature calls sensitive."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User

from predictions.models import Dataset, Prediction
from registry import serving
from registry.exceptions import UnknownModel
from registry.models import ModelVersion
from registry.signature import Feature, Signature

MASK = "•••"
RIGHT = "predictions.view_sensitive"


def hidden(signature: Signature | Iterable[Feature], user: User | AnonymousUser) -> frozenset[str]:
    """Names of the features that this person may not see of a record; none for somebody with the right to."""
    if user.has_perm(RIGHT):
        return frozenset()
    features = signature.features if isinstance(signature, Signature) else signature
    return frozenset(feature.name for feature in features if feature.sensitive)


def hidden_in_answer(prediction: Prediction, signature: Signature, user: User | AnonymousUser) -> frozenset[str]:
    """The same for the page of an answer: who asked without a record sees what he typed himself."""
    if prediction.record_id is None and prediction.user_id == user.pk:
        return frozenset()
    return hidden(signature, user)


def hidden_in_set(dataset: Dataset, user: User | AnonymousUser) -> frozenset[str]:
    """The same for the columns of a set. Without a model of its own, what any model in service calls sensitive counts."""
    if user.has_perm(RIGHT):
        return frozenset()
    own = signature_of(dataset)
    asked = [own] if own else [_of_model(name) for name in serving.promoted_names()]
    return frozenset().union(*(hidden(signature, user) for signature in asked if signature))


def signature_of(dataset: Dataset) -> Signature | None:
    """What the set's model says of its columns, also while that model is suspended or not in service yet."""
    return _of_model(dataset.model.name) if dataset.model else None


def _of_model(name: str) -> Signature | None:
    try:
        return serving.signature_of(serving.in_charge(name)[0])
    except UnknownModel:
        latest = ModelVersion.objects.ready().filter(model__name=name).order_by("-number").first()
        return serving.signature_of(latest) if latest else None
