"""From the services' own notifier over a real RabbitMQ to the journal and the ledger."""

import urllib.request
from collections import Counter

import kombu
import pytest

from ratings.tests.brokers import until
from ratings.tests.data import stories
from ratings.tests.ledgers import ledger, rows, scalar
from ratings.tests.messaging.services import FORMS, Cloud, feed, in_objects, lives, say

STORIES = stories("notifications.json")
SERVICES = {
    "volume": "cinder",
    "volume snapshot": "cinder",
    "router": "neutron",
    "image": "glance",
    "load balancer": "octavia",
    "share": "manila",
}
PARKED = "SELECT region, code, body FROM parked_events ORDER BY id"


def journal(engine):
    return scalar(engine, "SELECT count(*) FROM events")


def parked(engine):
    return rows(engine, PARKED)


def publish(url, body, content_type="application/json", queue="ratings"):
    """Put a body into a queue as it is, as nobody who uses oslo.messaging would."""
    with kombu.Connection(url.replace("rabbit:", "amqp:")) as connection:
        connection.default_channel.basic_publish(
            connection.default_channel.prepare_message(body, content_type=content_type),
            exchange="",
            routing_key=queue,
        )


def test_every_service_is_heard(cloud, collector, database):
    collector()
    for story, service in SERVICES.items():
        say(cloud.notifier(service), STORIES[story]["event_type"], STORIES[story]["payload"])
    until(lambda: journal(database) == len(SERVICES))
    found = rows(database, "SELECT DISTINCT resource_type FROM resources ORDER BY 1")
    assert [name for (name,) in found] == [
        *("image", "load_balancer", "router", "share", "volume", "volume_snapshot")
    ]


def test_nova_that_tells_all_in_both_forms_is_billed_once(cloud, collector, database, twin):
    collector()
    plain = cloud.notifier("nova")
    objects = cloud.notifier("nova", topic="versioned_notifications")
    told = lives(3, 12)
    for event_type, payload, at in told:
        say(plain, event_type, payload, at)
        if event_type in FORMS:
            say(objects, FORMS[event_type], in_objects(payload), at)
    until(lambda: journal(database) == len(told) + sum(kind in FORMS for kind, _, _ in told))
    feed(twin, told)
    assert usage(database) == usage(twin)


