"""What the compiler and clang-tidy do not check: who may include whom, banned functions, lengths.

Prints one line a finding, FILE:LINE: what; exits 1 when there is one."""
import re
import subprocess
import sys

FOLDERS = ("engine", "codec", "net", "sink", "bench", "tests")
# A room may include itself, and the rooms below it that are named here (docs/architecture.md, "The house"). A room is
# the longest of these paths that a file lies in; what is named covers the rooms inside it, but for PRIVATE ones.
MAY_INCLUDE = {
    "engine/base": set(),
    "engine": {"engine/base"},
    "engine/load": {"engine"},
    "engine/load/control": {"engine", "engine/load"},
    "engine/load/fetch": {"engine", "engine/load"},
    "engine/load/parse": {"engine", "engine/load"},
    "engine/load/write": {"engine", "engine/load"},
    "codec": {"engine"},
    "net": {"codec", "engine"},
    "net/http": {"codec", "engine"},
    "net/aws": {"net/http", "codec", "engine"},
    "net/kinesis": {"net/aws", "net/http", "codec", "engine"},
    "net/put": {"net/kinesis", "net/aws", "net/http", "codec", "engine"},
    "sink": {"codec", "engine", "net/http"},
    "bench/local/base": {"codec", "engine/base"},
    "bench/local/store": {"bench/local/base", "codec", "engine/base"},
    "bench/local/http": {"bench/local/base", "bench/local/store", "codec", "engine/base"},
    "bench/local/auth": {"bench/local/base", "bench/local/http", "codec", "engine/base"},
    "bench/local/faults": {"bench/local/base", "bench/local/http", "codec", "engine/base"},
    "bench/local/api": {"bench/local/base", "bench/local/store", "bench/local/http", "bench/local/auth",
                        "bench/local/faults", "codec", "engine/base"},
    "bench/local/disk": {"bench/local/base", "bench/local/store", "codec", "engine/base"},
    "bench/local/seed": {"bench/local/base", "bench/local/store", "codec", "engine/base"},
    "bench/local": {"codec", "engine/base"},
    "bench/drive": {"codec", "engine"},
    "bench/harness": set(),
    # Every stage of the engine is measured there.
    "bench/micro": {"bench", "codec", "engine", "net", "sink"},
    "tests": set(FOLDERS),
}
# The inside of a running load: only the load itself, and its tests.
PRIVATE = {"engine/load"}
ASSEMBLY = {"engine/modules.c"}

# OpenSSL is three things to the local service: TLS, certificates, digests.
THIRD_PARTY = re.compile(r"^(curl/|openssl/|nghttp2/|jemalloc/|libdeflate|liburing|simdjson|sqlite3|libpq-fe"
                         r"|postgres_ext|http_parser|cmocka)")
# Headers with more than one owner: simdjson's shims are doc.cc (the values of a document) and index.cc (its tokens).
OWNERS = {"simdjson.h": 2}
BANNED = re.compile(r"\b(v?sprintf|strcpy|strcat|strtok|ato[fil]|atoll|gmtime|localtime|strerror|alloca|gets)\s*\(")
WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
FUNCTION = re.compile(r"^[A-Za-z_].*\) (?:const )?\{$")
CONTINUED = re.compile(r"^ +.*\) (?:const )?\{$")
MAX_COLUMNS = 120
MAX_FUNCTION = 70
MAX_FILE = 600


def files(*patterns):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], check=True,
                            capture_output=True, text=True)
    return sorted(set(listed.stdout.split()))


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def blank_comments_and_strings(text):
    """The same text, same lines, with comments and the insides of string literals blanked."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def room_of(path):
    parts = path.split("/")[:-1]
    while parts and "/".join(parts) not in MAY_INCLUDE:
        parts.pop()
    return "/".join(parts)


def inside(room, place):
    return room == place or room.startswith(place + "/")


def wrong_include(path, name):
    if name.split("/")[0] not in FOLDERS or path in ASSEMBLY:
        return None
    room, target = room_of(path), room_of(name)
    is_hidden = any(inside(target, place) and not inside(room, place) for place in PRIVATE)
    allowed = {room} | MAY_INCLUDE.get(room, set())
    if room == "tests" or (not is_hidden and any(inside(target, place) for place in allowed)):
        return None
    return f"{room}/ may not include {target}/ ({name})"


def module_of(path):
    """x.c, x.h and x_parts.h, what x keeps to itself in several files, are one module."""
    return re.sub(r"(_parts)?\.[a-z]+$", "", path)


def includes(path, lines, third_party):
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        wrong = wrong_include(path, found.group(2))
        if wrong:
            yield number, wrong
        if found.group(1) == "<" and THIRD_PARTY.match(found.group(2)) and not path.startswith("tests/"):
            program = "bench" if path.startswith("bench/") else "shardcopy"
            if program == "bench" and found.group(2).startswith("openssl/"):
                continue
            third_party.setdefault((program, found.group(2)), {}).setdefault(module_of(path), (path, number))


def circles(graph):
    """The strongly connected parts of more than one module (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = stack[stack.index(node):]
            del stack[-len(part):]
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def words(lines, code):
    for number, line in enumerate(code, 1):
        banned = BANNED.search(line)
        if banned:
            yield number, f"{banned.group(1)} is banned (docs/architecture.md, \"Rules of the code\")"
    for number, line in enumerate(lines, 1):
        if WORDS.search(line):
            yield number, "work left undone in words"


def widths(lines):
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} columns, more than {MAX_COLUMNS}"


def lengths(code):
    if len(code) > MAX_FILE:
        yield len(code), f"{len(code)} lines, more than {MAX_FILE}"
    start = None
    for number, line in enumerate(code, 1):
        if FUNCTION.match(line) or (CONTINUED.match(line) and start is None and opens_at_margin(code, number)):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > MAX_FUNCTION:
                yield start, f"a function of {number - start + 1} lines, more than {MAX_FUNCTION}"
            start = None


def opens_at_margin(code, number):
    """Whether the signature that ends on this line began at the left margin: a function, not an if inside one."""
    for line in reversed(code[:number - 1]):
        if line[:1] not in (" ", ""):
            return bool(re.match(r"^[A-Za-z_].*[(,]$", line))
    return False


def main():
    findings, third_party, graph = [], {}, {}
    for path in files("Makefile", ".ci/run", "*.sh", "tests/*.py"):
        findings += [f"{path}:{number}: {what}" for number, what in widths(read(path).split("\n"))]
    for path in files("*.c", "*.h", "*.cc"):
        text = read(path)
        if not path.startswith("tests/"):
            graph.setdefault(module_of(path), set()).update(
                module_of(name) for name in re.findall(r'^#include "([^"]+\.h)"', text, re.M)
                if module_of(name) != module_of(path))
        lines, code = text.split("\n"), blank_comments_and_strings(text).split("\n")
        found = [*includes(path, lines, third_party), *words(lines, code), *widths(lines), *lengths(code)]
        findings += [f"{path}:{number}: {what}" for number, what in found]
    for part in circles(graph):
        findings.append(f"{part[0]}: includes go in a circle: {', '.join(part)}")
    for (_, header), modules in third_party.items():
        if len(modules) > OWNERS.get(header, 1):
            places = ", ".join(sorted(f"{path}:{number}" for path, number in modules.values()))
            findings.append(f"{places}: <{header}> is included by {len(modules)} modules; one should own it")
    print("\n".join(findings) if findings else "lint: includes, functions, widths and lengths are fine")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
