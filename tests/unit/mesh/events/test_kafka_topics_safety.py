"""Topics are made as safe as the URL asks; a start refuses what is missing, weaker or out of the user's reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from aiokafka import errors as kafka_errors

from mesh import errors, settings
from mesh.events import kafka_connection, kafka_standing, kafka_topics, kafka_url, topics
from tests.fakes.kafka_admin import FakeAdmin, FakeTopic

NAMES = kafka_connection.Names("shared.")
SAFE = kafka_url.Safety(replicas=3, min_insync=2)
LEFT_TO_BROKERS = kafka_url.Safety()
WANTED = {topic.name for topic in topics.TOPICS}
MIN_INSYNC = "min.insync.replicas"
FIRST = NAMES.wire("account.events")
TOPIC_REFUSED = kafka_errors.TopicAuthorizationFailedError
GROUP_REFUSED = kafka_errors.GroupAuthorizationFailedError
CLUSTER_REFUSED = kafka_errors.ClusterAuthorizationFailedError


async def create(admin: FakeAdmin, safety: kafka_url.Safety) -> None:
    await kafka_topics.create(admin, NAMES, topics.TOPICS, safety)


async def check(admin: FakeAdmin, safety: kafka_url.Safety, *groups: str) -> None:
    await kafka_standing.check(admin, NAMES, WANTED, groups, safety)


@contextlib.contextmanager
def refused(*words: str) -> Iterator[None]:
    """The block ends a start with one line that names the setting and says these words."""
    with pytest.raises(settings.SettingsError, match=r"^CREDPASS_EVENTS_URL: ") as caught:
        yield
    line = str(caught.value)
    assert "\n" not in line
    assert [word for word in words if word not in line] == []


async def test_topics_and_dead_letters_are_made_on_as_many_brokers_as_asked_and_pass_the_check() -> None:
    admin = FakeAdmin(brokers=3)
    await create(admin, SAFE)
    assert set(admin.topics) == {NAMES.wire(name) for name in WANTED}
    assert {(topic.replicas, topic.own[MIN_INSYNC]) for topic in admin.topics.values()} == {(3, "2")}
    await check(admin, SAFE, "analysis-workers")


async def test_without_a_word_the_brokers_choose_and_nothing_is_demanded() -> None:
    admin = FakeAdmin(brokers=3, default_replicas=2)
    await create(admin, LEFT_TO_BROKERS)
    assert {topic.replicas for topic in admin.topics.values()} == {2}
    assert all(MIN_INSYNC not in topic.own for topic in admin.topics.values())
    await check(admin, LEFT_TO_BROKERS)


async def test_more_replicas_than_brokers_are_refused() -> None:
    with refused("replicas", "3"):
        await create(FakeAdmin(brokers=1), SAFE)


async def test_a_topic_on_too_few_brokers_is_refused_by_the_check_and_by_the_command() -> None:
    admin = FakeAdmin(brokers=3)
    await create(admin, SAFE)
    admin.topics[FIRST].replicas = 2
    with refused(FIRST, "lies on 2 of the 3 brokers", "kafka-reassign-partitions"):
        await check(admin, SAFE)
    with refused(FIRST, "lies on 2 of the 3 brokers"):
        await create(admin, SAFE)


async def test_too_few_in_sync_are_refused_until_the_command_has_set_more() -> None:
    admin = FakeAdmin(brokers=3, default_replicas=3)
    await create(admin, LEFT_TO_BROKERS)
    with refused(FIRST, f"{MIN_INSYNC} 1", f"{len(WANTED) - 1} more", "credpass topics"):
        await check(admin, SAFE)
    admin.topics[FIRST].own["max.message.bytes"] = "2000000"
    await create(admin, SAFE)
    await check(admin, SAFE)
    assert admin.topics[FIRST].own["max.message.bytes"] == "2000000"


async def test_the_brokers_own_min_insync_counts_and_a_stronger_one_is_kept() -> None:
    admin = FakeAdmin(brokers=3, default_replicas=3, min_insync=2)
    await create(admin, LEFT_TO_BROKERS)
    await check(admin, SAFE)
    admin.topics[FIRST].own[MIN_INSYNC] = "3"
    await create(admin, SAFE)
    assert admin.topics[FIRST].own[MIN_INSYNC] == "3"


async def test_a_missing_topic_is_refused_and_not_made() -> None:
    admin = FakeAdmin()
    await create(admin, LEFT_TO_BROKERS)
    missing = NAMES.wire(topics.dead_letter("data.ingested"))
    del admin.topics[missing]
    with refused(f"there is no topic {missing}; run `credpass topics`"):
        await check(admin, LEFT_TO_BROKERS)
    assert missing not in admin.topics


async def test_a_topic_that_the_user_may_not_see_is_a_missing_right() -> None:
    admin = FakeAdmin()
    await create(admin, LEFT_TO_BROKERS)
    admin.hidden.add(FIRST)
    with refused("right", "Describe", "topics"):
        await check(admin, LEFT_TO_BROKERS)


@pytest.mark.parametrize(
    ("method", "refusal", "right"),
    [
        ("create_topics", TOPIC_REFUSED, "Create"),
        ("create_topics", CLUSTER_REFUSED, "Create"),
        ("create_partitions", TOPIC_REFUSED, "Alter"),
        ("describe_configs", TOPIC_REFUSED, "DescribeConfigs"),
        ("alter_configs", TOPIC_REFUSED, "AlterConfigs"),
    ],
)
async def test_a_right_that_making_topics_needs_is_named(
    method: str, refusal: type[kafka_errors.BrokerResponseError], right: str
) -> None:
    admin = FakeAdmin()
    admin.topics[FIRST] = FakeTopic(partitions=1, replicas=1)
    admin.refusals[method] = refusal
    with refused("right", right):
        await create(admin, LEFT_TO_BROKERS)


@pytest.mark.parametrize(
    ("method", "refusal", "right"),
    [("describe_configs", TOPIC_REFUSED, "DescribeConfigs"), ("find_coordinator", GROUP_REFUSED, "Read on the groups")],
)
async def test_a_right_that_a_start_needs_is_named(
    method: str, refusal: type[kafka_errors.BrokerResponseError], right: str
) -> None:
    admin = FakeAdmin(brokers=3)
    await create(admin, SAFE)
    admin.refusals[method] = refusal
    with refused("right", right):
        await check(admin, SAFE, "analysis-workers")


async def test_groups_whose_broker_is_not_there_yet_do_not_keep_a_process_from_starting() -> None:
    admin = FakeAdmin()
    await create(admin, LEFT_TO_BROKERS)
    admin.refusals["find_coordinator"] = kafka_errors.CoordinatorNotAvailableError
    await check(admin, LEFT_TO_BROKERS, "analysis-workers")


@pytest.mark.parametrize(
    ("refusal", "right"),
    [(TOPIC_REFUSED, "topics"), (GROUP_REFUSED, "groups"), (CLUSTER_REFUSED, "cluster")],
)
def test_a_right_taken_away_at_run_time_is_told_and_tried_again(
    refusal: type[kafka_errors.BrokerResponseError], right: str
) -> None:
    with (
        pytest.raises(errors.Unavailable, match=rf"^CREDPASS_EVENTS_URL: .*right.*{right}"),
        kafka_connection.reached(),
    ):
        raise refusal("library text")


@pytest.mark.parametrize(
    "trouble", [kafka_errors.KafkaConnectionError(), TimeoutError(), OSError(), errors.Unavailable()]
)
def test_what_keeps_a_start_from_its_end_names_the_setting(trouble: Exception) -> None:
    with pytest.raises(errors.Unavailable, match=r"^CREDPASS_EVENTS_URL: Kafka"), kafka_connection.answering():
        raise trouble


def test_a_right_that_is_missing_ends_a_start() -> None:
    with refused("right", "topics"), kafka_connection.answering():
        raise TOPIC_REFUSED
