"""The commands."""

from __future__ import annotations

import importlib
import pathlib
import sys
import tempfile
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from typer.core import TyperGroup

from cli import report, system
from cli.client import Client, Refused
from cli.journey import Journey, JourneyFailed, Outcome
from mesh import errors
from mesh import settings as mesh_settings
from mesh.rpc.server import StartError

Result = TypeVar("Result")

DEMO_STATEMENT = pathlib.Path(__file__).parent / "data" / "demo_statement.csv"
SERVICES = ("gateway", *mesh_settings.SERVICES)

# Commands of the engine alone, by the module that has them: what only serves does not wait for their imports.
ENGINE_COMMANDS = {name: f"cli.{name}" for name in ("analyse", "inspect", "train", "evaluate")}


class Commands(TyperGroup):
    """The commands; those of the engine are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *ENGINE_COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in ENGINE_COMMANDS:
            return super().get_command(ctx, cmd_name)
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(getattr(importlib.import_module(ENGINE_COMMANDS[cmd_name]), cmd_name))
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    help="Bank statements in, an explained trust score and a verifiable credential out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

keys_app = typer.Typer(help="The keys that wrap people's data keys.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

Statement = Annotated[
    pathlib.Path, typer.Option("--statement", exists=True, dir_okay=False, help="Statement to score.")
]
Data = Annotated[pathlib.Path | None, typer.Option("--data", help="Folder of the data (CREDPASS_DATA, ./var).")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port of the gateway (8080).")]


@app.command()
def up(port: Port = None, data: Data = None) -> None:
    """Start the whole system in this process and serve until Ctrl-C."""
    _run(_up(_environment(port, data)))


@app.command()
def run(statement: Statement = DEMO_STATEMENT, port: Port = None, data: Data = None) -> None:
    """Start the whole system, run the main job on a statement, and go on serving until Ctrl-C."""
    # What a person looks at is not to be buried under a line a request.
    environ = {"CREDPASS_LOG_LEVEL": "warning", **_environment(port, data)}
    _run(_up(environ, statement))


@app.command()
def demo(
    statement: Statement = DEMO_STATEMENT,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Run the main job on a statement against a throwaway system."""
    with tempfile.TemporaryDirectory(prefix="credpass-demo-") as folder:
        environ = system.environment(CREDPASS_DATA=folder, CREDPASS_LOG_LEVEL="error")
        _run(_demo(environ, statement, as_json=as_json))


@app.command()
def serve(service: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]) -> None:
    """Run one service, or the gateway, as this process."""
    if service not in SERVICES:
        raise typer.BadParameter(f"{service!r} is none of {', '.join(SERVICES)}")
    system.serve(service, system.environment())


@app.command()
def cluster(
    statement: Annotated[
        pathlib.Path | None, typer.Option("--statement", exists=True, dir_okay=False, help="Statement to score first.")
    ] = None,
    mailbox: Annotated[
        pathlib.Path | None, typer.Option("--mailbox", help="Folder of the mails that the mail server takes.")
    ] = None,
    port: Port = None,
    data: Data = None,
) -> None:
    """Run every service as processes of its own, on the backends of the environment, and serve until Ctrl-C."""
    _run(_cluster(_environment(port, data), statement, mailbox))


@app.command()
def certs(
    hand_out: Annotated[
        pathlib.Path | None, typer.Option("--hand-out", help="Copy to DIR/SERVICE what that service alone may hold.")
    ] = None,
    data: Data = None,
) -> None:
    """Make the lasting certificates of every service exist, under DATA/tls."""
    _run(_certs(_environment(None, data), hand_out))


@app.command("check-audit")
def check_audit(data: Data = None) -> None:
    """Walk the audit trail and say whether every record stands where and as it was written."""
    from cli import audit_trail

    intact = _run(audit_trail.check(_environment(None, data), Console()))
    raise typer.Exit(0 if intact else 1)


@app.command()
def topics(data: Data = None) -> None:
    """Make the event topics exist with their partitions and retention."""
    from cli import topics as event_topics

    _run(event_topics.create(_environment(None, data), Console()))


