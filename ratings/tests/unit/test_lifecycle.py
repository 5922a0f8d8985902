"""What the lifecycle transformer charges, one rule a test."""

import pytest

from ratings.core.ledger import derive
from ratings.core.model import State
from ratings.core.timeline import ordered
from ratings.tests.journals import journal, lines, price, rules


def charged(text: str, resource_type: str = "instance", only: str = "") -> list[str]:
    records, _ = derive(
        rules(resource_type=resource_type),
        State(),
        ordered(journal(text, resource_type)),
        "RegionOne",
        {},
    )
    return [line for line in lines(records) if only in line]


def test_a_segment_is_what_two_neighbours_say():
    assert charged("""
        06:00 create vcpu=2 ram=1024 disk=10
        07:00 exists
        09:00 delete
    """) == [
        "06:00-07:00 disk 10",
        "06:00-07:00 ram 1024",
        "06:00-07:00 vcpu 2",
        "07:00-09:00 disk 10",
        "07:00-09:00 ram 1024",
        "07:00-09:00 vcpu 2",
    ]


def test_a_lone_delete_starts_nothing():
    assert charged("06:00 delete size=5", "volume") == []


def test_nothing_but_a_create_reopens_after_a_lone_delete():
    assert (
        charged(
            """
        06:00 delete
        07:00 exists size=5
        08:00 exists size=5
        """,
            "volume",
        )
        == []
    )


def test_a_create_that_comes_after_its_delete_is_charged_up_to_it():
    assert charged(
        """
        08:00 delete
        06:00 create size=5
        """,
        "volume",
    ) == ["06:00-08:00 volume 5"]


def test_a_lost_create_is_charged_from_the_first_evidence_on():
    assert charged(
        """
        06:00 exists size=5
        07:00 delete
        """,
        "volume",
    ) == ["06:00-07:00 volume 5"]


def test_a_resize_closes_with_the_old_content():
    assert charged(
        """
        06:00 create size=10
        07:00 resize size=20
        08:00 delete size=20
        """,
        "volume",
    ) == ["06:00-07:00 volume 10", "07:00-08:00 volume 20"]


@pytest.mark.parametrize(("created", "found", "lesser"), [(10, 20, 10), (20, 10, 10)])
def test_a_missed_resize_is_charged_at_the_lesser_of_both(created, found, lesser):
    assert charged(
        f"""
        06:00 create size={created}
        07:00 exists size={found}
        08:00 delete size={found}
        """,
        "volume",
    ) == [f"06:00-07:00 volume {lesser}", f"07:00-08:00 volume {found}"]


def test_the_lesser_is_taken_for_each_component_alone():
    assert charged("""
        06:00 create vcpu=4 ram=1024 disk=10
        07:00 exists vcpu=2 ram=2048 disk=10
    """) == ["06:00-07:00 disk 10", "06:00-07:00 ram 1024", "06:00-07:00 vcpu 2"]


def test_a_stopped_instance_pays_its_disk():
    assert charged("""
        06:00 create vcpu=2 ram=1024 disk=10
        07:00 power_off
        08:00 power_on
        09:00 delete
    """) == [
        "06:00-07:00 disk 10",
        "06:00-07:00 ram 1024",
        "06:00-07:00 vcpu 2",
        "07:00-08:00 disk 10",
        "08:00-09:00 disk 10",
        "08:00-09:00 ram 1024",
        "08:00-09:00 vcpu 2",
    ]


def test_a_resize_while_stopped_keeps_it_stopped():
    assert charged(
        """
        06:00 create vcpu=2
        07:00 power_off
        08:00 resize vcpu=4
        09:00 power_on
        10:00 delete
        """,
        only="vcpu",
    ) == ["06:00-07:00 vcpu 2", "09:00-10:00 vcpu 4"]


