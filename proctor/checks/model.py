"""Checks of the model: its provider's package, its key."""

from collections.abc import Mapping, Sequence

from .check import Outcome, Result, ok, problem, skipped, warning
from .setting import Setting

# Variables that hold the keys of the providers that people mostly use, the usual one
# first. Of another, Inspect itself says what is missing.
KEYS: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY", "AZUREAI_OPENAI_API_KEY"),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "mistral": ("MISTRAL_API_KEY", "AZUREAI_MISTRAL_API_KEY"),
}
# What this package installs for a provider by an extra.
EXTRAS: Mapping[str, str] = {"google": "google", "mistral": "mistral"}
# Making one of these loads a model or starts a server.
HEAVY = ("hf", "vllm", "sglang", "transformer_lens", "llama-cpp-python", "nnterp")
# In a key's place: a client is made with it, and nothing is ever sent.
PLACEHOLDER = "none"


def client(setting: Setting) -> Result:
    """Make the client of each model, in all but the key."""
    names = _names(setting)
    if not names:
        return skipped("none was named", "add --model PROVIDER/NAME to look at one")
    return _together([_client(name) for name in names])


def _client(name: str) -> Result:
    from .preflight import examinee_problem

    provider, slash, _ = name.partition("/")
    if not slash:
        return problem(f"{name} names no provider", _likely(name))
    if wrong := examinee_problem(name):
        return problem(wrong)
    if provider in HEAVY:
        return warning(
            f"{name} is not looked at", "looking would load it; the first run shows"
        )
    wrong = _refused(name, PLACEHOLDER)
    if wrong is None:
        return ok(name)
    extra = EXTRAS.get(provider)
    advice = f"pip install 'proctor[{extra}]'" if extra and "pip" in wrong else ""
    return problem(wrong, advice)


def key(setting: Setting) -> Result:
    """Look for the keys, without a look at what they are."""
    return _together([_key(setting, name) for name in _names(setting)])


def _together(found: Sequence[Result]) -> Result:
    """Return the first result that is not good, or all in one."""
    for result in found:
        if result.outcome is not Outcome.OK:
            return result
    return ok("; ".join(dict.fromkeys(result.text for result in found)))


def _key(setting: Setting, name: str) -> Result:
    provider = name.partition("/")[0]
    if provider in HEAVY:
        return ok("not looked at")
    usual = f"{provider.upper().replace('-', '_')}_API_KEY"
    variables = KEYS.get(provider, (usual,))
    there = [name for name in variables if name in setting.environment]
    for variable in there:
        value = setting.environment[variable]
        if not value.strip():
            return problem(f"{variable} is empty", f"export {variable}=...")
        if value != value.strip() or not value.isprintable() or value[0] in "'\"":
            return problem(
                f"{variable} has spaces, quotes or signs around it that no key has",
                "set it again",
            )
    if wrong := _refused(name, None):
        return problem(wrong, f"export {variables[0]}=...")
    if not there:
        return ok(f"{provider} needs none" if provider == "scripted" else "not needed")
    return ok(
        "; ".join(
            f"{variable} is set {_where(setting, variable)}" for variable in there
        )
    )


def _where(setting: Setting, variable: str) -> str:
    return f"in {setting.dotenv}" if variable in setting.added else "by the environment"


def _names(setting: Setting) -> list[str]:
    return [name.strip() for name in (setting.model or "").split(",") if name.strip()]


def _refused(name: str, api_key: str | None) -> str | None:
    """Say why Inspect does not make a model; None where it does.

    Args:
        name: The model.
        api_key: A key; None for the one that is set.
    """
    from inspect_ai.model import get_model

    from .._inspect.errors import PrerequisiteError, message_of

    try:
        get_model(name, api_key=api_key, memoize=False)
    except PrerequisiteError as error:
        return message_of(error)
    except ValueError as error:
        return f"{error} {_likely(name)}".strip()
    return None


def _likely(name: str) -> str:
    """Guess what was meant by a model's name."""
    from difflib import get_close_matches

    provider, slash, rest = name.partition("/")
    if slash:
        known = [*KEYS, "scripted"]
        close = get_close_matches(provider, known, n=1)
        return f"Did you mean {close[0]}/{rest}?" if close else ""
    starts = {"gpt": "openai", "o": "openai", "claude": "anthropic"}
    starts |= {"gemini": "google", "mistral": "mistral", "mixed": "scripted"}
    for start, likely in starts.items():
        if name.startswith(start):
            return f"did you mean {likely}/{name}?"
    return "write PROVIDER/NAME, such as openai/gpt-5"
