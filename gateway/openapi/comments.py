"""Comments of contracts, by the full name of what they stand before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.protobuf import descriptor_pb2

# Field numbers in descriptor.proto: a path in SourceCodeInfo is made of them and of positions.
MESSAGE, ENUM, SERVICE = 4, 5, 6
NESTED, FIELD, NESTED_ENUM = 3, 2, 4
ENUM_VALUE, METHOD = 2, 2

Path = tuple[int, ...]


class Comments:
    """Looks comments up."""

    def __init__(self, image: descriptor_pb2.FileDescriptorSet) -> None:
        self._texts: dict[str, str] = {}
        for file in image.file:
            if not file.package.startswith("credpass."):
                continue
            found = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
            for path, name in _names(file):
                self._texts[name] = " ".join(found.get(path, "").split())

    def of(self, full_name: str) -> str:
        """The comment as one line; empty where there is none."""
        return self._texts.get(full_name, "")


def _names(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[Path, str]]:
    for position, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        yield (SERVICE, position), name
        for index, method in enumerate(service.method):
            yield (SERVICE, position, METHOD, index), f"{name}.{method.name}"
    for position, message in enumerate(file.message_type):
        yield from _message_names(message, (MESSAGE, position), file.package)
    yield from _enum_names(file.enum_type, (), ENUM, file.package)


def _message_names(message: descriptor_pb2.DescriptorProto, path: Path, scope: str) -> Iterator[tuple[Path, str]]:
    name = f"{scope}.{message.name}"
    yield path, name
    for index, field in enumerate(message.field):
        yield (*path, FIELD, index), f"{name}.{field.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _message_names(nested, (*path, NESTED, index), name)
    yield from _enum_names(message.enum_type, path, NESTED_ENUM, name)


def _enum_names(
    enums: Sequence[descriptor_pb2.EnumDescriptorProto], path: Path, number: int, scope: str
) -> Iterator[tuple[Path, str]]:
    for index, enum in enumerate(enums):
        yield (*path, number, index), f"{scope}.{enum.name}"
