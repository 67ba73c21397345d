"""What each function may do is what it does: every action that template.yaml grants a function is one that it calls, on what it is
granted for, and it calls no other. By looking: moto's AWS notes what each function asks for while it is invoked with every event
of the table. What the code links would say less: all functions link the whole of `store`."""

import fnmatch

import pytest

from invocations import run_all

# What Lambda itself does in a function's name, and so no call of the function's.
BY_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@pytest.fixture(scope="module")
def needed(stack) -> dict[str, set[tuple[str, str]]]:
    """By function, what it called, and on what."""
    run_all(stack)
    found = {name: set() for name in stack.template.functions}
    for call in stack.aws.calls:
        found[call.who] |= set(call.needs)
    return found


def granted(template, function: str) -> set[tuple[str, str]]:
    """What the template allows a function, and on what."""
    properties = template.functions[function]
    role = properties.get("Role")
    documents = list(properties.get("Policies", []))
    if role:
        [name] = [name for name in template.of_type("AWS::IAM::Role") if template.value(role) == template.attribute(name, "Arn")]
        documents += [policy["PolicyDocument"] for policy in template.resources[name]["Properties"]["Policies"]]
    for made in template.of_type("AWS::IAM::Policy").values():
        if {"Ref": f"{function}Role"} in made["Properties"]["Roles"]:
            documents.append(made["Properties"]["PolicyDocument"])
    return {
        (action, resource)
        for document in documents
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(template.value(statement["Resource"]))
        if statement["Effect"] == "Allow" and action not in BY_LAMBDA
    }


def listed(one_or_many) -> list[str]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def allows(grant: tuple[str, str], need: tuple[str, str]) -> bool:
    return grant[0] == need[0] and (grant[1] == "*" or fnmatch.fnmatchcase(need[1], grant[1]))


def test_no_function_lacks_a_permission(stack, needed):
    missing = {}
    for function, needs in needed.items():
        grants = granted(stack.template, function)
        missing[function] = {need for need in needs if not any(allows(grant, need) for grant in grants)}
    assert not any(missing.values()), "a function calls what it may not"


def test_no_function_has_a_permission_to_spare(stack, needed):
    spare = {}
    for function in needed:
        # Those that share a role share what it is needed for.
        role = stack.template.functions[function].get("Role")
        needs = {
            need
            for other, theirs in needed.items()
            if other == function or (role and stack.template.functions[other].get("Role") == role)
            for need in theirs
        }
        grants = granted(stack.template, function)
        spare[function] = {grant for grant in grants if not any(allows(grant, need) for need in needs)}
    assert not any(spare.values()), "a function may do what it never does"


def test_what_is_taken_away_or_given_is_noticed(stack, needed):
    for function, needs in needed.items():
        grants = granted(stack.template, function)
        for grant in grants:
            others = grants - {grant}
            taken = [need for need in needs if not any(allows(other, need) for other in others)]
            shared = stack.template.functions[function].get("Role")
            assert taken or shared, f"{function} can do without {grant}"
        for more in ("s3:GetObjectTagging", "dynamodb:DeleteTable"):
            assert not any(allows((more, "*"), need) for need in needs)
