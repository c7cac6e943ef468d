# ruff: noqa: T201 (a command: it prints what it found)
"""`python -m tests.support.statement_fuzz SECONDS [PARSER]...`: damaged statements of every format, every parser.

Whatever the bytes, parsing ends with rows or with `StatementRefused`, and soon. SECONDS are for each parser: guided by
the branches it takes (atheris) where that is installed, by blows at random elsewhere. Exit status 1 where something
else happened; the offending bytes are kept in a folder that is named.
"""

from __future__ import annotations

import importlib.util
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from tests.support import statement_fuzz_parsers as parsers

_SLOW_S = 5.0
_STUCK_S = 20  # wall time; instrumented code on a busy machine is slow
_START_S = 120.0
_MEMORY_MB = 1024
_INPUT_BYTES = 16_384
_FINDINGS = 10
_TOKENS = (b'"', b";", b",", b"\n", b"<", b">", b"(", b"[", b"{", b"\\", b"-", b"0", b"/", b"\x00", b"\xff", b"9" * 30)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The bytes after one to six blows."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(out) + 1)
        end = min(len(out), start + dice.randint(1, 200))
        dice.choice(_BLOWS)(out, start, end, dice)
    return bytes(out)


def _flip(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    out[start : start + 1] = bytes([dice.randrange(256)])


def _insert(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    out[start:start] = dice.choice(_TOKENS)


def _delete(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    del out[start:end]


def _double(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    out[start:start] = out[start:end]


_BLOWS: tuple[Callable[[bytearray, int, int, random.Random], None], ...] = (_flip, _insert, _delete, _double)


def fuzz(seconds: float, seed: int = 0, names: Sequence[str] = ("parse",)) -> tuple[int, list[tuple[str, bytes]]]:
    """(runs, what went wrong): an undocumented exception, or a parse of more than five seconds of CPU."""
    dice, found = random.Random(seed), list[tuple[str, bytes]]()
    runs, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and len(found) < _FINDINGS:
        parser = parsers.PARSERS[dice.choice(names)]
        data = damaged(dice.choice(parser.seeds), dice)
        runs += 1
        started = time.process_time()
        try:
            parsers.check(parser, data)
        except Exception as error:  # noqa: BLE001 (the very thing that is looked for)
            found.append((f"{type(error).__name__}: {error}", data))
        if time.process_time() - started > _SLOW_S:
            found.append(("too slow", data))
    return runs, found


def _at_random(seconds: float, names: Sequence[str], folder: pathlib.Path) -> int:
    print("atheris is not installed: damage is at random, not guided by branches")
    runs, found = fuzz(seconds * len(names), names=names)
    for number, (reason, data) in enumerate(found):
        path = folder / f"random-{number}"
        path.write_bytes(data)
        print(f"{path}: {reason}")
    print(f"{runs} damaged statements, {len(found)} findings")
    return len(found)


def guided(name: str, seconds: float, folder: pathlib.Path) -> bool:
    """One parser in a process of its own; True where it held. Offending bytes stay in `folder` as `NAME-*`."""
    corpus = folder / f"corpus_{name}"
    corpus.mkdir()
    for number, seed in enumerate(parsers.PARSERS[name].seeds):
        (corpus / f"seed_{number}").write_bytes(seed)
    log = folder / f"{name}.log"
    status = _run(name, seconds, corpus, log)
    text = log.read_text(errors="replace")
    runs = re.findall(r"^#(\d+)", text, re.MULTILINE)
    print(f"{name}: {runs[-1] if runs else 0} statements, {'held' if status == 0 else 'FAILED'}", flush=True)
    if status != 0:
        print(_reason(text), *(f"  input: {path}" for path in folder.glob(f"{name}-*")), f"  log: {log}", sep="\n")
    return status == 0


def _run(name: str, seconds: float, corpus: pathlib.Path, log: pathlib.Path) -> int:
    options = (
        f"-max_total_time={max(1, round(seconds))}", f"-timeout={_STUCK_S}", f"-rss_limit_mb={_MEMORY_MB}",
        f"-max_len={_INPUT_BYTES}", f"-artifact_prefix={corpus.parent}/{name}-", "-seed=1",
    )  # fmt: skip
    command = [sys.executable, "-m", "tests.support.statement_fuzz_guided", name, *options, str(corpus)]
    with log.open("wb") as output:
        try:
            return subprocess.run(
                command, stdout=output, stderr=output, timeout=seconds + _STUCK_S + _START_S, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return 1


def _reason(log: str) -> str:
    """The exception that ended the run, with the place that raised it, or libFuzzer's own word."""
    _, uncaught, trace = log.partition("=== Uncaught Python exception: ===")
    if uncaught:
        lines = trace.partition("==")[0].strip().splitlines()
        return "\n".join(f"  {line}" for line in (*lines[:1], *lines[-4:]))
    return "\n".join(f"  {line}" for line in log.splitlines() if "ERROR" in line or "SUMMARY" in line) or "  no reason"


def main(arguments: list[str]) -> int:
    seconds, names = float(arguments[0]) if arguments else 60.0, arguments[1:] or list(parsers.PARSERS)
    if unknown := set(names) - parsers.PARSERS.keys():
        print(f"no parser is called {', '.join(sorted(unknown))}: {', '.join(parsers.PARSERS)}")
        return 2
    folder = pathlib.Path(tempfile.mkdtemp(prefix="statement_fuzz_"))
    if importlib.util.find_spec("atheris") is None:
        return 1 if _at_random(seconds, names, folder) else 0
    held = [guided(name, seconds, folder) for name in names]
    print(f"{len(held)} parsers, {held.count(False)} with findings; inputs and logs: {folder}")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