@app.command()
def redrive(
    topic: Annotated[str, typer.Argument(help="The topic whose dead letters go back on it.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 1_000,
    data: Data = None,
) -> None:
    """Put dead letters back on their topic, the oldest first."""
    from cli import topics as event_topics
    from mesh.events import topics as known

    if topic not in {each.name for each in known.LIVE}:
        raise typer.BadParameter(f"{topic!r} is none of {', '.join(each.name for each in known.LIVE)}")
    _run(event_topics.put_back(_environment(None, data), topic, limit, Console()))


@keys_app.command("rotate")
def rotate_keys(
    to: Annotated[str, typer.Option("--to", help="Id, ARN or alias of the new key; for awskms: only.")] = "",
    data: Data = None,
) -> None:
    """Make a new key-encryption key current and rewrap every data key, while the system runs; run again to go on."""
    from cli import keys

    complete = _run(keys.rotate(_environment(None, data), to, Console()))
    raise typer.Exit(0 if complete else 1)


async def _certs(environ: dict[str, str], hand_out: pathlib.Path | None) -> None:
    from mesh import clock, tls

    settings = mesh_settings.Settings.load(environ)
    tls.write_certificates(settings.tls_dir, clock.SystemClock())
    print(settings.tls_dir)
    if hand_out is not None:
        tls.hand_out(settings.tls_dir, hand_out, mesh_settings.PORTS)
        print(hand_out)


async def _up(environ: dict[str, str], statement: pathlib.Path | None = None) -> None:
    from mesh import runner

    console = Console()
    async with system.whole_system(environ) as running:
        if statement is not None:
            report.show(console, await _main_job(running, statement, console))
        console.print(f"Serving {running.url} (API description at {running.url}/docs). Ctrl-C stops.", soft_wrap=True)
        await runner.run_until_signal()
        console.print("Stopping.")


async def _cluster(environ: dict[str, str], statement: pathlib.Path | None, mailbox: pathlib.Path | None) -> None:
    from cli import cluster as processes

    console = Console()
    async with processes.serving(environ) as started:
        settings = mesh_settings.Settings.load(environ)
        running = system.System(started.url, settings.data, mailbox or system.mailbox(settings))
        if statement is not None:
            report.show(console, await _main_job(running, statement, console))
        console.print(started.table())
        console.print(f"Serving {running.url}; logs in {started.folder}. Ctrl-C stops.", soft_wrap=True)
        await processes.keep_up(started)
        console.print("Stopping.")


async def _demo(environ: dict[str, str], statement: pathlib.Path, *, as_json: bool) -> None:
    # With --json standard output belongs to the program that reads it.
    console = Console(stderr=as_json)
    async with system.whole_system(environ, throwaway=True) as running:
        outcome = await _main_job(running, statement, console)
    if as_json:
        print(orjson.dumps(report.as_json(outcome)).decode())
    else:
        report.show(console, outcome)


async def _main_job(running: system.System, statement: pathlib.Path, console: Console) -> Outcome:
    if running.mailbox is None:
        raise JourneyFailed("the main job reads its mails from the file mail backend; CREDPASS_MAIL_URL names another")
    with console.status("Starting") as status:
        async with Client(running.url) as client:
            journey = Journey(client, running.mailbox, lambda step: status.update(f"{step} ..."))
            return await journey.run(statement, running.data / "accounts")


def _environment(port: int | None, data: pathlib.Path | None) -> dict[str, str]:
    listen = None if port is None else f"127.0.0.1:{port}"
    folder = None if data is None else str(data)
    return system.environment(CREDPASS_GATEWAY_LISTEN=listen, CREDPASS_DATA=folder)


def _run(job: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a uvloop; what keeps it from its end is one line on standard error, and exit status 1."""
    import uvloop

    try:
        return uvloop.run(job)
    except Refused as refused:
        problem = "\n".join([str(refused), *(f"  {line}" for line in refused.details)])
    except (JourneyFailed, StartError, mesh_settings.SettingsError, errors.ServiceError) as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.strerror or error}"
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    print(f"credpass: {problem}", file=sys.stderr)
    raise typer.Exit(1)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
