"""What pollsters measure comes through a real Ceilometer, and is charged once."""

import random
from datetime import timedelta

from ratings.tests.brokers import until
from ratings.tests.ceilometer.arrivals import await_all, duplicates
from ratings.tests.ceilometer.notifications import DAY

GIB = 1024**3
HOURS = 6
PRICES = {
    "network.incoming.bytes": {"unit_price": "2", "per": "unit"},
    "storage.containers.objects.size": {"unit_price": "0.5", "per": "hour"},
}


def polled(hour):
    """What ceilometer-polling sends of one round: a port's counter, a container, and CPU time."""
    at = (DAY + timedelta(hours=hour, minutes=7)).isoformat() + "+00:00"
    return [
        sample("network.incoming.bytes", "cumulative", "B", hour * GIB, "port-1", at),
        sample("storage.containers.objects.size", "gauge", "B", 3 * GIB, "acme/box", at),
        sample("cpu", "cumulative", "ns", hour * 10**12, "server-1", at),
    ]


def sample(name, kind, unit, volume, resource_id, at):
    return {
        "source": "openstack",
        "counter_name": name,
        "counter_type": kind,
        "counter_unit": unit,
        "counter_volume": volume,
        "user_id": None,
        "user_name": None,
        "project_id": "acme",
        "project_name": None,
        "resource_id": resource_id,
        "timestamp": at,
        "resource_metadata": {"display_name": "web-1"},
        "message_id": f"{name} at {at}",
        "monotonic_time": None,
        "message_signature": "none that anybody verifies",
    }


def test_what_is_polled_twice_and_in_any_order_is_billed_once(services, agent, service, database):
    for component, price in PRICES.items():
        service.ask("/v1/prices", {"resource_type": component, **price})
    ceilometer = agent(service)
    rounds = [polled(hour) for hour in range(HOURS)] * 2
    random.Random(27).shuffle(rounds)
    for number, samples in enumerate(rounds):
        message = {
            "message_id": str(number),
            "publisher_id": "telemetry.publisher.cmp-01",
            "event_type": "telemetry.polling",
            "priority": "SAMPLE",
            "payload": {"samples": samples},
            "timestamp": str(DAY),
        }
        services.notify("ceilometer", message)
    # Our pipeline does not name the meter cpu.
    await_all(database, ceilometer, 2 * HOURS)
    until(lambda: duplicates(database) == 2 * HOURS, ceilometer.log)
    status = service.ask("/v1/status")
    assert (status["rated"], status["balanced"]) == (2 * HOURS, True)

    order = service.ask("/v1/sales_orders", {"tenant_id": "acme", "end": "2025-01-02T00:00:00"})
    # 5 GiB came in between the first and the last round; 3 GiB were stored in each of 6 hours.
    assert order["total"] == 5 * 2 + 6 * 3 * 0.5
