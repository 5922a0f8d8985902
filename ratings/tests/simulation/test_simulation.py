"""The simulation: it can be repeated, and finds nothing in the code."""

from ratings.tests.simulation import cloud, network
from ratings.tests.simulation.campaign import simulate

SEED = 1


def test_some_days_pass_without_a_difference(site):
    for seed in range(SEED, SEED + 4):
        assert simulate(site, seed).differences == [], f"contrib/simulate --seed {seed}"


def test_a_seed_tells_the_same_story_every_time(site):
    first, again = simulate(site, 7), simulate(site, 7)
    assert first.counts == again.counts
    assert first.counts["records"] > 100


def test_the_messages_of_one_resource_meet_their_fate_without_the_others():
    made = cloud.make(3, 5)
    everything, _ = network.deliveries(made)
    for life in made.lives[:5]:
        alone, _ = network.deliveries(made, only=life.resource_id)
        wanted = [one for one in everything if life.resource_id in about(one.message)]
        assert [one.message for one in alone] == [one.message for one in wanted]


def about(message):
    return {said.resource_id for said in message.says}