def usage(engine):
    """What is charged: quantity times seconds, by resource, tenant and component."""
    return rows(
        engine,
        """
        SELECT s.resource_id, r.tenant_id, c.name,
               trim_scale(sum(r.quantity * extract(epoch FROM upper(r.span) - lower(r.span))))
        FROM records r JOIN resources s ON s.id = r.resource_id
                       JOIN components c ON c.id = r.component_id
        WHERE r.superseded_at IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    )


def test_the_journal_keeps_a_notification_without_the_token_of_its_context(
    cloud, collector, database
):
    collector()
    say(cloud.notifier("cinder"), "volume.create.end", STORIES["volume"]["payload"])
    until(lambda: journal(database))
    ((body,),) = rows(database, "SELECT body FROM events")
    assert body["payload"] == STORIES["volume"]["payload"]
    assert body["_context_project_id"] == "acme"
    assert not any("token" in key or "unique" in key for key in body)


POISON = {
    b"{": "body_not_json",
    b'{"payload": "\xff"}': "body_not_json",
    b'[{"event_type": "volume.create.end"}]': "body_no_event",
    b'"volume.create.end"': "body_no_event",
    b'{"colour": "green"}': "body_no_notification",
    b'{"message_id": "1", "event_type": "volume.exists"}': "body_no_notification",
    b'{"name": "vcpus", "volume": 1, "resource_id": "i"}': "body_no_notification",
    b'{"resource_type": "volume", "event_type": "ratings.reconciliation.delete",'
    b' "resource_id": "v", "event_time": "2026-01-01", "region": "else", "tenant_id": "t",'
    b' "content": {}}': "body_no_notification",
    b'{"payload": {}}': "event_type_missing",
    b'{"event_type": "volume.exists", "payload": {"size": 1e9999}}': "number_invalid",
    b'{"event_type": "toaster.create.end", "payload": {}}': "event_type_unknown",
    b'{"_context_self": 1, "event_type": "toast", "payload": {}}': "event_type_unknown",
    b'{"oslo.version": "9.0", "oslo.message": "{}"}': "event_type_missing",
    b'{"oslo.version": "2.0", "oslo.message": "{"}': "payload_invalid",
    b'{"oslo.version": "2.0", "oslo.message": "[1, 2]"}': "payload_invalid",
}


def test_poison_messages_are_parked_as_they_are_and_harm_no_other_of_their_batch(
    rabbit, cloud, collector, transport_url, database
):
    one = collector(OS_COLLECTOR__BATCH_TIMEOUT="2")
    cinder = cloud.notifier("cinder")
    say(cinder, "volume.create.end", STORIES["volume"]["payload"])
    for body in POISON:
        publish(transport_url, body)
    publish(transport_url, b"\x80\x04N.", content_type="application/x-python-serialize")
    say(cinder, "volume.exists", STORIES["volume"]["payload"])
    until(lambda: journal(database) == 2 and len(parked(database)) == len(POISON) + 1, one.log)
    assert one.stop() == 0
    assert rabbit.waiting(transport_url, "ratings") == 0

    found = parked(database)
    assert Counter(code for _, code, _ in found) == Counter([*POISON.values(), "body_not_json"])
    assert {region for region, _, _ in found} == {"RegionOne"}
    whole = [body.decode() for body in POISON if b"_context" not in body and body.isascii()]
    assert {squeezed(body) for body in whole} <= {squeezed(body) for _, _, body in found}


def squeezed(text):
    """Without the white space, which decoding and encoding may change."""
    return "".join(text.split())


def test_a_pool_leaves_the_queues_of_others_alone(
    rabbit, cloud, collector, transport_url, database
):
    collector(OS_COLLECTOR__POOL="", OS_COLLECTOR__TOPICS="notifications").stop()
    collector()
    for event_type, payload, at in lives(2, 3):
        say(cloud.notifier("nova"), event_type, payload, at)
    until(lambda: journal(database) == 6)
    assert rabbit.waiting(transport_url, "notifications.info") == 6


def test_each_source_has_its_region(rabbit, collector, database):
    urls = {"north": rabbit.vhost(), "south": rabbit.vhost()}
    clouds = {name: Cloud(url, rabbit_quorum_queue=True) for name, url in urls.items()}
    one = collector(
        OS_COLLECTOR__SOURCES="north,south",
        **{f"OS_SOURCE_{name.upper()}__TRANSPORT_URL": url for name, url in urls.items()},
        **{f"OS_SOURCE_{name.upper()}__REGION": name.title() for name in urls},
        OS_SOURCE_SOUTH__TOPICS="bills",
    )
    assert {"north for North", "south for South"} == {
        line.removeprefix("ratings-collector: listening to ").strip()
        for line in (one.greeting, one.listening())
    }
    volume = STORIES["volume"]["payload"]
    say(clouds["north"].notifier("cinder"), "volume.create.end", volume)
    say(clouds["south"].notifier("cinder", topic="bills"), "volume.create.end", volume)
    until(lambda: journal(database) == 2)
    assert rows(database, "SELECT region FROM resources ORDER BY 1") == [("North",), ("South",)]
    for found in clouds.values():
        found.close()


@pytest.mark.parametrize("queues", ["amqp_durable_queues", None])
def test_queues_may_be_of_any_kind_that_the_services_use(
    collector, transport_url, database, queues
):
    options = {"OS_OSLO_MESSAGING_RABBIT__RABBIT_QUORUM_QUEUE": "false"}
    if queues:
        options[f"OS_OSLO_MESSAGING_RABBIT__{queues.upper()}"] = "true"
    collector(**options)
    plain = Cloud(transport_url, **({queues: True} if queues else {}))
    say(plain.notifier("cinder"), "volume.create.end", STORIES["volume"]["payload"])
    until(lambda: journal(database) == 1)
    plain.close()


def test_a_full_batch_does_not_wait_and_what_is_left_waits_no_longer_than_its_time(
    cloud, collector, database
):
    one = collector(OS_COLLECTOR__BATCH_SIZE="4", OS_COLLECTOR__BATCH_TIMEOUT="0.5")
    nova = cloud.notifier("nova")
    for event_type, payload, at in lives(3, 3):
        say(nova, event_type, payload, at)
    until(lambda: journal(database) == 9)
    assert one.stop() == 0
    assert "rated" in one.log()
    assert len(ledger(database)) > 0


def test_prometheus_is_told_what_was_collected_from_which_source(
    cloud, collector, database, transport_url
):
    one = collector(
        OS_METRICS__COLLECTOR_PORT="0",
        OS_COLLECTOR__SOURCES="west",
        OS_SOURCE_WEST__TRANSPORT_URL=transport_url,
        OS_SOURCE_WEST__REGION="west",
    )
    (url,) = (line.split()[-1] for line in one.log().splitlines() if "metrics are at" in line)

    def told(sample):
        with urllib.request.urlopen(url, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines).get(sample)

    assert told('ratings_source_listening{source="west"}') == "1.0"
    for story, service in SERVICES.items():
        say(cloud.notifier(service), STORIES[story]["event_type"], STORIES[story]["payload"])
    acknowledged = 'ratings_notifications_total{result="acknowledged",source="west"}'
    until(lambda: told(acknowledged) == f"{len(SERVICES)}.0")
    assert told('ratings_notifications_redelivered_total{source="west"}') == "0.0"
    assert told('ratings_arrivals_total{result="rated"}') == f"{len(SERVICES)}.0"
    assert float(told("ratings_batch_seconds_count")) >= 1
    assert one.stop() == 0, one.log()
