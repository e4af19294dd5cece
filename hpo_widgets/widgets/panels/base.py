"""What a panel of the dashboard is: a producer in the kernel and a view in the page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hpo_widgets.widgets.feed import StudyFeed


@dataclass(frozen=True, kw_only=True)
class Message:
    """Is what a producer tells its views: JSON (no NaN) and binary buffers."""

    content: dict[str, Any]
    buffers: list[Any] = field(default_factory=list)
    """Bytes-like; of the kernel's own byte order, which the page shares (little-endian)."""


class Panel(ABC):
    """Produces what one panel shows. The publisher's thread calls all of it except `hear`."""

    name: ClassVar[str]
    """Also the name of its script, `panels/<name>.js`; the key under which `Dashboard(panels=[...])` takes it."""
    title: ClassVar[str]
    """Heading, and name for assistive technology."""
    place: ClassVar[str] = "half"
    """`top` (above all, without a heading), `half` or `wide` (the grid), `drawer` (beside all, opened by a click)."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Assets its view uses: `plotly`."""

    def __init__(self, feed: StudyFeed) -> None:
        self.feed = feed

    @abstractmethod
    def news(self) -> Message | None:
        """Gives what changed since the last call, `None` for nothing; the feed has just been read."""

    @abstractmethod
    def whole(self) -> Message:
        """Gives all that was told by `news` so far, for a page that comes later; tells nothing else."""

    def select(self, keys: list[int]) -> None:
        """Learns which tasks are selected, by the store's numbers."""

    def hear(self, message: dict[str, Any]) -> Any:
        """Carries out what a view asks for, on any thread, with one call of the study; gives JSON as the answer.

        Raises:
            HpoError: Why it had no effect; shown where the person clicked.
        """
        raise NotImplementedError(f"the panel {self.name!r} takes no requests, got {message!r}")

    def close(self) -> None:
        """Lets go of what it holds; the dashboard was closed."""

    def static(self) -> str:
        """Gives its picture or table as HTML for places where nothing lives, names and values escaped."""
        return ""


class BrowserPanel(Panel):
    """Is a panel whose view needs nothing but the trials, which every dashboard has."""

    def news(self) -> Message | None:
        """Gives nothing."""
        return None

    def whole(self) -> Message:
        """Gives nothing."""
        return Message(content={})
