"""Services of a cloud that notify, with the notifier that they all use."""

import json
import uuid
from datetime import datetime, timedelta

import oslo_messaging
import oslo_messaging.opts
from oslo_config import cfg
from oslo_context import context
from oslo_utils import timeutils

from ratings.batch import Arrival
from ratings.readers import Reader
from ratings.tests.data import stories
from ratings.tests.journals import DEFINITIONS
from ratings.tests.ledgers import rater

_SHAPE = stories("notifications.json")["instance shut off"]["payload"]
_STORY = {0: "create.end", 5: "finish_resize.end", 9: "power_off.end", 13: "power_on.end"}
_START = datetime(2025, 1, 1)
_NAMESPACE = uuid.UUID("3f6f1f0e-0c58-4d86-8f6c-5b86b1f6a2d4")

FORMS = {
    "compute.instance.create.end": "instance.create.end",
    "compute.instance.exists": "instance.exists",
    "compute.instance.finish_resize.end": "instance.resize_finish.end",
    "compute.instance.power_off.end": "instance.power_off.end",
    "compute.instance.delete.end": "instance.delete.end",
}
"""What versioned notifications call the same."""


class Contexts(oslo_messaging.Serializer):
    """Contexts as dictionaries, payloads as they are; what the services bring along."""

    def serialize_entity(self, ctxt, entity):
        return entity

    deserialize_entity = serialize_entity

    def serialize_context(self, ctxt):
        return ctxt.to_dict()

    def deserialize_context(self, ctxt):
        return ctxt


class Cloud:
    """Notifiers at one broker. Options are those of [oslo_messaging_rabbit]."""

    def __init__(self, url, **rabbit):
        self.url = url
        self._rabbit = rabbit
        self._transports = []

    def notifier(self, service, topic="notifications"):
        """As the service makes it: its exchange is called like itself."""
        return oslo_messaging.Notifier(
            self.transport(service),
            driver="messagingv2",
            topics=[topic],
            publisher_id=f"{service}.host",
            serializer=Contexts(),
        )

    def transport(self, service):
        conf = cfg.ConfigOpts()
        conf([], project=service)
        for group, opts in oslo_messaging.opts.list_opts():
            conf.register_opts(opts, group=group)
        conf.set_override("control_exchange", service)
        for name, value in self._rabbit.items():
            conf.set_override(name, value, "oslo_messaging_rabbit")
        transport = oslo_messaging.get_notification_transport(conf, url=self.url)
        self._transports.append(transport)
        return transport

    def close(self):
        for transport in self._transports:
            transport.cleanup()


def say(notifier, event_type, payload, at=None, project="acme"):
    """Notify, at a given time if it matters."""
    ctxt = context.RequestContext(project_id=project, auth_token="secret", overwrite=False)
    if at is None:
        notifier.info(ctxt, event_type, payload)
        return
    timeutils.set_time_override(at)
    try:
        notifier.info(ctxt, event_type, payload)
    finally:
        timeutils.clear_time_override()


def lives(instances, hours):
    """(event type, payload, time) of every instance, an event an hour: oldest first."""
    return [
        life(instance, hour, hours - 1) for hour in range(hours) for instance in range(instances)
    ]


def life(instance, hour, last):
    at = _START + timedelta(hours=hour, seconds=instance, microseconds=instance * 7)
    kind = "delete.end" if hour == last else _STORY.get(hour, "exists")
    state = "deleted" if hour == last else "stopped" if 9 <= hour < 13 else "active"
    payload = _SHAPE | {
        "instance_id": str(uuid.uuid5(_NAMESPACE, f"{instance}")),
        "tenant_id": f"project-{instance % 4}",
        "state": state,
        "vcpus": 2 if hour >= 5 else 1,
        "memory_mb": 2048 + 512 * instance,
        "deleted_at": at.isoformat() if hour == last else "",
        "terminated_at": "",
    }
    return f"compute.instance.{kind}", payload, at


def in_objects(payload):
    """A payload of Nova in its versioned form, with the data that counts."""
    flavor = {
        "name": payload["instance_type"],
        "vcpus": payload["vcpus"],
        "memory_mb": payload["memory_mb"],
        "root_gb": payload["root_gb"],
        "ephemeral_gb": payload["ephemeral_gb"],
    }
    instance = {
        "uuid": payload["instance_id"],
        "tenant_id": payload["tenant_id"],
        "display_name": payload["display_name"],
        "state": payload["state"],
        "deleted_at": payload["deleted_at"] or None,
        "flavor": {"nova_object.name": "FlavorPayload", "nova_object.data": flavor},
    }
    return {"nova_object.name": "InstanceActionPayload", "nova_object.data": instance}


def feed(engine, told):
    """Rate notifications directly, without a broker and undisturbed."""
    reader, arrivals = Reader(DEFINITIONS), []
    for number, (event_type, payload, at) in enumerate(told):
        wire = {
            "message_id": f"direct-{number}",
            "event_type": event_type,
            "payload": payload,
            "timestamp": str(at),
        }
        received = reader.read(json.dumps(wire).encode(), "RegionOne")
        arrivals += [Arrival("RegionOne", r.reading, r.body.decode()) for r in received]
    rater(engine).rate(arrivals)
