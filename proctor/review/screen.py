"""The terminal program in which a researcher reviews runs."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from inspect_ai.log import EvalSample, read_eval_log_sample
from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from ..logs.decisions import DecisionError
from ..logs.journal import JournalError
from ..logs.links import viewer_command, viewer_link
from ..logs.runs import AUDIT, JUDGE, Run
from ..taxonomy import Category, Verdict
from .bar import GAP, HELP, KEYS, Key, Phase, categories, done, lines, position
from .page import Page, View, end, loading, page, unreadable
from .rows import Role, Row, line
from .sheet import Sheet
from .state import Item, ReviewState
from .viewer import show

# Columns from which evidence and transcript stand side by side.
WIDE = 110
# What takes room and is not shown: of a long run, nine tenths.
UNUSED = {"events", "store", "attachments", "output", "timelines"}
NO_DECISION: Key = ("Esc", "no decision")
HELPING: list[Key] = [("↑ ↓", "scroll"), ("?", "close"), ("q", "end")]
DARK, LIGHT = "textual-dark", "textual-light"


def read_run(run: Run) -> EvalSample:
    """Read a run with its messages.

    Raises:
        Exception: Whatever Inspect's reader raises where it cannot be read.
    """
    log = str(run.log)
    try:
        return read_eval_log_sample(log, run.id, run.epoch, exclude_fields=UNUSED)
    except IndexError:
        # a log that is one JSON document tells 1 from "1"
        number = int(run.id) if run.id.isdecimal() else run.id
        return read_eval_log_sample(log, number, run.epoch, exclude_fields=UNUSED)


class Help(ModalScreen[None]):
    """What each key does; behind it no key decides."""

    CSS = """
    Help { background: $background; }
    Help Static { height: auto; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,escape", "dismiss", "close"),
        Binding("d", "app.switch_theme", "dark or light"),
        Binding("q", "app.end", "end"),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Sheet("help")
        yield Static()

    def on_resize(self) -> None:
        """Lay the help out anew."""
        keys = [((f"{key}  ", Role.STRONG), (what, Role.PLAIN)) for key, what in HELP]
        self.query_one(Sheet).show_rows([Row(spans) for spans in keys])
        self.query_one(Static).update(_pressed(HELPING, self.size.width - 2))


class ReviewApp(App[None]):
    """Shows one run after the other, and takes what is decided."""

    TITLE = "proctor review"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #position { height: 1; padding: 0 1; background: $primary; color: $text;
                text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
    #sheets { height: 1fr; }
    #facts { width: 1fr; }
    #transcript { width: 1fr; display: none; }
    .wide #facts { width: 2fr; }
    .wide #transcript { width: 3fr; display: block; border-left: solid $panel; }
    .wide Sheet:focus { background-tint: $foreground 3%; }
    #below { height: auto; background: $panel; padding: 0 1; }
    #below Static { height: auto; }
    #reason { height: 1; border: none; padding: 0; display: none;
              background: $surface; }
    .asking #reason { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "verdict('cheating')", "cheating"),
        Binding("o", "verdict('compliant')", "compliant"),
        Binding("s", "skip", "skip"),
        Binding("u", "undo", "undo"),
        Binding("n", "next_cited", "next cited"),
        Binding("v", "viewer", "viewer"),
        Binding("d", "switch_theme", "dark or light"),
        Binding("question_mark,f1", "help", "help"),
        Binding("left,b", "go(-1)", "back"),
        Binding("right", "go(1)", "forward"),
        Binding("enter", "enter", "next"),
        Binding("escape", "escape", "no decision"),
        Binding("tab", "other_side", "other side", priority=True),
        Binding("q", "end", "end"),
        Binding("ctrl+c,ctrl+q", "end", "end", priority=True),
        *(Binding(str(n), f"category('{n}')", show=False) for n in range(1, 10)),
    ]

    def __init__(
        self,
        state: ReviewState,
        notes: Iterable[str] = (),
        read: Callable[[Run], EvalSample] = read_run,
        light: bool = False,
    ) -> None:
        """Prepare.

        Args:
            state: What is reviewed.
            notes: What is said at the start.
            read: Reads a run with its messages.
            light: Whether the terminal is light.
        """
        super().__init__()
        self.theme = LIGHT if light else DARK
        self._review = state
        self._read = read
        self._phase = Phase.LOADING
        self._sample: EvalSample | None = None
        self._failure: str | None = None
        self._verdict = Verdict.CHEATING
        self._category: Category | None = None
        self._status = " ".join(notes)
        self._trouble = False

    # --- the screen ---------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="position")
        with Horizontal(id="sheets"):
            yield Sheet("facts")
            yield Sheet("transcript")
        with Vertical(id="below"):
            yield Static(id="status")
            yield Static(id="keys")
            yield Input(id="reason", placeholder="why? Enter: no reason", compact=True)
            yield Static(id="link")

    def on_mount(self) -> None:
        """Show the first run."""
        loop = asyncio.get_running_loop()
        # a kill that can be answered leaves the terminal as it was
        loop.add_signal_handler(signal.SIGTERM, self.exit)
        self._show_run()

    def on_resize(self, event: Resize) -> None:
        """Lay the page out anew for another width."""
        wide = event.size.width >= WIDE
        if wide is not self.default_screen.has_class("wide"):
            self.default_screen.set_class(wide, "wide")
            self.call_after_refresh(self._show_page)
        self._show_bars()

    @property
    def _facts(self) -> Sheet:
        return self.query_one("#facts", Sheet)

    @property
    def _transcript(self) -> Sheet:
        return self.query_one("#transcript", Sheet)

    @property
    def _main(self) -> Sheet:
        """The sheet with the transcript in it."""
        return self._transcript if self._wide else self._facts

    @property
    def _wide(self) -> bool:
        return self.default_screen.has_class("wide")

    def _show_run(self) -> None:
        """Show the run where the reviewer is, once it is read."""
        self._sample = self._failure = None
        item = self._review.current
        self._phase = Phase.LOADING if item else Phase.END
        self._show_page()
        if item:
            self._load(item)

    @work(thread=True, exclusive=True)
    def _load(self, item: Item) -> None:
        """Read a run; only the one that is shown is ever in memory."""
        worker = get_current_worker()
        sample, failure = None, None
        try:
            sample = self._read(item.run)
        except Exception as error:
            # Inspect's reader raises whatever its parsers do
            reason = str(error).partition("\n")[0]
            failure = reason or type(error).__name__
        if not worker.is_cancelled:
            self.call_from_thread(self._loaded, item, sample, failure)

    def _loaded(
        self, item: Item, sample: EvalSample | None, failure: str | None
    ) -> None:
        if item is not self._review.current:
            return
        self._sample, self._failure = sample, failure
        self._phase = Phase.READING if sample else Phase.UNREADABLE
        self._show_page()

    def _show_page(self, top: bool = True) -> None:
        shown = self._page()
        if self._wide:
            self._facts.show_rows(shown.facts, top)
            self._transcript.show_rows(shown.transcript, top)
        else:
            self._facts.show_rows((*shown.facts, *shown.transcript), top)
        self._main.focus()
        self._show_bars()
        if self._sample is not None:
            try:
                self._review.show()
            except OSError as error:
                self._say(f"That you have seen this run cannot be kept: {error}", True)

    def _page(self) -> Page:
        state = self._review
        item = state.current
        if item is None:
            return end(state.progress)
        seen = state.mode.blind and not state.independent
        view = View(state.open, state.mode.adjudicate, state.decision, seen)
        if self._failure is not None:
            return unreadable(item, self._failure, view)
        if self._sample is None:
            return loading(item)
        return page(item, self._sample, view)

    # --- the bars -----------------------------------------------------------------

    def _show_bars(self) -> None:
        state, width = self._review, self.size.width
        who = line(state.author, 30)
        text = position(state.at, state.progress, who, state.mode, width - 2)
        self.query_one("#position", Static).update(Text(text))
        status = self.query_one("#status", Static)
        colour = "bold red" if self._trouble else "bold"
        status.update(Text(line(self._status), colour))
        status.display = bool(self._status)
        self.query_one("#keys", Static).update(self._keys())
        self.query_one("#link", Static).update(self._link())
        self.default_screen.set_class(self._phase is Phase.REASON, "asking")

    def _keys(self) -> Text:
        width = self.size.width - 2
        verdict = str(self._verdict).upper()
        if self._phase is Phase.CATEGORY:
            return _pressed(self._choices(), width, f"{verdict}: which category?")
        if self._phase is Phase.REASON:
            what = f"{verdict}, {self._category}" if self._category else verdict
            return _pressed([("Enter", "take it"), NO_DECISION], width, what)
        return _pressed(KEYS[self._phase], width)

    def _choices(self) -> list[Key]:
        chosen = self._category
        keys = [
            (key, f"{one} ◀" if one is chosen else str(one))
            for key, one in categories(self._verdict).items()
        ]
        keep = "as marked" if chosen else "no category"
        return [*keys, ("Enter", keep), NO_DECISION]

    def _link(self) -> Text:
        item = self._review.current
        if item is None:
            return Text("")
        link = viewer_link(item.run)
        text = Text().append(link, Style(link=link, underline=True))
        return text.append(f"\n{line(viewer_command(item.run))}")

    def _say(self, text: str, trouble: bool = False) -> None:
        self._status, self._trouble = text, trouble
        self._show_bars()

    # --- deciding -----------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Say which keys count now."""
        phases = {
            "verdict": (Phase.READING, Phase.REVEALED),
            "category": (Phase.CATEGORY,),
            "escape": (Phase.CATEGORY, Phase.REASON),
            "enter": (Phase.CATEGORY, Phase.REVEALED, Phase.READING),
        }
        asking = self._phase in (Phase.CATEGORY, Phase.REASON)
        if action in phases:
            return self._phase in phases[action]
        if action in ("skip", "undo", "go", "help"):
            return not asking
        return True

    def action_verdict(self, verdict: str) -> None:
        """Begin a decision."""
        self._verdict = Verdict(verdict)
        self._category = self._suggested()
        self._phase = Phase.CATEGORY
        self._say("")

    def _suggested(self) -> Category | None:
        """Return the instruments' category, where it may be seen and fits."""
        item = self._review.current
        if item is None or not self._review.open:
            return None
        names = dict.fromkeys((AUDIT, JUDGE, *item.run.labels))
        fitting = categories(self._verdict).values()
        found = (
            item.run.labels[name].category for name in names if name in item.run.labels
        )
        return next((one for one in found if one in fitting), None)

    def action_category(self, key: str) -> None:
        """Choose the category."""
        category = categories(self._verdict).get(key)
        if category is not None:
            self._category = category
            self._ask_reason()

    def _ask_reason(self) -> None:
        self._phase = Phase.REASON
        self._show_bars()
        reason = self.query_one("#reason", Input)
        reason.value = ""
        reason.focus()

    def action_enter(self) -> None:
        """Keep the category as it is, or go on."""
        if self._phase is Phase.CATEGORY:
            self._ask_reason()
        elif self._review.decision is None:
            self._say("Decide with c or o, or skip with s.")
        else:
            self._review.proceed()
            self._status = ""
            self._show_run()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the decision."""
        if self._phase is not Phase.REASON:
            return
        state = self._review
        try:
            made = state.decide(self._verdict, self._category, event.value.strip())
        except (JournalError, DecisionError) as error:
            self._back_to_reading()
            self._say(str(error), True)
            return
        self._status, self._trouble = done(made, state.at + 1), False
        if state.mode.blind:
            self._phase = Phase.REVEALED
            self._show_page()
        else:
            state.proceed()
            self._show_run()

    def action_escape(self) -> None:
        """Decide nothing after all."""
        self._back_to_reading()
        self._say("Nothing was decided.")

    def _back_to_reading(self) -> None:
        self._phase = Phase.READING
        self._main.focus()
        self._show_bars()

    # --- going about --------------------------------------------------------------

    def action_skip(self) -> None:
        """Leave the run for later."""
        number, item = self._review.at + 1, self._review.current
        self._review.skip()
        self._status = f"Run {number} skipped." if item else ""
        self._trouble = False
        self._show_run()

    def action_undo(self) -> None:
        """Take back what was decided."""
        try:
            undone = self._review.undo()
        except (JournalError, OSError) as error:
            self._say(str(error), True)
            return
        self._trouble = False
        if not undone:
            self._say("There is nothing to take back.")
            return
        self._status = f"Run {self._review.at + 1} is open again."
        if self._review.mode.blind and self._review.open:
            self._status += " You have seen it: a new decision will not be blind."
        self._show_run()

    def action_go(self, step: int) -> None:
        """Go to the run before or behind."""
        state = self._review
        if state.forward() if step > 0 else state.back():
            self._status = ""
            self._show_run()

    def action_next_cited(self) -> None:
        """Go to the next message that is cited."""
        if not self._main.next_stop():
            hidden = self._review.current is not None and not self._review.open
            self._say(
                "What is cited is hidden until you have decided."
                if hidden
                else "No message is cited."
            )

    def action_other_side(self) -> None:
        """Let the keys scroll the other sheet."""
        if self._phase is not Phase.REASON and self._wide:
            on_facts = self.focused is self._facts
            (self._transcript if on_facts else self._facts).focus()

    def action_viewer(self) -> None:
        """Open the run in the viewer."""
        item = self._review.current
        if item is not None:
            self.copy_to_clipboard(viewer_link(item.run))
            self._open_viewer(viewer_link(item.run), viewer_command(item.run))

    @work(thread=True)
    def _open_viewer(self, link: str, command: str) -> None:
        self.call_from_thread(self._say, show(link, line(command)))

    def action_switch_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = LIGHT if self.theme == DARK else DARK

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(Help())

    def action_end(self) -> None:
        """End; the command enters the decisions in the logs."""
        self.exit()


def _pressed(keys: Sequence[Key], width: int, head: str = "") -> Text:
    """Write keys and what they do."""
    text = Text(f"{head}\n" if head else "", Style(bold=True))
    for number, some in enumerate(lines(keys, width)):
        text.append("\n" if number else "")
        for key, what in some:
            text.append(key, Style(bold=True, reverse=True))
            text.append(f" {what}{GAP}", Style(bold=False))
    return text


def is_light() -> bool:
    """Whether the terminal says that its background is light."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")
