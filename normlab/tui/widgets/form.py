"""The form: every setting of the draft as a row, made from what the fields say of themselves."""

from typing import ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input

from normlab.core.choice import members
from normlab.core.errors import Problem
from normlab.lab.draft import Draft, Row
from normlab.lab.summary import Summary
from normlab.tui.screens.choose import Choose
from normlab.tui.widgets.background_check import BackgroundCheck
from normlab.tui.widgets.field_help import first_sentence, help_of
from normlab.tui.widgets.field_row import FieldRow, text_of, title_of
from normlab.tui.widgets.row_list import RowList
from normlab.tui.widgets.stepping import step
from normlab.tui.widgets.value_input import ValueInput
from normlab.views import parts


class ExperimentForm(RowList, can_focus=False):
    """An experiment's settings, changed by stepping, choosing and typing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(False)", "Less, or the choice before", id="form.less", show=False),
        Binding("right", "step(True)", "More, or the next choice", id="form.more", show=False),
        Binding("shift+left,ctrl+left", "step(False, True)", "Much less", id="form.much_less", show=False),
        Binding("shift+right,ctrl+right", "step(True, True)", "Much more", id="form.much_more", show=False),
        Binding("enter", "change", "Change", id="form.change"),
        Binding("backspace,delete", "clear", "Default", id="form.default", show=False),
        Binding("b", "reset", "As in the baseline", id="form.reset", show=False),
        Binding("B", "reset_all", "All as in the baseline", id="form.reset_all", show=False),
        Binding("u", "undo", "Undo", id="form.undo"),
        Binding("U", "redo", "Redo", id="form.redo", show=False),
        Binding("slash", "find", "Find", id="form.find"),
        Binding("h", "help", "What is this?", id="form.help", show=False),
    ]

    help_text: reactive[str] = reactive("")
    """What the row in focus means, and what it takes."""

    class Edited(Message):
        """The draft has been changed."""

    class Checked(Message):
        """The settings have been looked at together; no summary where they give none."""

        def __init__(self, summary: Summary | None) -> None:
            super().__init__()
            self.summary = summary

    class HelpWanted(Message):
        """Somebody asks what something is: "norms.group", "training"."""

        def __init__(self, topic: str) -> None:
            super().__init__()
            self.topic = topic

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft)
        self._check = BackgroundCheck(self, draft, self._checked)
        self._asked = -1
        self._before: object = None

    def on_mount(self) -> None:
        self.call_after_refresh(self._check_changes)

    def refresh_form(self) -> None:
        """Show a draft that may have been changed from elsewhere."""
        self.show_rows()
        self._tell_help()
        self._check_changes()

    def other_problems(self) -> list[Problem]:
        """Give the problems that no row shows."""
        return self.draft.other_problems

    # The draft.

    def _set(self, row: Row, value: object) -> None:
        if row.field.type == "record":
            value = {} if value else None
        self.draft.change(row.path, value)
        self._changed()

    def _changed(self) -> None:
        self.refresh_form()
        self.post_message(self.Edited())

    def _check_changes(self) -> None:
        if self._asked != self.draft.version:
            self._asked = self.draft.version
            self._check.ask()

    def _checked(self, summary: Summary | None) -> None:
        self.show_rows()
        if (row := self.row) is not None:  # a line of advice in front of it may have pushed it out of sight
            self.call_after_refresh(row.scroll_visible, animate=False)
        self.post_message(self.Checked(summary))

    def on_descendant_focus(self) -> None:
        if (row := self.row) is not None and row.row.path != self.last:
            self.last = row.row.path
            self.draft.settle()
            self._tell_help()

    def _tell_help(self) -> None:
        if (row := self.rows.get(self.last)) is not None:
            self.help_text = help_of(row.row)

    # Typing.

    def _edit(self, row: FieldRow, typed: str = "") -> None:
        if row.editor is None:
            self._before = self.draft.written(row.row.path)
            self.draft.settle()
            row.edit(typed)
        else:  # typed so fast that it still went to the row
            row.editor.insert_text_at_cursor(typed)
        if typed:
            self._take_in(row)

    def on_key(self, event: events.Key) -> None:
        row, char = self.row, event.character
        if row is None or char is None or not event.is_printable:
            return
        if row.editor is not None or (char in "0123456789-." and row.takes_digits):
            event.stop()
            self._edit(row, char)

    def on_paste(self, event: events.Paste) -> None:
        row, lines = self.row, event.text.strip().splitlines()
        if row is not None and row.is_typed and lines:
            event.stop()
            self._edit(row, lines[0])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        row = event.input.parent
        if isinstance(row, FieldRow) and row.editor is event.input:
            self._take_in(row)

    def _take_in(self, row: FieldRow) -> None:
        # The input's own text, since an event may tell of one that has been typed over.
        if row.editor is not None and row.editor.value != text_of(row.row):
            self.draft.set_text(row.row, row.editor.value)
            self._changed()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        row = event.input.parent
        if isinstance(row, FieldRow) and not (row.row.problem is not None and self.draft.experiment is None):
            row.focus()
            self.action_move(1)  # else it makes no sense: it is mended here, or left with escape

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        event.stop()
        row = event.input.parent
        # The whole terminal may have lost the focus, too: then typing goes on.
        if isinstance(row, FieldRow) and row.editor is event.input and self.app.app_focus:
            row.close()

    @on(ValueInput.Cancelled)
    def _cancelled(self, event: ValueInput.Cancelled) -> None:
        event.stop()
        row = event.input.parent
        if isinstance(row, FieldRow) and row.editor is event.input:
            self.screen.set_focus(row)
            row.close()
            self.draft.change(row.row.path, self._before)
            self._changed()

    # Choosing.

    @on(FieldRow.Pressed)
    def _pressed(self, event: FieldRow.Pressed) -> None:
        self._open(event.row)

    def _open(self, row: FieldRow) -> None:
        match row.row.field.type:
            case "flag" | "record":
                self._set(row.row, not row.row.value)
            case "choice" | "part":
                self._choose(row.row)
            case _:
                self._edit(row)

    @work
    async def _choose(self, row: Row) -> None:
        if (family := row.field.family) is not None:
            options = [(kind, kind, parts.summary(part)) for kind, part in members(family).items()]
        else:
            words = [*row.field.choices, *(["none"] if row.field.optional else [])]
            options = [(word, word, "") for word in words]
        title = title_of(row.path) if row.is_kind else row.path
        current = "none" if row.value is None else str(row.value)
        chosen = await self.app.push_screen_wait(Choose(title, options, current))
        if chosen is not None:
            self._set(row, chosen)

    @work
    async def action_find(self) -> None:
        options = [
            (path, path.removesuffix(".kind"), first_sentence(row.row)) for path, row in self.rows.items()
        ]
        chosen = await self.app.push_screen_wait(Choose("Go to a setting", options, self.last))
        if chosen is not None:
            self.focus_row(chosen)

    # Keys on a row.

    def action_step(self, up: bool, far: bool = False) -> None:
        if (row := self.row) is not None:
            self._set(row.row, step(row.row.field, row.row.value, up, far))

    def action_change(self) -> None:
        if (row := self.row) is not None:
            self._open(row)

    def action_clear(self) -> None:
        if (row := self.row) is not None and not row.row.is_kind:
            self._set(row.row, None)

    def action_reset(self) -> None:
        if (row := self.row) is not None:
            self.draft.reset(row.row)
            self._changed()

    def action_reset_all(self) -> None:
        self.draft.reset_all()
        self._changed()

    def action_undo(self) -> None:
        if self.draft.undo():
            self._changed()

    def action_redo(self) -> None:
        if self.draft.redo():
            self._changed()

    def action_help(self) -> None:
        if (row := self.row) is not None:
            head = row if row.row.is_kind else self.rows.get(f"{row.row.section}.kind")
            family = head.row.field.family if head is not None else None
            if head is None or family is None:
                topic = row.row.path.split(".")[0]
            else:
                topic = f"{family.__module__.split('.')[-1]}.{head.row.value}"
            self.post_message(self.HelpWanted(topic))
