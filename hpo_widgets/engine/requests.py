"""Carries out what people and other kernels ask of a study: each request is answered once, with a reason if refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo_widgets.engine.picture import Start
from hpo_widgets.errors import HpoError
from hpo_widgets.model.limits import Limits
from hpo_widgets.model.space_change import changed_space
from hpo_widgets.model.space_json import parameters_from_json
from hpo_widgets.model.study import Request, RequestKind, StudyState
from hpo_widgets.model.task import Reason

if TYPE_CHECKING:
    from hpo_widgets.engine.engine import Engine


def handle_request(engine: Engine, request: Request) -> None:
    """Changes the engine's picture as asked and puts the answer into its outbox. Called in the engine's thread."""
    if any(start.request == request.id for start in engine.picture.enqueued):
        return  # seen before, not recorded yet
    match request.kind:
        case RequestKind.ENQUEUE:
            _enqueue(engine, request)
        case RequestKind.SET_LIMITS:
            _set_limits(engine, request)
        case RequestKind.SET_SPACE:
            _set_space(engine, request)
        case RequestKind.STOP:
            engine.picture.ending = Reason.USER
            _answer(engine, request)
        case RequestKind.PAUSE | RequestKind.RESUME | RequestKind.DRAIN:
            _set_state(engine, request)
        case RequestKind.STOP_TASK:
            _answer(engine, request, "a task must be named.")


def _set_state(engine: Engine, request: Request) -> None:
    if engine.picture.ending is not None:
        _answer(engine, request, "the study is being stopped; wait for its end, then resume it.")
        return
    states = {
        RequestKind.PAUSE: StudyState.PAUSED,
        RequestKind.RESUME: StudyState.RUNNING,
        RequestKind.DRAIN: StudyState.DRAINING,
    }
    state = engine.picture.state = states[request.kind]
    _answer(engine, request, state=state)


def _set_limits(engine: Engine, request: Request) -> None:
    try:
        limits = Limits.from_json({**engine.picture.limits.to_json(), **request.payload})
    except HpoError as error:
        _answer(engine, request, str(error))
        return
    engine.set_limits(limits)
    engine.picture.starved = False
    _answer(engine, request, limits=limits.to_json())


def _set_space(engine: Engine, request: Request) -> None:
    try:
        defaults = request.payload.get("defaults") or {}
        space = changed_space(engine.config.space, parameters_from_json(request.payload.get("space")), defaults)
    except HpoError as error:
        _answer(engine, request, str(error))
        return
    engine.set_space(space, {**engine.config.added, **defaults})
    # As it was asked for otherwise: limits in force are kept beside it.
    changed = {key: value for key, value in engine.config.to_json().items() if key in ("space", "added")}
    config = {**engine.store.study(engine.study).config, **changed}
    _answer(engine, request, config=config, memo=None)


def _enqueue(engine: Engine, request: Request) -> None:
    parameters = request.payload.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        _answer(engine, request, f"{parameters!r} is not a dictionary of parameters.")
        return
    try:
        broken = engine.config.space.broken(parameters)
    except HpoError as error:
        broken = [str(error)]
    if broken:
        _answer(engine, request, " ".join(broken))
        return
    engine.picture.enqueued.append(Start(parameters=parameters, request=request.id))


def _answer(engine: Engine, request: Request, refusal: str | None = None, **changes: Any) -> None:
    def write() -> None:
        with engine.store.transaction():  # carried out and said to be, or neither
            engine.store.answer(request.id, engine.clock(), refusal)
            if changes:
                engine.store.update_study(engine.study, **changes)

    engine.outbox.add(write)
