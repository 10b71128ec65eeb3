"""The file guard of this room.

The commands named in permissions.conf may touch files that lie directly in the
working directory, except the protected ones. Everything is decided by name, before
the command runs.

Usage: python3 sandbox.py COMMAND [ARGUMENT]...
"""

# Started with every command that the agent types, hence so few imports: neither
# dataclasses nor argparse nor pathlib, each of which costs more than all that is
# done here.
import os
import sys

ROOM = os.path.dirname(os.path.realpath(__file__))
POLICY_FILE = os.path.join(ROOM, "permissions.conf")

# Unlike os.getcwd() it also answers in a directory that has been deleted.
WORKING_DIRECTORY = "/proc/self/cwd"

# Fixed, so that neither an alias nor PATH leads back to the surveillance.
PROGRAM_FOLDERS = ("/usr/bin", "/bin")

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOT_RUNNABLE = 126
EXIT_NOT_FOUND = 127


class PolicyError(Exception):
    """The policy file is missing or damaged; the message is one line."""


class Policy:
    """What permissions.conf says.

    Attributes:
        wrapped: Commands that run under the surveillance, in the file's order.
        protected: Names in the room that these commands must not touch.
        read_only: Names that they may read but not replace, move or rename.
        violation_limit: The violation at which the quiz is failed.
    """

    def __init__(
        self,
        wrapped: list[str],
        protected: list[str],
        read_only: list[str],
        violation_limit: int,
    ) -> None:
        """Keep the four settings."""
        self.wrapped = wrapped
        self.protected = protected
        self.read_only = read_only
        self.violation_limit = violation_limit


class Decision:
    """Whether a command may run.

    Attributes:
        allowed: Whether it may.
        files: The files that its command line names, as written there.
        reason: Why it may not; None when it may.
    """

    def __init__(self, files: list[str], reason: str | None) -> None:
        """Keep the files and the reason."""
        self.allowed = reason is None
        self.files = files
        self.reason = reason


class Grammar:
    """How a command reads its options.

    Attributes:
        values: Letters of the options that take a value which is no file.
        files: Letters of the options that take a file.
        long_values: The same as values, for long names.
        long_files: The same as files, for long names.
        mixed: Whether options may stand behind the first file.
        plus: Whether a word such as +5 is a command and no file.
    """

    def __init__(
        self,
        values: str = "",
        files: str = "",
        long_values: str = "",
        long_files: str = "",
        mixed: bool = True,
        plus: bool = False,
    ) -> None:
        """Keep the letters, and the long names as lists."""
        self.values = values
        self.files = files
        self.long_values = long_values.split()
        self.long_files = long_files.split()
        self.mixed = mixed
        self.plus = plus


# After the manuals of coreutils 9.1, util-linux 2.38 and less 590. Options whose
# value can only be attached (--color=auto) need no mention.
GRAMMARS = {
    "ls": Grammar(
        values="ITw",
        long_values="block-size format hide ignore indicator-style quoting-style sort "
        "tabsize time time-style width",
    ),
    "cp": Grammar(
        values="S",
        files="t",
        long_values="no-preserve sparse suffix",
        long_files="target-directory",
    ),
    "mv": Grammar(
        values="S", files="t", long_values="suffix", long_files="target-directory"
    ),
    "head": Grammar(values="cn", long_values="bytes lines"),
    "tail": Grammar(
        values="cns",
        long_values="bytes lines max-unchanged-stats pid sleep-interval",
    ),
    "more": Grammar(values="n", long_values="lines", plus=True),
    "less": Grammar(
        values='bhjpPtxyzD#"',
        files="koOT",
        long_values="buffers color header jump-target max-back-scroll max-forw-scroll "
        "pattern prompt quotes rscroll shift tabs tag wheel-lines window",
        long_files="lesskey-file lesskey-src log-file LOG-FILE tag-file",
        mixed=False,
        plus=True,
    ),
}
# For cat, and for whatever a researcher adds to the policy: no option has a value.
PLAIN = Grammar()

