"""Keras: the logs of each epoch, reported as they come."""

from __future__ import annotations

from typing import Any

import keras

from hpo_widgets.integrations.reporting import report


class KerasCallback(keras.callbacks.Callback):
    """Reports every number in the logs of an epoch; `val_loss` is the title loss with the series val_loss."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports one epoch."""
        for name, value in (logs or {}).items():
            report(name.removeprefix("val_"), name, value, epoch)
