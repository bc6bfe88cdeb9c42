"""Redis as the broker, with one thing mended: a message that could not be acknowledged keeps no place for ever.

A worker fetches as many messages as it has processes, and the next one when one of these is acknowledged. Should Redis
be away at that moment, kombu forgets the acknowledgement but not the message. When all places are taken in this way the
worker fetches nothing more, so it does not even notice that its connection ended: it is silent until somebody restarts
it (celery#10302; measured with kombu 5.7: after the first cut under load). Here the place is given up. The message itself
comes again when VISIBILITY_TIMEOUT has passed, and does no harm.
"""

from kombu.transport import redis


class QoS(redis.QoS):
    """What was fetched and not acknowledged yet."""

    def ack(self, delivery_tag: str) -> None:
        """Raises what redis-py raises while Redis is away."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except Exception:
            self._quick_ack(delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Raises what redis-py raises while Redis is away."""
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except Exception:
            self._quick_ack(delivery_tag)
            raise


class Channel(redis.Channel):
    """Kombu's, with our QoS."""

    QoS = QoS


class Transport(redis.Transport):
    """What kombu uses for redis:// and rediss:// addresses, see futurisys/celery.py."""

    Channel = Channel
