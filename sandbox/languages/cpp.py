"""C++17: programs become machine code once, and functions are called through `calls.hpp`.

A program whose functions are called is compiled together with a server of them. Its tests are
compiled by themselves, against declarations made from what that server says of its types.
"""

from __future__ import annotations

import os
import re
from typing import Any, NoReturn

from .. import child
from . import cpp_text, native

NAMES = ("cpp", "c++", "cc", "cxx")
KEEP = ("program", "signatures", "problem")
SHOWN = ("signatures",)  # what of a program the compiler of its tests is given

COMPILER = ("g++", "-std=c++17", "-pipe", "-w", "-fdiagnostics-color=never")


def version() -> str | None:
    """Of the compiler."""
    return native.version("g++", "-dumpfullversion")


def compile(task: child.Task) -> NoReturn:
    """Make `program` for the purpose that the first argument names."""
    purpose = task.arguments[0]
    native.lay_out("calls.hpp")
    if purpose == "test":
        _compile_tests(task)
    child.place("main.cpp", task.source)
    if purpose == "run":
        child.execute("g++", [*COMPILER, "-O2", "-o", "program", "main.cpp"])
    os._exit(0 if _server(cpp_text.functions_of(task.source.decode("utf-8", "replace"))) else 1)


def _server(names: list[str]) -> bool:
    """Make `program` and `signatures`, with what has an address of the functions `names`."""
    options = ["-O1", "-Dmain=program_main", f"-I{native.HELPERS}", "-o", "program", "server.cpp"]
    made = _compiled_server(names, options)
    # What only looked like a function, such as one for another preprocessor, is left out.
    strange = set(map(int, re.findall(rb"server\.cpp:(\d+):", made.stderr)))
    known = [name for line, name in enumerate(names, _FIRST_LINE) if line not in strange]
    if made.returncode != 0 and len(known) < len(names):
        made = _compiled_server(known, options)
    os.write(2, made.stderr)
    if made.returncode != 0:
        return False
    with open("signatures", "wb") as file:
        return bool(native.run(["./program", "types"], stdout=file).returncode == 0)


def _compiled_server(names: list[str], options: list[str]) -> Any:
    lines = [f'program_server.add("{n}", &::{n.replace(".", "::")});\n' for n in names]
    child.place("server.cpp", (_SERVER + "".join(lines) + _RUN).encode())
    return native.run([*COMPILER, *options], stderr=native.PIPE)


# The program stands first, so that it is compiled as if nothing stood behind it; names that
# programs like to redefine get their meaning back.
_SERVER = """#include "main.cpp"
#undef main
#undef int
#undef long
#undef double
#undef float
#undef char
#undef bool
#undef auto
#undef string
#undef vector
#undef map
#undef set
#undef pair
#undef list
#undef first
#undef second
#undef begin
#undef end
#undef size
#undef for
#undef if
#undef while
#include <cerrno>
#include "calls.hpp"
int main(int, char** arguments) {
program_calls::Server program_server;
"""
_FIRST_LINE = _SERVER.count("\n") + 1
_RUN = "return program_server.run(arguments[1]);\n}\n"


def _compile_tests(task: child.Task) -> NoReturn:
    """Tests that do not compile against this program's functions are its failure, not a fault."""
    with open(task.kept["signatures"], errors="replace") as file:
        signatures = file.read(1 << 20)
    tests = task.source.decode("utf-8", "replace")
    child.place("tests.cpp", task.source)
    try:
        child.place("tester.cpp", (_TESTER % cpp_text.declarations(signatures, tests)).encode())
    except cpp_text.Refused as error:
        child.place("problem", f"the program: {error}".encode())
        os._exit(0)
    options = [f"-I{native.HELPERS}", "-o", "program", "tester.cpp"]
    made = native.run([*COMPILER, *options], stderr=native.PIPE)
    if made.returncode != 0:
        child.place("problem", made.stderr[:4000])
    os._exit(0)


_TESTER = """#include <cassert>
#include <cerrno>
#include "calls.hpp"
namespace program_names { struct Other; }
namespace program_probe { using namespace program_names; }
%s
#include "tests.cpp"
"""


def start(task: child.Task, room: Any) -> NoReturn:
    """Be the program."""
    if task.mode == "test":
        if "problem" in task.kept:
            with open(task.kept["problem"], errors="replace") as file:
                native.failed(file.read())
        native.test(task.kept["program"], ["tests"])
    arguments = task.arguments if task.mode == "run" else [task.mode]
    child.execute(task.kept["program"], ["program", *arguments])
