"""A parsed page, and names that a page must show and not interpret."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import strategies as st

HOSTILE = st.text(
    st.sampled_from("a<>&\"'/\\`{}%#!-= .:\n\t\0\x1b\u202e\ud800\u00e9\u6c34") | st.characters(),
    min_size=1,
    max_size=12,
) | st.sampled_from(
    ["</title><script>", "{{ total }}", "{% raw %}", "<!--", "]]>", "&lt;", "' onclick='", "a" * 300]
)


class Page(HTMLParser):
    """A parsed page: its tags, ids, links, and the texts by the tag and class around them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with its attributes."""
        values = dict(attrs)
        self.tags.add(tag)
        self.attributes |= values.keys()
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links |= {values["href"] or ""} if "href" in values else set()
        if tag not in ("meta", "input", "br"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag closes the last open one."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add a text to that of its tag."""
        if self._open:
            self.texts[self._open[-1]][-1] += data
