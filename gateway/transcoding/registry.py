"""Message classes by descriptor, and the types that an Any may name."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import descriptor_pool, message, message_factory
from google.protobuf.descriptor import Descriptor


class TypeRegistry:
    """Finds types in the given pools first, then in the default pool of generated code."""

    def __init__(self, *pools: descriptor_pool.DescriptorPool) -> None:
        self._pools = (*pools, descriptor_pool.Default())

    def find(self, full_name: str) -> Descriptor | None:
        """The message type of that name, or None."""
        return next(self._found(full_name), None)

    def find_url(self, type_url: str) -> Descriptor | None:
        """The type behind an Any's URL: its last path segment; None when the URL has no slash or no known type."""
        prefix, slash, name = type_url.rpartition("/")
        return self.find(name) if prefix and slash else None

    def _found(self, full_name: str) -> Iterator[Descriptor]:
        for pool in self._pools:
            try:
                yield pool.FindMessageTypeByName(full_name)
            except KeyError:
                continue


def message_class(descriptor: Descriptor) -> type[message.Message]:
    """The class of a message type; the runtime keeps one per type."""
    return message_factory.GetMessageClass(descriptor)
