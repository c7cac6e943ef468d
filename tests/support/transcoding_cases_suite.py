"""A folder of transcoding cases: its files, its message types, and what one case asks."""

from __future__ import annotations

import dataclasses
import itertools
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import google.api
import google.rpc.error_details_pb2
import grpc_tools
from google.api import annotations_pb2, http_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    json_format,
    message,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor, FieldDescriptor, ServiceDescriptor
from grpc_tools import protoc

from gateway.transcoding import Options
from gateway.transcoding.registry import TypeRegistry

Case = Mapping[str, Any]
Check = Callable[[Any], str | None]
"""Takes what is expected; gives None when it holds, else what came instead."""

_WELL_KNOWN = (any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2)


@dataclasses.dataclass(frozen=True)
class Question:
    """One thing to check: the case as it stands in the file, what it expects, and how to see whether that holds."""

    case_id: str
    case: Case
    expect: Any
    check: Check
    disputed: bool = False
    alternatives: tuple[tuple[str, Any], ...] = ()
    skipped: str = ""


def question(case: Case, expect: Any, check: Check, *, disputed: bool = False, skipped: str = "") -> Question:
    """The question of a case in the usual layout (`id`, `disputed`, `alternatives`)."""
    alternatives = tuple((str(other.get("by", "")), _alternative(other)) for other in case.get("alternatives", ()))
    asked = disputed or bool(case.get("disputed"))
    return Question(str(case["id"]), case, expect, check, asked, alternatives, skipped)


def _alternative(other: Case) -> Any:
    return other["expect"] if "expect" in other else {key: value for key, value in other.items() if key != "by"}


class Suite:
    """The message types of a folder, and the types made up for single cases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = descriptor_pool.DescriptorPool()
        known: set[str] = set()
        for file in itertools.chain((module.DESCRIPTOR for module in _WELL_KNOWN), ()):
            self.pool.AddSerializedFile(file.serialized_pb)
            known.add(file.name)
        for proto in compile_protos(folder).file:
            if proto.name not in known:
                self.pool.Add(proto)
        self.types = TypeRegistry(self.pool)
        self._numbers = itertools.count(1)

    def lists(self) -> Iterator[tuple[str, str, list[Case]]]:
        """(file, list, cases) of every *.json file."""
        for path in sorted(self.folder.glob("*.json")):
            content = json.loads(path.read_text(encoding="utf-8"))
            for name, cases in content.items() if isinstance(content, dict) else ():
                if isinstance(cases, list) and all(isinstance(case, dict) for case in cases):
                    yield path.name, name, cases

    def descriptor(self, full_name: str) -> Descriptor:
        """A message type of the folder, or a well-known one."""
        return self.pool.FindMessageTypeByName(full_name)

    def message(self, descriptor: Descriptor, value: Any) -> message.Message:
        """The message of proto JSON, by the protobuf runtime's own converter (the oracle)."""
        made = message_factory.GetMessageClass(descriptor)()
        return json_format.ParseDict(value, made, descriptor_pool=self.pool)

    def service(self, input_type: str, rule: Case) -> ServiceDescriptor:
        """A service of one method `Call` that takes the type, has the rule and answers Empty."""
        number = next(self._numbers)
        file = self._file(number)
        file.dependency.extend({self.descriptor(input_type).file.name, "google/protobuf/empty.proto"})
        service = file.service.add(name="Service")
        method = service.method.add(name="Call", input_type=f".{input_type}", output_type=".google.protobuf.Empty")
        method.options.Extensions[annotations_pb2.http].CopyFrom(http_rule(rule))
        service_of_one: ServiceDescriptor = self._added(file).services_by_name["Service"]
        return service_of_one

    def value_field(self, type_text: str) -> FieldDescriptor:
        """A field `value` of a type as the cases write it: `int32`, `repeated enum a.B`, `map<string, a.M>`."""
        file = self._file(next(self._numbers))
        holder = file.message_type.add(name="Holder")
        field = holder.field.add(name="value", json_name="value", number=1)
        _TypeText(self, file, holder).describe(field, type_text)
        value: FieldDescriptor = self._added(file).message_types_by_name["Holder"].fields_by_name["value"]
        return value

    def _file(self, number: int) -> descriptor_pb2.FileDescriptorProto:
        return descriptor_pb2.FileDescriptorProto(
            name=f"made_up_{number}.proto", package=f"made_up_{number}", syntax="proto3"
        )

    def _added(self, file: descriptor_pb2.FileDescriptorProto) -> Any:
        self.pool.Add(file)
        return self.pool.FindFileByName(file.name)