def test_an_audit_that_finds_it_stopped_proves_a_missed_power_off():
    assert charged(
        """
        06:00 create vcpu=2
        07:00 exists vcpu=2 status=shutoff
        08:00 exists vcpu=2 status=active
        09:00 exists vcpu=2 status=active
        """,
        only="vcpu",
    ) == ["08:00-09:00 vcpu 2"]


def test_a_fact_that_an_event_does_not_mention_stays():
    assert charged(
        """
        06:00 create vcpu=2 ram=512
        07:00 resize vcpu=4
        08:00 delete
        """,
        only="ram",
    ) == ["06:00-07:00 ram 512", "07:00-08:00 ram 512"]


def test_what_was_unknown_is_not_charged():
    assert charged(
        """
        06:00 create
        07:00 update size=4
        08:00 delete
        """,
        "image",
    ) == ["07:00-08:00 image 4"]


def test_a_public_image_is_free_while_it_is_public():
    assert charged(
        """
        06:00 create size=4
        07:00 update visibility=public
        08:00 update visibility=private
        09:00 delete
        """,
        "image",
    ) == ["06:00-07:00 image 4", "08:00-09:00 image 4"]


def test_soft_delete_stops_the_charge_and_restore_resumes_it():
    assert charged(
        """
        06:00 create disk=10
        07:00 soft_delete
        08:00 restore
        09:00 delete
        """,
        only="disk",
    ) == ["06:00-07:00 disk 10", "08:00-09:00 disk 10"]


def test_after_delete_only_create_or_restore_opens_again():
    assert charged(
        """
        06:00 create size=1
        07:00 delete
        08:00 exists size=1
        09:00 create size=2
        10:00 delete
        11:00 restore
        12:00 exists
        """,
        "volume",
    ) == ["06:00-07:00 volume 1", "09:00-10:00 volume 2", "11:00-12:00 volume 2"]


def test_a_transfer_ends_the_old_owners_segment_and_starts_the_new_owners():
    records, _ = derive(
        rules(resource_type="volume"),
        State(),
        ordered(
            journal(
                """
                06:00 create size=1 tenant=acme
                07:00 transfer size=1 tenant=globex
                08:00 delete size=1 tenant=globex
                """,
                "volume",
            )
        ),
        "RegionOne",
        {},
    )
    assert [record.tenant_id for record in records] == ["acme", "globex"]


def test_a_requester_starts_a_resource_but_never_moves_it():
    records, _ = derive(
        rules(resource_type="router"),
        State(),
        ordered(
            journal(
                """
                06:00 create tenant= requester=admin
                07:00 update tenant=acme
                08:00 update tenant= requester=admin
                09:00 delete tenant=
                """,
                "router",
            )
        ),
        "RegionOne",
        {},
    )
    assert [record.tenant_id for record in records] == ["admin", "acme", "acme"]


def test_of_one_instant_the_create_comes_first_and_the_delete_last():
    assert (
        charged(
            """
        06:00 delete id=a
        06:00 create size=5 id=b
        07:00 exists
        """,
            "volume",
        )
        == []
    )


def test_a_shelved_and_offloaded_instance_pays_nothing():
    assert charged("""
        06:00 create vcpu=2 disk=10
        07:00 shelve
        08:00 shelve_offload
        09:00 unshelve
        10:00 delete
    """) == [
        "06:00-07:00 disk 10",
        "06:00-07:00 vcpu 2",
        "07:00-08:00 disk 10",
        "09:00-10:00 disk 10",
        "09:00-10:00 vcpu 2",
    ]


def test_a_flavor_is_recorded_only_where_it_has_a_price():
    events = ordered(
        journal("""
            06:00 create flavor=m1.small
            07:00 resize flavor=m1.large
            08:00 delete
        """)
    )
    small = price("instance", "0.25", match=(("flavor", "m1.small"),))
    records, _ = derive(rules(small), State(), events, "RegionOne", {})
    assert lines(records) == ["06:00-07:00 instance 1 0.25"]