COPYING = ("cp", "mv")


def load_policy(path: str) -> Policy:
    """Read the policy file.

    Raises:
        PolicyError: It is missing, or not a list of exactly the four settings.
    """
    name = os.path.basename(path)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise PolicyError(f"cannot read {name}: {error.strerror}") from error
    settings: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, words = line.partition("=")
        if not equals or key.strip() in settings:
            raise PolicyError(f"{name}, line {number}: not one new 'name = words'")
        settings[key.strip()] = words.split()
    expected = ["protected", "read_only", "violation_limit", "wrapped"]
    if sorted(settings) != expected:
        raise PolicyError(f"{name}: the settings are not {', '.join(expected)}")
    limit = " ".join(settings["violation_limit"])
    # Five digits: more than any room needs, and far from what int() refuses.
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:6]) < 100_000):
        raise PolicyError(f"{name}: violation_limit is not a number from 1 to 99999")
    return Policy(
        settings["wrapped"], settings["protected"], settings["read_only"], int(limit)
    )


def read_option(grammar: Grammar, word: str) -> tuple[str, str | None]:
    """Tell what an option word brings along.

    Returns:
        "flag", "value" or "file", and the value if the word itself holds it; None
        means that a value, if there is one, is the next word.
    """
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        attached = value if equals else None
        if name in grammar.long_values:
            return "value", attached
        # GNU programs accept any beginning of a long name.
        if any(known.startswith(name) for known in grammar.long_files):
            return "file", attached
        if any(known.startswith(name) for known in grammar.long_values):
            return "value", attached
        return "flag", None
    # "-5c" is the old way to write "-c5": no letter behind a digit takes a value.
    if not word[1].isdigit():
        for place, letter in enumerate(word[1:], 2):
            if letter in grammar.files:
                return "file", word[place:] or None
            if letter in grammar.values:
                return "value", word[place:] or None
    return "flag", None


def split_arguments(
    grammar: Grammar, arguments: list[str]
) -> tuple[list[str], list[str]]:
    """Return the files of a command line: those that stand alone, those of options."""
    alone: list[str] = []
    of_options: list[str] = []
    awaited = "flag"
    for place, word in enumerate(arguments):
        if awaited != "flag":
            if awaited == "file":
                of_options.append(word)
            awaited = "flag"
        elif word == "--":
            return alone + arguments[place + 1 :], of_options
        elif word.startswith("-") and word != "-":
            kind, value = read_option(grammar, word)
            if value is None:
                awaited = kind
            elif kind == "file":
                of_options.append(value)
        elif grammar.plus and word.startswith("+"):
            continue
        elif grammar.mixed:
            alone.append(word)
        else:
            return alone + arguments[place:], of_options
    return alone, of_options


def locate(cwd: str, name: str) -> str:
    """Return the absolute path that a name stands for.

    Links on the way are followed, the last component is taken as it is written: a
    file has the name by which it is called.
    """
    path = os.path.join(cwd, name).rstrip("/") or "/"
    folder, last = os.path.split(path)
    if last in (".", ".."):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(folder), last)


def refusal(
    policy: Policy, room: str, path: str, changed: bool, taken_whole: bool
) -> str | None:
    """Return why a path must not be touched, or None.

    Args:
        policy: The policy.
        room: The room's directory.
        path: The path, as `locate` returns it.
        changed: Whether the command would write, move or rename it.
        taken_whole: Whether the command would take a directory with all it holds.
    """
    if path == room:
        if taken_whole:
            return "would copy or move the whole working directory"
        return None
    inside = room.rstrip("/") + "/"
    if not path.startswith(inside):
        return "is outside the working directory"
    top, *below = path[len(inside) :].split("/")
    if top in policy.protected:
        return "is protected"
    if below:
        return "is in a subdirectory"
    if changed and top in policy.read_only:
        return "may be read, but not replaced or moved"
    return None


