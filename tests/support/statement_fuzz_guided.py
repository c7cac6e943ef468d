"""`python -m tests.support.statement_fuzz_guided PARSER [libFuzzer option or folder]...`: one parser under atheris.

Does not return: libFuzzer ends the process, with a status other than 0 after the first finding. `statement_fuzz` runs
one such process a parser.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main(arguments: list[str]) -> None:
    atheris: Any = importlib.import_module("atheris")
    # Branches are counted by rewriting bytecode at import: the parsers must not have been imported before.
    with atheris.instrument_imports(include=["analysis.statement"]):
        parsers = importlib.import_module("tests.support.statement_fuzz_parsers")
    parser = parsers.PARSERS[arguments[1]]
    atheris.Setup([arguments[0], *arguments[2:]], lambda data: parsers.check(parser, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
