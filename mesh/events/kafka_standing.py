"""How topics stand on a cluster: whether they are there, and as safe as the URL asks. Nothing here changes any."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from aiokafka import errors as kafka_errors
from aiokafka.admin import config_resource

from mesh import logs, settings
from mesh.events import kafka_connection, kafka_url

MIN_INSYNC = "min.insync.replicas"
# DescribeConfigs: where a value comes from; this one was set for the topic itself.
SET_FOR_TOPIC = 1
# A broker hears of a new topic a moment after the one that made it, and a new cluster's first group waits as well.
LOOKS = 10
LOOK_PAUSE_S = 0.1
SEEING = "Describe and DescribeConfigs on the topics"

LOG = logs.get()


async def check(
    admin: Any, names: kafka_connection.Names, topics: Collection[str], groups: Sequence[str], safety: kafka_url.Safety
) -> None:
    """See that a process finds what it needs: topics, on as many brokers as asked, and leave to join its groups.

    Raises:
        settings.SettingsError: what `credpass topics` or the cluster's operator must mend; the message says which.
    """
    with permitted(SEEING):
        copies = await _copies(admin, {names.wire(topic) for topic in topics})
        check_copies(copies, safety)
        if safety.min_insync:
            _check_in_sync(await configs(admin, sorted(copies)), safety)
    with permitted(kafka_connection.RIGHTS[kafka_errors.GroupAuthorizationFailedError]):
        for group in groups:
            await _may_join(admin, names.wire(group))
    if not safety.replicas and 1 in copies.values():
        LOG.warning("events lie on one broker each", setting=kafka_url.VARIABLE, remedy="replicas=3&min_insync=2")


@contextlib.contextmanager
def permitted(rights: str) -> Iterator[None]:
    """Turn a refusal into the error that ends a start. `rights`: what the user needs for what the block does."""
    try:
        yield
    except kafka_connection.REFUSALS:
        raise settings.SettingsError(kafka_connection.right_missing(rights)) from None


def check_copies(copies: Mapping[str, int], safety: kafka_url.Safety) -> None:
    """Raise SettingsError for a topic on fewer brokers than asked. `copies`: how many each lies on."""
    if few := sorted(name for name, count in copies.items() if count < safety.replicas):
        raise wrong(
            f"topic {few[0]} lies on {copies[few[0]]} of the {safety.replicas} brokers that replicas asks for"
            f"{_more(few)}; kafka-reassign-partitions adds replicas"
        )


async def described(admin: Any) -> dict[str, list[Mapping[str, Any]]]:
    """The partitions of every topic that the user may see. Topics are not named: that could create them."""
    return {each["topic"]: list(each["partitions"]) for each in await admin.describe_topics()}


async def configs(admin: Any, topics: Sequence[str]) -> dict[str, dict[str, tuple[str, int]]]:
    """Each topic's settings: value, and where that comes from. Raises what the cluster says of a topic."""
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for answer in await admin.describe_configs([resource(name) for name in topics]) if topics else ():
        for code, _message, _kind, name, entries in answer.resources:
            if code:
                raise kafka_errors.for_code(code)
            found[name] = {key: (value, source) for key, value, _fixed, source, *_ in entries}
    return found


def resource(name: str, configs: dict[str, str] | None = None) -> Any:
    """A topic, as requests about settings name it."""
    return config_resource.ConfigResource(config_resource.ConfigResourceType.TOPIC, name, configs)


def copies_of(partitions: Sequence[Mapping[str, Any]]) -> int:
    """On how many brokers a topic lies: its worst partition counts."""
    return min((len(partition["replicas"]) for partition in partitions), default=0)


def wrong(what: str) -> settings.SettingsError:
    """The error for what an operator must mend."""
    return settings.SettingsError(f"{kafka_url.VARIABLE}: {what}")


async def _copies(admin: Any, wanted: Collection[str]) -> dict[str, int]:
    missing: list[str] = []
    for _ in range(LOOKS):
        found = await described(admin)
        missing = sorted(name for name in wanted if name not in found)
        if not missing:
            return {name: copies_of(found[name]) for name in wanted}
        await asyncio.sleep(LOOK_PAUSE_S)
    with contextlib.suppress(kafka_errors.UnknownTopicOrPartitionError):
        await configs(admin, missing[:1])  # a topic that is hidden from the user is refused here, a missing one unknown
    raise wrong(f"there is no topic {missing[0]}{_more(missing)}; run `credpass topics`")


def _check_in_sync(found: Mapping[str, Mapping[str, tuple[str, int]]], safety: kafka_url.Safety) -> None:
    if weak := sorted(name for name, settings_ in found.items() if in_sync(settings_) < safety.min_insync):
        raise wrong(
            f"topic {weak[0]} has {MIN_INSYNC} {in_sync(found[weak[0]])}, and min_insync asks for"
            f" {safety.min_insync}{_more(weak)}; run `credpass topics`"
        )


def in_sync(settings_: Mapping[str, tuple[str, int]]) -> int:
    """A topic's min.insync.replicas, wherever it was set."""
    return int(settings_[MIN_INSYNC][0]) if MIN_INSYNC in settings_ else 1


async def _may_join(admin: Any, group: str) -> None:
    for _ in range(LOOKS):
        try:
            await admin.find_coordinator(group)
        except kafka_errors.KafkaError as error:
            if isinstance(error, kafka_connection.REFUSALS):
                raise
            if not error.retriable:
                raise
            await asyncio.sleep(LOOK_PAUSE_S)
        else:
            return


def _more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