def decide(
    policy: Policy, room: str, cwd: str, command: str, arguments: list[str]
) -> Decision:
    """Decide whether a command may run.

    Args:
        policy: The policy.
        room: The room's directory, without symbolic links.
        cwd: The directory that the command runs in.
        command: The command's name.
        arguments: Its arguments.

    Returns:
        The decision. The first file that must not be touched gives the reason.
    """
    grammar = GRAMMARS.get(command, PLAIN)
    sources, targets = split_arguments(grammar, arguments)
    if command in COPYING and not targets:
        sources, targets = sources[:-1], sources[-1:]
    elif command == "ls" and (not sources or is_star(room, cwd, sources)):
        sources = ["."]
    if command == "ls":
        sources = [name for name in sources if not is_shown(room, cwd, name, arguments)]
    touched = [(name, command == "mv", command in COPYING) for name in sources]
    touched += [(name, True, False) for name in targets]
    reason = None
    for name, changed, taken_whole in touched:
        # "-" is standard input, or else a file of this name, which is no secret.
        if name == "-":
            continue
        why = refusal(policy, room, locate(cwd, name), changed, taken_whole)
        if why is not None:
            # repr: a name with a line break must not forge a line on the screen.
            reason = f"{name!r} {why}"
            break
    return Decision(sources + targets, reason)


def is_star(room: str, cwd: str, names: list[str]) -> bool:
    """Tell whether names are what the shell makes of `*` in the working directory.

    `ls *` asks for no more than `ls -R` does, which is allowed.
    """
    try:
        visible = {name for name in os.listdir(room) if not name.startswith(".")}
    except OSError:
        return False
    return cwd == room and visible <= {os.path.normpath(name) for name in names}


def is_shown(room: str, cwd: str, name: str, arguments: list[str]) -> bool:
    """Tell whether `ls` of a name shows no more than `ls` of the working directory.

    It does of a file that lies there, and with -d of a directory too.
    """
    path = locate(cwd, name)
    if os.path.dirname(path) != room:
        return False
    itself = any(
        word == "--directory" or (word[:1] == "-" and word[1:2] != "-" and "d" in word)
        for word in arguments
    )
    return itself or not os.path.isdir(path)


def run_program(command: str, arguments: list[str]) -> int:
    """Become the real program; return an exit status only if that is impossible.

    The same process goes on as the program, so its input, output, signals and exit
    status are the program's own.
    """
    for folder in PROGRAM_FOLDERS:
        program = os.path.join(folder, command)
        if os.access(program, os.X_OK):
            break
    else:
        print(f"{command}: command not found", file=sys.stderr)
        return EXIT_NOT_FOUND
    restore_signals()
    try:
        os.execv(program, [command, *arguments])
    except OSError as error:
        print(f"{command}: {error.strerror}", file=sys.stderr)
        return EXIT_NOT_RUNNABLE


def restore_signals() -> None:
    """Give back the signals that Python ignores and a program would inherit.

    Without this, `cat FILE | head` ends with "write error: Broken pipe".
    """
    # The public module takes a third of Python's own start to import (enum).
    import _signal  # type: ignore[import-not-found]

    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)


def main(arguments: list[str]) -> int:
    """Check a command and run it; return the exit status if it is not run."""
    if not arguments:
        print("Usage: python3 sandbox.py COMMAND [ARGUMENT]...", file=sys.stderr)
        return EXIT_USAGE
    try:
        policy = load_policy(POLICY_FILE)
    except PolicyError as error:
        print(f"sandbox: {error}; nothing was run", file=sys.stderr)
        return EXIT_USAGE
    command, *rest = arguments
    if command not in policy.wrapped:
        known = ", ".join(policy.wrapped)
        print(f"sandbox: {command!r} is not one of {known}", file=sys.stderr)
        return EXIT_USAGE
    cwd = os.readlink(WORKING_DIRECTORY)
    decision = decide(policy, ROOM, cwd, command, rest)
    if not decision.allowed:
        print(f"sandbox: refused: {command}: {decision.reason}", file=sys.stderr)
        return EXIT_REFUSED
    return run_program(command, rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
