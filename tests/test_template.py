"""The SAM application and its events go with the programs that they name."""

import json
import subprocess

import pytest
from samtranslator.yaml_helper import yaml_parse


@pytest.fixture(scope="module")
def template(root) -> dict:
    return yaml_parse((root / "template.yaml").read_text())


@pytest.fixture(scope="module")
def functions(template) -> dict[str, dict]:
    return {name: made for name, made in template["Resources"].items() if made["Type"] == "AWS::Serverless::Function"}


def test_every_function_is_a_program_of_the_folder_it_is_built_in(root, functions):
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"]
    packages = json.loads(subprocess.run(command, cwd=root, capture_output=True, check=True).stdout)["packages"]
    programs = {
        (package["manifest_path"], target["name"])
        for package in packages
        for target in package["targets"]
        if "bin" in target["kind"]
    }
    assert functions
    for name, function in functions.items():
        manifest = root / function["Properties"]["CodeUri"] / "Cargo.toml"
        assert (str(manifest), function["Metadata"]["BuildProperties"]["Binary"]) in programs, name


def test_every_table_has_the_keys_that_the_programs_use(template):
    keys = {
        name: [key["AttributeName"] for key in made["Properties"]["KeySchema"]]
        for name, made in template["Resources"].items()
        if made["Type"] == "AWS::DynamoDB::Table"
    }
    assert keys == {"ContainerIndex": ["media", "page"], "Spaces": ["space"], "Users": ["user"]}


def test_every_function_has_a_named_log_and_a_deadline(functions):
    for name, function in functions.items():
        assert {"LoggingConfig", "Timeout", "MemorySize"} <= function["Properties"].keys(), name


def test_no_permission_is_for_everything(template):
    for name, made in template["Resources"].items():
        properties = made["Properties"]
        documents = [policy.get("PolicyDocument", policy) for policy in properties.get("Policies", [])]
        for statement in (statement for document in documents for statement in document["Statement"]):
            assert "*" not in json.dumps(statement["Action"]), name
            assert statement["Resource"] != "*", name


def test_media_are_open_and_the_authorizer_decides_by_credentials_alone(template, functions):
    authorization = template["Resources"]["Api"]["Properties"]["Auth"]
    assert "DefaultAuthorizer" not in authorization
    users = authorization["Authorizers"]["Users"]
    # What it is cached by is what the function looks at, and in the format that it reads.
    assert users["Identity"]["Headers"] == ["Authorization"]
    assert (users["AuthorizerPayloadFormatVersion"], users["EnableSimpleResponses"]) == ("2.0", True)
    assert 0 < users["Identity"]["ReauthorizeEvery"] <= 60
    for event in functions["Fragments"]["Properties"]["Events"].values():
        assert "Auth" not in event["Properties"]


def test_every_event_is_of_a_route_that_the_template_has(root, functions):
    routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for function in functions.values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
    events = sorted((root / "events").glob("http-*.json"))
    assert len(events) >= 8
    for path in events:
        event = json.loads(path.read_text())
        assert (event["version"], event["routeKey"] in routes) == ("2.0", True), path.name
        route = event["routeKey"].split(" ")[1].replace("+}", "}")
        assert event["rawPath"] == route.format(**event.get("pathParameters", {})), path.name


def test_every_event_of_the_rest_api_is_of_a_route_and_by_whom_the_route_takes(root, functions):
    routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}": "Auth" in event["Properties"]
        for event in functions["SpacesApi"]["Properties"]["Events"].values()
    }
    assert {route for route, is_somebodys in routes.items() if not is_somebodys} == {
        f"{method} /durastore/{{space}}{content}" for method in ("GET", "HEAD") for content in ("", "/{content+}")
    }
    events = sorted((root / "events").glob("rest-*.json"))
    assert len(events) >= 8
    for path in events:
        event = json.loads(path.read_text())
        assert event["version"] == "2.0", path.name
        assert routes[event["routeKey"]] == ("authorizer" in event["requestContext"]), path.name
        route = event["routeKey"].partition(" ")[2].replace("+}", "}")
        assert event["rawPath"] == route.format(**event["pathParameters"]), path.name


@pytest.mark.parametrize("name", ["SpacesApi", "Indexer"])
def test_a_function_that_invokes_itself_may_go_on_for_long(template, functions, name):
    function = functions[name]["Properties"]
    # Lambda ends a function that has invoked itself 16 times, unless told that it is meant.
    assert function["RecursiveLoop"] == "Allow" and function["Timeout"] == 900
    statement = template["Resources"][f"{name}InvokesItself"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "lambda:InvokeFunction" and statement["Resource"] == {"Fn::GetAtt": [name, "Arn"]}
