"""Hooks of schemathesis for `tests/test_openapi.py`: two of three requests name what exists, so that they get past the look-up.
Requests that change something have a space of their own."""

import schemathesis
from schemathesis import HookContext

READ = {"space": "films", "content": "counter.mp4", "name": "reader"}
CHANGED = {"space": "scratch", "content": "a b/ä.txt", "name": "guest"}
TASKS = {"spaceId": "films", "contentId": "counter.mp4", "redirectUrl": "", "fragment": "t=1,2", "ipAddress": "192.0.2.0/24"}


def is_named(value: object) -> bool:
    """Whether a made-up value is replaced: always the same for the same value, so that a run can be repeated."""
    return sum(str(value).encode()) % 3 > 0


@schemathesis.hook
def map_path_parameters(context: HookContext, path_parameters):
    known = READ if context.operation.method in ("get", "head") else CHANGED
    if not isinstance(path_parameters, dict):
        return path_parameters
    return {name: known[name] if name in known and is_named(value) else value for name, value in path_parameters.items()}


@schemathesis.hook
def map_body(context: HookContext, body):
    if not isinstance(body, dict):
        return body
    return {name: TASKS[name] if name in TASKS and is_named(value) else value for name, value in body.items()}
