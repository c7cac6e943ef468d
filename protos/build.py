"""Builds everything that is made from the contracts.

`python protos/build.py generate` writes `generated/` (stubs, types, OpenAPI). `build.py image FILE` writes
one descriptor set with source information, which is what buf lints and compares; with `--at REVISION` it is made from
the contracts of that revision.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile

import grpc_tools
from google.protobuf import descriptor_pb2
from protovalidate._gen.buf.validate import validate_pb

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GENERATED = ROOT / "generated"
WELL_KNOWN = pathlib.Path(grpc_tools.__file__).parent / "_proto"
SITE_PACKAGES = pathlib.Path(sysconfig.get_path("purelib"))
VALIDATE = "buf/validate/validate.proto"
WELL_KNOWN_IMPORTS = ("descriptor", "duration", "field_mask", "timestamp")


def contracts(root: pathlib.Path = PROTOS) -> list[str]:
    """Every contract, relative to the proto root, sorted."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.proto"))


def protoc(*arguments: str) -> None:
    """Run protoc; its own messages say what is wrong.

    Raises:
        SystemExit: protoc refused its input.

    """
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    plugins = {"PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"}
    if subprocess.run(command, check=False, cwd=PROTOS, env=plugins).returncode:
        raise SystemExit("protoc refused the contracts")


def import_arguments(validate_set: pathlib.Path, root: pathlib.Path = PROTOS) -> list[str]:
    """Where imports are found: our tree, google/api from its package, buf/validate from a descriptor set."""
    return [f"-I{root}", f"-I{SITE_PACKAGES}", f"-I{WELL_KNOWN}", f"--descriptor_set_in={validate_set}"]


def write_validate_set(folder: pathlib.Path) -> pathlib.Path:
    """Write buf/validate and what it imports as a descriptor set: its package ships no .proto file."""
    imports = folder / "imports.binpb"
    names = [f"google/protobuf/{name}.proto" for name in WELL_KNOWN_IMPORTS]
    protoc(f"-I{WELL_KNOWN}", "--include_imports", f"--descriptor_set_out={imports}", *names)
    files = descriptor_pb2.FileDescriptorSet.FromString(imports.read_bytes())
    files.file.add().ParseFromString(validate_pb.desc().proto.to_binary())
    target = folder / "validate.binpb"
    target.write_bytes(files.SerializeToString(deterministic=True))
    return target


def write_stubs(folder: pathlib.Path, validate_set: pathlib.Path) -> None:
    """Write stubs and their types for our contracts, and messages for buf/validate, which ours import."""
    outputs = [f"--python_out={folder}", f"--mypy_out=quiet:{folder}"]
    stubs = [f"--grpc_python_out={folder}", f"--mypy_grpc_out=quiet:{folder}"]
    services = [name for name in contracts() if name.endswith("_service.proto")]
    protoc(*import_arguments(validate_set), *outputs, *contracts())
    protoc(*import_arguments(validate_set), *stubs, *services)
    protoc(f"--descriptor_set_in={validate_set}", *outputs, VALIDATE)


def write_image(target: pathlib.Path, root: pathlib.Path = PROTOS) -> None:
    """Write all contracts under `root` and their imports as one descriptor set with comments."""
    with tempfile.TemporaryDirectory() as scratch:
        imports = import_arguments(write_validate_set(pathlib.Path(scratch)), root)
        output = ["--include_imports", "--include_source_info", f"--descriptor_set_out={target.resolve()}"]
        protoc(*imports, *output, *contracts(root))


def write_image_at(target: pathlib.Path, revision: str) -> None:
    """Write the image of the contracts as they were at a revision."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = subprocess.run(["git", "archive", revision, "protos"], check=True, cwd=ROOT, capture_output=True)
        subprocess.run(["tar", "-x", "-C", scratch], check=True, input=archive.stdout)
        write_image(target, pathlib.Path(scratch) / "protos")


def generate() -> None:
    """Replace `generated/` as a whole, so that nothing stale stays."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        validate_set = write_validate_set(folder)
        fresh = folder / "generated"
        fresh.mkdir()
        write_stubs(fresh, validate_set)
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)
    write_openapi()


def write_openapi() -> None:
    """Write the OpenAPI document in a process of its own: it needs the stubs that were just written."""
    code = "import gateway.openapi, sys; gateway.openapi.write(*sys.argv[1:])"
    target = GENERATED / "openapi" / "credpass.json"
    target.parent.mkdir(exist_ok=True)
    environment = {"PYTHONPATH": f"{ROOT}:{GENERATED}", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.NamedTemporaryFile(suffix=".binpb") as image:
        write_image(pathlib.Path(image.name))
        subprocess.run([sys.executable, "-c", code, image.name, str(target)], check=True, env=environment)


def main() -> None:
    match sys.argv[1:]:
        case ["generate"]:
            generate()
        case ["image", target]:
            write_image(pathlib.Path(target))
        case ["image", target, "--at", revision]:
            write_image_at(pathlib.Path(target), revision)
        case _:
            raise SystemExit("usage: build.py generate | build.py image FILE [--at REVISION]")


if __name__ == "__main__":
    main()
