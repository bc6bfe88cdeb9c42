"""What asked us to look at the Hub, and what came of it."""

from dataclasses import dataclass

from django.db.models import QuerySet

from registry.models import Delivery
from registry.presenters import states
from registry.presenters.states import State, Words

_HEAVY = ("version__signature", "version__metadata", "version__report", "version__reason")


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery in a list."""

    delivery: Delivery

    @property
    def model(self) -> str:
        """The model's name; "" for a repository that nobody follows."""
        return self.delivery.model.name if self.delivery.model else ""

    @property
    def state(self) -> State:
        return states.of_delivery(self.delivery)

    @property
    def kind(self) -> Words:
        """What it came through, in words."""
        return states.DELIVERY_KINDS.get(self.delivery.kind, self.delivery.kind)


def rows(deliveries: "QuerySet[Delivery]") -> list[DeliveryRow]:
    """Deliveries as lists show them, in one query."""
    return [DeliveryRow(delivery) for delivery in deliveries.select_related("model", "version").defer(*_HEAVY)]
