"""Throttling, of each service that a function calls; and every row of docs/limits.md names tests, which exist."""

import re

import pytest

from documented import defined_tests, named_tests, rows
from edges import LARGEST
from invocations import ROWS, prepare

# A request to a function, a service that it then calls, and how often it does.
ASKED = [
    ("http-time", "dynamodb", 5),
    ("http-time", "s3", 5),
    ("url-time", "s3", 5),
    ("rest-get", "dynamodb", 5),
    ("rest-get", "s3", 5),
    ("rest-delete-space", "lambda", 3),
    ("signing-signed-url", "dynamodb", 5),
    ("signing-signed-url", "secretsmanager", 3),
    ("streaming-enable", "cloudfront-keyvaluestore", 3),
    ("streaming-rotate", "cloudfront", 3),
    ("streaming-enable", "dynamodb", 5),
]


def test_when_the_store_at_the_edges_is_full_it_is_said(stack):
    """Enabling answers 409, and takes nothing from the spaces that stream; disabling one makes room."""
    [row] = [row for row in ROWS if row.event == "streaming-enable"]
    prepare(stack, row)
    values = stack.aws.edges.values
    stack.aws.edges.values = full = {f"space-{number}": "x" * 1000 for number in range(5180)}
    try:
        assert stack.aws.edges.size({}) <= LARGEST
        full["rest"] = "x" * (LARGEST - stack.aws.edges.size({}) - 40)
        answer = stack.invoke(row.function, stack.event(row.event))
        assert (answer.status, b"full" in answer.body, len(full)) == (409, True, 5181), answer.said
        del full["space-0"]
        assert stack.invoke(row.function, stack.event(row.event)).status == 200
        assert "films" in full
    finally:
        stack.aws.edges.values = values
    prepare(stack, row)


@pytest.mark.parametrize(("event", "service", "attempts"), ASKED)
def test_who_is_throttled_tries_again_and_then_says_when_to_come_again(stack, event, service, attempts):
    [row] = [row for row in ROWS if row.event == event]
    prepare(stack, row)
    stack.restart(row.function)  # It would answer from its cache without a call.
    for times, right in [(2, True), (1000, False)]:
        stack.aws.throttled = service, times
        answer = stack.invoke(row.function, stack.event(event))
        asked, stack.aws.throttled = times - stack.aws.throttled[1], None
        if right:
            assert answer.status < 400 and asked == times, answer.said
            prepare(stack, row)
            stack.restart(row.function)
        else:
            assert (answer.status, "retry-after" in answer.headers, asked) == (503, True, attempts), answer.said


def test_a_body_that_was_sent_cannot_be_sent_again_by_us(stack):
    [row] = [row for row in ROWS if row.event == "rest-store"]
    prepare(stack, row)
    stack.aws.throttled = "s3", 1
    answer = stack.invoke(row.function, stack.event("rest-store"))
    stack.aws.throttled = None
    assert answer.status == 503 and "retry-after" in answer.headers
    row.holds(stack, stack.invoke(row.function, stack.event("rest-store")))


def test_every_limit_names_tests_that_exist(root):
    text, defined = (root / "docs" / "limits.md").read_text(), defined_tests(root)
    limits = [row for row in rows(text.partition("## Faults")[0]) if row[0] != "limit"]
    assert len(limits) > 12
    for limit, _, shown in limits:
        named = named_tests(shown)
        assert named and named <= defined, (limit, named - defined)
    for name in re.findall(r"`[a-z]+::(?:[a-z]+::)?(\w+)`", text):
        assert name in defined, name
