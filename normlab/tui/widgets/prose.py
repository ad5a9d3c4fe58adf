"""Markdown of people that we don't know, or of docstrings: nothing in it can be clicked."""

import textwrap

from markdown_it import MarkdownIt
from textual.await_complete import AwaitComplete
from textual.content import Content
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock, MarkdownFence


def parser() -> MarkdownIt:
    """Parse Markdown but for links, images and HTML, which stay as written.

    Entities stay too: `&#x202e;` would become a bidi override that no check of the text has seen.
    """
    rules = ["link", "image", "autolink", "reference", "entity"]
    return MarkdownIt("gfm-like", {"html": False, "linkify": False}).disable(rules)


class _Code(MarkdownFence):
    """Code as it stands: guessing its language costs seconds and tells little of a formula."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        return Content(code)


class Prose(Markdown):
    """Show Markdown, in the theme's colours and without ornament."""

    DEFAULT_CSS = """
    Prose {
        padding: 0;
        MarkdownH1, MarkdownH2, MarkdownH3, MarkdownH4, MarkdownH5, MarkdownH6 {
            margin: 0 0 1 0; content-align: left middle; text-style: bold; background: transparent;
            color: $primary;
        }
        MarkdownFence {
            margin: 0 0 1 0; overflow: hidden; color: $foreground; background: $panel;
            &:light { background: $panel; }
            & > Label { width: 1fr; padding: 0 1; }
        }
        MarkdownBlock > .code_inline { color: $accent; background: transparent; }
        MarkdownTable { background: transparent; }
        MarkdownBlockQuote { background: transparent; border-left: outer $secondary; margin: 0 0 1 0; }
        MarkdownBullet { color: $secondary; }
    }
    """
    MAX_TOKENS = 400
    """Longer texts are shown as written: 5,000 list items take Textual 40 seconds to lay out."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(text, id=id, parser_factory=parser, open_links=False)

    def update(self, markdown: str) -> AwaitComplete:
        if len(parser().parse(markdown)) > self.MAX_TOKENS:
            markdown = textwrap.indent(markdown, "    ")  # which makes it code
        return super().update(markdown)

    def get_block_class(self, block_name: str) -> type[MarkdownBlock]:
        return _Code if block_name in ("fence", "code_block") else super().get_block_class(block_name)
