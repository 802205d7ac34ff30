"""What the compiler and clang-tidy do not check: who may include whom, banned functions, lengths.

Prints one line a finding, FILE:LINE: what; exits 1 when there is one."""
import re
import subprocess
import sys

FOLDERS = ("engine", "codec", "net", "sink", "bench")
# A folder may include itself and these (docs/architecture.md, "The house"); engine/modules.c names the descriptors.
MAY_INCLUDE = {
    "engine": {"engine"},
    "codec": {"codec", "engine"},
    "net": {"net", "codec", "engine"},
    "sink": {"sink", "codec", "engine", "net"},
    "bench": {"bench", "codec", "engine"},
    "tests": {"tests", "engine", "codec", "net", "sink", "bench"},
}
# Every stage of the engine is measured there.
MEASURES_ALL = "bench/micro/"
BASE_ONLY = re.compile(r"^engine/base/")
NET_FOR_SINKS = re.compile(r"^net/http\.h$")
ASSEMBLY = {"engine/modules.c"}

# OpenSSL is three things to the local service: TLS, certificates, digests.
THIRD_PARTY = re.compile(r"^(curl/|openssl/|nghttp2/|jemalloc/|libdeflate|liburing|simdjson|libpq-fe|postgres_ext|http_parser|cmocka)")
BANNED = re.compile(r"\b(v?sprintf|strcpy|strcat|strtok|ato[fil]|atoll|gmtime|localtime|strerror|alloca|gets)\s*\(")
WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
FUNCTION = re.compile(r"^[A-Za-z_].*\) (?:const )?\{$")
CONTINUED = re.compile(r"^ +.*\) (?:const )?\{$")
MAX_FUNCTION = 70
MAX_FILE = 600


def files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h", "*.cc"], check=True,
                            capture_output=True, text=True)
    return sorted(set(listed.stdout.split()))


def blank_comments_and_strings(text):
    """The same text, same lines, with comments and the insides of string literals blanked."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def wrong_include(path, name):
    folder = path.split("/")[0]
    target = name.split("/")[0]
    if target not in FOLDERS or path in ASSEMBLY or path.startswith(MEASURES_ALL):
        return None
    if target not in MAY_INCLUDE.get(folder, set()):
        return f"{folder}/ may not include {target}/ ({name})"
    if BASE_ONLY.match(path) and not BASE_ONLY.match(name):
        return f"engine/base/ includes only itself, not {name}"
    if folder == "sink" and target == "net" and not NET_FOR_SINKS.match(name):
        return f"sink/ may include only net/http/http.h of net/, not {name}"
    return None


def module_of(path):
    return re.sub(r"\.[a-z]+$", "", path)


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


def words(path, lines, code):
    for number, line in enumerate(code, 1):
        banned = BANNED.search(line)
        if banned:
            yield number, f"{banned.group(1)} is banned (docs/architecture.md, \"Rules of the code\")"
    for number, line in enumerate(lines, 1):
        if WORDS.search(line):
            yield number, "work left undone in words"


def lengths(path, code):
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
    findings, third_party = [], {}
    for path in files():
        with open(path, encoding="utf-8") as source:
            text = source.read()
        lines, code = text.split("\n"), blank_comments_and_strings(text).split("\n")
        for number, what in [*includes(path, lines, third_party), *words(path, lines, code), *lengths(path, code)]:
            findings.append(f"{path}:{number}: {what}")
    for (_, header), modules in third_party.items():
        if len(modules) > 1:
            places = ", ".join(sorted(f"{path}:{number}" for path, number in modules.values()))
            findings.append(f"{places}: <{header}> is included by {len(modules)} modules; one should own it")
    print("\n".join(findings) if findings else "lint: includes, functions and lengths are fine")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
