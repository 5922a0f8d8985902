"""A small cloud's telemetry, and the Ceilometer that posts it whatever happens to its receiver."""

import http.client
import json
import threading
import time
import uuid
from datetime import datetime, timedelta

from ratings.tests.data import stories

INSTANCES = 30
HOURS = 22

PATIENCE = 120
"""Seconds that a Ceilometer tries to get rid of one post."""

_SHAPES = stories("ceilometer_events.json")
_STORY = {0: "create", 5: "finish_resize", 9: "power_off", 13: "power_on", 21: "delete"}
_START = datetime(2025, 1, 1)
_NAMESPACE = uuid.UUID("5d0f8f2e-6d5f-4b9e-9d0b-3f0c7d8a1e11")


def events():
    """The life of every instance, an event an hour, as Ceilometer posts each: oldest first."""
    return [an_event(instance, hour) for hour in range(HOURS) for instance in range(INSTANCES)]


def an_event(instance, hour):
    kind = _STORY.get(hour)
    shape = _SHAPES[f"compute.instance.{kind}.end" if kind else "compute.instance.exists"]
    at = _START + timedelta(hours=hour, seconds=instance, microseconds=instance * 7)
    resource_id, project = str(uuid.uuid5(_NAMESPACE, f"{instance}")), f"project-{instance % 4}"
    status = "deleted" if hour == 21 else "stopped" if 9 <= hour < 13 else "active"
    told = {
        "state": status,
        "resource_id": resource_id,
        "instance_id": resource_id,
        "project_id": project,
        "tenant_id": project,
        "vcpus": 2 if hour >= 5 else 1,
        "memory_mb": 2048 + 512 * instance,
        "deleted_at": at.isoformat(),
    }
    return shape | {
        "message_id": str(uuid.uuid5(_NAMESPACE, f"{instance} {hour}")),
        "generated": at.isoformat(),
        "traits": [[name, kind, told.get(name, value)] for name, kind, value in shape["traits"]],
    }


class Ceilometer:
    """Posts from several threads at once, each with a `pace` of so many seconds between posts;
    what gets no answer is posted again.

    Some agents post lists, as a publisher of batches does, the others one event
    after the other. `acknowledged` are the message ids of what was answered 2xx,
    `spooled` counts those that the receipts say wait; `statuses` are all answers,
    `silences` counts posts whose connection was closed.
    """

    def __init__(self, port, pace=0):
        self.port = port
        self.pace = pace
        self.acknowledged = set()
        self.spooled = 0
        self.statuses = set()
        self.silences = 0
        self.errors = []
        self._changed = threading.Condition()
        self._threads = []

    def start(self, found, agents=6):
        """Post all of `found`."""
        for agent in range(agents):
            mine = found[agent::agents]
            size = 25 if agent % 3 == 0 else 1
            posts = [mine[n : n + size] for n in range(0, len(mine), size)]
            thread = threading.Thread(target=self._run, args=(posts,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def is_busy(self):
        """Whether there is something that nobody has acknowledged."""
        return any(thread.is_alive() for thread in self._threads)

    def until(self, condition):
        """Wait until `condition(self)` holds."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), PATIENCE)

    def finish(self):
        """Wait until everything is answered."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert not self.errors

    def _run(self, posts):
        agent = _Agent(self.port)
        try:
            for post in posts:
                self._deliver(agent, post)
                agent.pause(self.pace)
        except Exception as error:  # an assertion of a thread fails in `finish`
            self.errors.append(error)
            raise
        finally:
            agent.close()

    def _deliver(self, agent, post):
        deadline = time.monotonic() + PATIENCE
        status = None
        while status is None:
            assert time.monotonic() < deadline, "nobody answers"
            status, receipt = agent.post(post)
            with self._changed:
                if status is None:
                    self.silences += 1
                else:
                    self.statuses.add(status)
                    self.spooled += receipt.get("spooled", 0)
                    self.acknowledged.update(event["message_id"] for event in post)
                self._changed.notify_all()


class _Agent:
    """One connection, kept alive, opened anew when it is lost."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._never = threading.Event()

    def post(self, found):
        """Status and body of the answer; None and nothing without one."""
        body = json.dumps(found)
        try:
            self._connection.request(
                "POST", "/v1/events", body, {"Content-Type": "application/json"}
            )
            answer = self._connection.getresponse()
            receipt = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self.pause(0.02)
            return None, {}
        return answer.status, receipt

    def pause(self, seconds):
        """Do nothing for a while, as an agent does that has nothing to tell."""
        self._never.wait(seconds)

    def close(self):
        self._connection.close()