class _TypeText:
    """Writes a type text into a field."""

    _SCALARS = {  # noqa: RUF012
        name[len("TYPE_") :].lower(): number for name, number in descriptor_pb2.FieldDescriptorProto.Type.items()
    }

    def __init__(
        self, suite: Suite, file: descriptor_pb2.FileDescriptorProto, holder: descriptor_pb2.DescriptorProto
    ) -> None:
        self._suite = suite
        self._file = file
        self._holder = holder

    def describe(self, field: descriptor_pb2.FieldDescriptorProto, text: str) -> None:
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
        if text.startswith("map<"):
            self._map(field, *(part.strip() for part in text[len("map<") : -1].split(",", 1)))
        elif text.startswith("repeated "):
            self._single(field, text.removeprefix("repeated "))
            field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
        else:
            self._single(field, text)

    def _map(self, field: descriptor_pb2.FieldDescriptorProto, key: str, value: str) -> None:
        entry = self._holder.nested_type.add(name="ValueEntry")
        entry.options.map_entry = True
        self.describe(entry.field.add(name="key", number=1), key)
        self.describe(entry.field.add(name="value", number=2), value)
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{self._file.package}.Holder.ValueEntry"
        field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED

    def _single(self, field: descriptor_pb2.FieldDescriptorProto, text: str) -> None:
        if text in self._SCALARS and text not in ("enum", "message", "group"):
            field.type = self._SCALARS[text]
        elif text.startswith("enum"):
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_ENUM
            field.type_name = self._enum(text.removeprefix("enum").strip())
        else:
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = f".{text}"
            self._depend(self._suite.descriptor(text).file.name)

    def _enum(self, text: str) -> str:
        if not text.startswith("{"):
            self._depend(self._suite.pool.FindEnumTypeByName(text).file.name)
            return f".{text}"
        enum = self._file.enum_type.add(name="Inline")
        for value in filter(None, text.strip("{}").split(";")):
            name, number = value.split("=")
            enum.value.add(name=name.strip(), number=int(number))
        return f".{self._file.package}.Inline"

    def _depend(self, name: str) -> None:
        if name not in self._file.dependency:
            self._file.dependency.append(name)


def compile_protos(folder: Path) -> descriptor_pb2.FileDescriptorSet:
    """The descriptor set of every *.proto in a folder, imports included; empty when there is none."""
    files = descriptor_pb2.FileDescriptorSet()
    names = sorted(path.name for path in folder.glob("*.proto"))
    if not names:
        return files
    includes = [folder, Path(grpc_tools.__file__).parent / "_proto", Path(google.api.__path__[0]).parents[1]]
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "files.binpb"
        arguments = [
            "protoc",
            "--include_imports",
            f"--descriptor_set_out={target}",
            *(f"-I{path}" for path in includes),
        ]
        if protoc.main([*arguments, *names]) != 0:
            raise SystemExit(f"protoc refuses the .proto files of {folder}")
        files.ParseFromString(target.read_bytes())
    return files


def http_rule(rule: Case) -> http_pb2.HttpRule:
    """An HttpRule of its JSON."""
    return json_format.ParseDict(dict(rule), http_pb2.HttpRule())


def plain_options(options: Options, **changes: Any) -> Options:
    """The options with some changed."""
    return dataclasses.replace(options, **changes)
