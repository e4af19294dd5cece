"""What people ask of a search that a user's own loop drives: whichever process asks for a set carries it out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hpo_widgets.errors import HpoError
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.study import Request, RequestKind, StudyState
from hpo_widgets.model.task import Reason

if TYPE_CHECKING:
    from hpo_widgets.comet.issuer import Issuer

IN_FORCE = ("total_max_jobs", "retries", "optimization_time_limit")
"""Limits that hold for a loop of the user's own; nobody can end its experiments from outside."""
STATES = {
    RequestKind.PAUSE: StudyState.PAUSED,
    RequestKind.RESUME: StudyState.RUNNING,
    RequestKind.DRAIN: StudyState.DRAINING,
}


class Requests:
    """Holds what was asked and not carried out yet. Every method that writes is called in a transaction."""

    def __init__(self) -> None:
        self._open: dict[int, Request] = {}

    def take_in(self, requests: Iterable[Request]) -> None:
        """Takes in new requests, and which of the others were carried out."""
        for each in requests:
            if each.handled is None:
                self._open[each.id] = each
            else:
                self._open.pop(each.id, None)

    @property
    def by_hand(self) -> Request | None:
        """The oldest set that a person wants to have run."""
        return next((each for each in self._open.values() if each.kind is RequestKind.ENQUEUE), None)

    def asks_to_stop(self, task: str) -> bool:
        """Tells whether somebody wants a task to end, or its search."""
        wanted = self._open.values()
        return any(each.task == task or (each.task is None and each.kind is RequestKind.STOP) for each in wanted)

    def carry_out(self, issuer: Issuer, now: float) -> None:
        """Carries out what was asked of the search itself."""
        for request in list(self._open.values()):
            if request.task is not None or issuer.record.state.is_final:
                continue
            match request.kind:
                case RequestKind.STOP:
                    issuer.change_state(StudyState.STOPPED, reason=Reason.USER.value, ended=now)
                    self.refuse_all(issuer, f"the study ended: {Reason.USER.value}", now, but=request.id)
                    self._answer(issuer, request, now)
                case RequestKind.PAUSE | RequestKind.RESUME | RequestKind.DRAIN:
                    issuer.change_state(STATES[request.kind])
                    self._answer(issuer, request, now)
                case RequestKind.SET_LIMITS:
                    self._set_limits(issuer, request, now)
                case RequestKind.SET_SPACE:
                    refusal = "a search by Comet's Optimizer keeps its ranges; begin its next phase with parent=."
                    self._answer(issuer, request, now, refusal)
                case RequestKind.ENQUEUE if not isinstance(request.payload.get("parameters"), dict):
                    self._answer(issuer, request, now, f"{request.payload!r} names no parameters.")
                case _:
                    pass

    def _set_limits(self, issuer: Issuer, request: Request, now: float) -> None:
        useless = sorted(set(request.payload) - set(IN_FORCE))
        if useless:
            allowed = ", ".join(IN_FORCE)
            refusal = f"{', '.join(useless)}: the loop is the user's own; the limits that hold for it are {allowed}."
            self._answer(issuer, request, now, refusal)
            return
        try:
            limits = Limits.from_json({**issuer.config.limits.to_json(), **request.payload})
        except HpoError as error:
            self._answer(issuer, request, now, str(error))
            return
        issuer.store.update_study(issuer.id, limits=limits.to_json())
        self._answer(issuer, request, now)
        issuer.look()

    def answer_by_hand(self, issuer: Issuer, now: float) -> None:
        """Marks the oldest set that a person wanted as begun."""
        request = self.by_hand
        if request is not None:
            self._answer(issuer, request, now)

    def answer_stop(self, issuer: Issuer, task: str, now: float) -> str | None:
        """Marks what was asked of a task as done; gives the reason to end it, `None` when nobody wanted that."""
        reason = None
        for each in list(self._open.values()):
            if each.task == task:
                self._answer(issuer, each, now)
                reason = reason or str(each.payload.get("reason", Reason.USER.value))
        return reason

    def refuse_all(self, issuer: Issuer, why: str, now: float, but: int | None = None) -> None:
        """Answers what can no longer be carried out."""
        for each in list(self._open.values()):
            if each.task is None and each.id != but:
                self._answer(issuer, each, now, why)

    def _answer(self, issuer: Issuer, request: Request, now: float, refusal: str | None = None) -> None:
        issuer.store.answer(request.id, now, refusal)
        self._open.pop(request.id, None)
