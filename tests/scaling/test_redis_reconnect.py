"""Redis goes away while a message is in hand: its place must be free again, or the worker is silent for ever.

celery#8030, 8091, 8384, 9054, 10302. What it does to a whole worker: test_brokers.py.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue
from redis.exceptions import ConnectionError as RedisAway

import futurisys.celery  # noqa: F401  puts our transport in the place of kombu's
from benchmarks import batch_kills
from benchmarks.proxies import PASS, REFUSE, Proxy

pytestmark = pytest.mark.integration


@pytest.fixture
def redis(needs: Callable[[object, str], None], tmp_path: Path) -> Iterator[tuple[str, Proxy]]:
    """Its address, and the way to it."""
    url = os.environ.get("REDIS_URL", "")
    needs(
        url or shutil.which("redis-server"), "Install Redis (apt-get install redis-server), or name one in REDIS_URL."
    )
    with batch_kills.broker("redis", url, tmp_path) as place, batch_kills.cuttable(place) as (url, way):
        assert way is not None
        yield url, way


@pytest.mark.parametrize("verb", ["ack", "reject"])
def test_who_could_not_acknowledge_fetches_on(redis: tuple[str, Proxy], verb: str) -> None:
    url, way = redis
    queue, got = Queue("reconnect", routing_key="reconnect"), list[Any]()
    with Connection(url) as connection:
        channel = connection.channel()
        for number in range(2):
            connection.Producer(channel).publish(number, routing_key="reconnect", declare=[queue])
        consumer = Consumer(channel, [queue], on_message=got.append, prefetch_count=1)
        consumer.consume()
        connection.drain_events(timeout=10)
        way.mode = REFUSE
        with pytest.raises(RedisAway):
            getattr(got[0], verb)()
        way.mode = PASS
        assert channel.qos.can_consume()
