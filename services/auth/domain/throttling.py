"""How failed log-ins slow down the next ones, and how many mails an address may get."""

from __future__ import annotations

import dataclasses
import ipaddress
from datetime import datetime, timedelta

_IPV6_SITE_BITS = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """`free` attempts without delay, then delays that double from one second up to `longest`; all is forgotten
    `memory` after the last attempt.
    """

    free: int
    longest: timedelta
    memory: timedelta


# A person mistypes a few times; an office behind one address mistypes more often.
PER_ACCOUNT = Policy(free=5, longest=timedelta(minutes=15), memory=timedelta(hours=1))
PER_ADDRESS = Policy(free=20, longest=timedelta(minutes=15), memory=timedelta(hours=1))
# Nobody is flooded with our mails: so many an hour, then one each hour.
PER_MAILBOX = Policy(free=5, longest=timedelta(hours=1), memory=timedelta(hours=1))


@dataclasses.dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts counted under one key. `revision` is 0 until stored."""

    count: int = 0
    blocked_until: datetime | None = None
    forgotten_at: datetime | None = None
    revision: int = 0

    def wait(self, now: datetime) -> timedelta:
        """How long until the next attempt is taken; zero for now."""
        if self.blocked_until is None or self.blocked_until <= now:
            return timedelta()
        return self.blocked_until - now

    def cleared(self, now: datetime) -> Attempts:
        return dataclasses.replace(self, count=0, blocked_until=None, forgotten_at=now)

    def with_one_more(self, policy: Policy, now: datetime) -> Attempts:
        fresh = self.forgotten_at is not None and self.forgotten_at <= now
        count = 1 if fresh else self.count + 1
        delay = delay_after(count, policy)
        return dataclasses.replace(
            self, count=count, blocked_until=now + delay if delay else None, forgotten_at=now + delay + policy.memory
        )


def delay_after(count: int, policy: Policy) -> timedelta:
    """The delay after so many attempts: 0 up to `free`, then 1 s, 2 s, 4 s ... `longest`."""
    if count < policy.free:
        return timedelta()
    doublings = min(count - policy.free, 20)
    return min(timedelta(seconds=2**doublings), policy.longest)


def address_group(client_address: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 site (/64), which one client owns whole.

    Empty when that is not known: a loopback address stands for everybody behind a proxy on this machine.
    """
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False))
