"""The name and the tags of an experiment: those of its task."""

from __future__ import annotations

from collections.abc import Iterable

from hpo_widgets.comet.place import Place
from hpo_widgets.sdk.task_card import TaskCards


class Labels:
    """Is the part of an experiment by which people find it again; durable on return, before its end and after it."""

    _place: Place

    @property
    def _labels(self) -> TaskCards:
        return TaskCards(self._place.store, self._place.running.id)

    def get_name(self) -> str:
        """Gives the name of its task."""
        return self._labels.name

    def set_name(self, name: str) -> None:
        """Changes the name of its task."""
        self._labels.set_name(name)

    def add_tag(self, tag: str) -> bool:
        """Adds a tag unless it has it; gives `True`, as Comet does."""
        return self.add_tags([tag])

    def add_tags(self, tags: str | Iterable[str]) -> bool:
        """Adds the tags that it does not have; gives `True`, as Comet does."""
        self._labels.add_tags(tags)
        return True

    def get_tags(self) -> list[str]:
        """Gives the tags that people gave it, in the order they were added."""
        return list(self._place.store.card(self._place.running.id).tags)
