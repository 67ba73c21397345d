"""The SAM application and its events match the programs that they name."""

import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from samtranslator.yaml_helper import yaml_parse

from stack import Template


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
        (package["manifest_path"], target["name"]) for package in packages for target in package["targets"] if "bin" in target["kind"]
    }
    assert functions
    for name, function in functions.items():
        manifest = root / function["Properties"]["CodeUri"] / "Cargo.toml"
        assert (str(manifest), function["Metadata"]["BuildProperties"]["Binary"]) in programs, name


@pytest.mark.parametrize(("architecture", "asked"), [(None, True), ("x86_64", False)])
def test_sam_has_a_function_built_for_the_architecture_that_is_asked_for(root, tmp_path, architecture, asked):
    stub = tmp_path / "bin" / "cargo-lambda"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\necho "$@" > "$CARGO_TARGET_DIR/asked"\nmkdir -p "$CARGO_TARGET_DIR/lambda/signing"\n'
                    'touch "$CARGO_TARGET_DIR/lambda/signing/bootstrap"\n')  # fmt: skip
    stub.chmod(0o755)
    variables = {"CARGO_TARGET_DIR": str(tmp_path), "PATH": f"{stub.parent}:{os.environ['PATH']}"}
    variables |= {"AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    command = [pathlib.Path(sys.executable).parent / "sam", "build", "SigningApi", "--beta-features", "--build-dir", tmp_path / "build"]
    command += ["--parameter-overrides", f"Architecture={architecture}"] if architecture else []
    subprocess.run(command, cwd=root, env=os.environ | variables, capture_output=True, check=True, timeout=120)
    words = (tmp_path / "asked").read_text().split()
    assert words == ["lambda", "build", "--release", *(["--arm64"] if asked else []), "--bin", "signing"]
    built = yaml_parse((tmp_path / "build" / "template.yaml").read_text())
    assert built["Resources"]["SigningApi"]["Properties"]["CodeUri"] == "SigningApi"


def test_every_table_has_the_keys_that_the_programs_use(template):
    keys = {
        name: [key["AttributeName"] for key in made["Properties"]["KeySchema"]]
        for name, made in template["Resources"].items()
        if made["Type"] == "AWS::DynamoDB::Table"
    }
    assert keys == {"ContainerIndex": ["media", "page"], "Spaces": ["space"], "Users": ["user"], "Sessions": ["user", "session"]}
    [contents] = template["Resources"]["ContainerIndex"]["Properties"]["GlobalSecondaryIndexes"]
    assert (contents["IndexName"], [key["AttributeName"] for key in contents["KeySchema"]]) == ("Contents", ["space", "content"])


def test_every_function_has_a_named_log_and_a_deadline(functions):
    for name, function in functions.items():
        assert {"LoggingConfig", "Timeout", "MemorySize"} <= function["Properties"].keys(), name


def test_what_answers_requests_alone_ends_before_api_gateway_gives_up(functions):
    """API Gateway waits 30 s for a function, and 10 s for an authorizer; functions that also work asynchronously have
    Lambda's maximum."""
    for name, function in functions.items():
        properties = function["Properties"]
        behind_http = any(event["Type"] == "HttpApi" for event in properties.get("Events", {}).values())
        if behind_http and "EventInvokeConfig" not in properties:
            assert properties["Timeout"] < 30, name
    assert functions["Authorizer"]["Properties"]["Timeout"] <= 10


def test_what_viewers_can_cost_is_bounded(template, functions):
    for name in ("Fragments", "FragmentsStream", "FragmentsBuffered"):
        reserved = functions[name]["Properties"]["ReservedConcurrentExecutions"]
        assert reserved == {"Fn::If": ["LimitsViewers", {"Ref": "ViewerConcurrency"}, {"Ref": "AWS::NoValue"}]}, name
        assert functions[name]["Properties"]["Timeout"] <= 300, name
    api = template["Resources"]["Api"]["Properties"]
    routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for event in functions["Fragments"]["Properties"]["Events"].values()
    }
    for route, limits in api["RouteSettings"].items():
        assert route in routes and limits["ThrottlingRateLimit"] == {"Ref": "MediaRate"}
    budget = template["Resources"]["Budget"]
    told = budget["Properties"]["NotificationsWithSubscribers"]
    assert {one["Notification"]["NotificationType"] for one in told} == {"ACTUAL", "FORECASTED"}
    assert (budget["Condition"], all(len(one["Subscribers"]) == 2 for one in told)) == ("HasBudget", True)


def test_no_permission_is_for_everything(template):
    for name, made in template["Resources"].items():
        properties = made["Properties"]
        documents = [policy.get("PolicyDocument", policy) for policy in properties.get("Policies", [])]
        for statement in (statement for document in documents for statement in document["Statement"]):
            assert "*" not in json.dumps(statement["Action"]), name
            # X-Ray has no resources to name, and CloudFront only some.
            assert statement["Resource"] != "*" or statement["Sid"] in ("Trace", "CloudFront"), name


def test_media_are_open_and_the_authorizer_is_asked_about_everybody(template, functions):
    authorization = template["Resources"]["Api"]["Properties"]["Auth"]
    assert "DefaultAuthorizer" not in authorization
    users = authorization["Authorizers"]["Users"]
    # With an identity source, API Gateway itself answers requests without credentials, without a challenge.
    assert "Identity" not in users
    assert (users["AuthorizerPayloadFormatVersion"], users["EnableSimpleResponses"]) == ("2.0", True)
    for event in functions["Fragments"]["Properties"]["Events"].values():
        assert "Auth" not in event["Properties"]


def test_own_pages_upload_to_the_bucket_and_nobody_else_s_script_does(root, functions):
    for given, extra in (("", []), ("https://media.example.org", ["https://media.example.org"])):
        stack = Template(root, OwnOrigins=given)
        [rule] = stack.resources["MediaBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
        separator, origins = rule["AllowedOrigins"]["Fn::Split"]
        allowed = stack.value(origins).split(separator)
        assert allowed == ["https://*.execute-api.us-east-1.amazonaws.com", *extra]
        # S3 accepts one star in an origin.
        assert all(origin.count("*") <= 1 for origin in allowed)
        assert (rule["ExposedHeaders"], "PUT" in rule["AllowedMethods"], "DELETE" in rule["AllowedMethods"]) == (["ETag"], True, False)
    # Every function that changes state knows them too, and the one that plays what is of them.
    for name, function in functions.items():
        changes = any(
            event["Type"] == "HttpApi" and event["Properties"]["Method"] in ("PUT", "POST", "DELETE")
            for event in function["Properties"].get("Events", {}).values()
        )
        assert ("OWN_ORIGINS" in function["Properties"].get("Environment", {}).get("Variables", {})) == (changes or name == "Web"), name


def test_what_is_kept_is_encrypted_and_nobody_else_s_and_does_not_go_by_accident(template):
    for name, made in template["Resources"].items():
        properties = made.get("Properties", {})
        match made["Type"]:
            case "AWS::S3::Bucket":
                assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, name
                assert properties["BucketEncryption"], name
                # Its name is fixed: one that a failed first deployment left would be in the way of the next.
                assert (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name
            case "AWS::DynamoDB::Table":
                # DynamoDB's own key: AWS's in the account would be charged for each use.
                assert "SSESpecification" not in properties, name
                # Of sessions nothing is worth recovering: people sign in again.
                assert ("PointInTimeRecoverySpecification" in properties) == (name != "Sessions"), name
                # The index can be rebuilt.
                kept = name not in ("ContainerIndex", "Sessions")
                assert (made["DeletionPolicy"] == "Retain") == kept, name
                assert properties.get("DeletionProtectionEnabled", False) == kept, name
            case "AWS::SQS::Queue":
                assert properties["SqsManagedSseEnabled"], name
    for kind, what in (("S3::BucketPolicy", "Bucket"), ("SQS::QueuePolicy", "Queues")):
        policies = [made["Properties"] for made in template["Resources"].values() if made["Type"] == f"AWS::{kind}"]
        assert policies
        for policy in policies:
            [statement] = [statement for statement in policy["PolicyDocument"]["Statement"] if statement["Sid"] == "TlsOnly"]
            assert statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            assert policy[what]
            # Others are allowed only through services that act for one of our resources.
            for other in policy["PolicyDocument"]["Statement"]:
                assert other is statement or "aws:sourcearn" in json.dumps(other["Condition"]).lower(), other["Sid"]


def test_every_function_is_traced_kept_in_logs_for_so_long_and_watched(template, functions):
    resources, alarms = template["Resources"], {}
    assert template["Globals"]["Function"]["Tracing"] == "Active"
    for name, made in resources.items():
        if made["Type"] == "AWS::CloudWatch::Alarm":
            assert len(made["Properties"]["AlarmActions"]) == 2, name
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
            assert sum("MetricStat" in metric for metric in made["Properties"].get("Metrics", [])) <= 10, name
            alarms[name] = json.dumps(made)
    for name, function in functions.items():
        log = resources[function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
        assert log["Properties"]["RetentionInDays"] == {"Ref": "LogRetention"}, name
        watched = [alarm for alarm in ("FunctionsFail", "EventFunctionsFail") if f'{{"Ref": "{name}"}}' in alarms[alarm]]
        assert len(watched) == 1, name
        if "EventInvokeConfig" in function["Properties"]:
            assert f'{{"Ref": "{name}"}}' in alarms["EventsWait"] and f'{{"Ref": "{name}"}}' in alarms["EventsAreLost"], name
            assert function["Properties"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Type"] == "SQS", name
        if "Role" in function["Properties"]:
            role = resources[function["Properties"]["Role"]["Fn::GetAtt"][0]]
            assert "xray:PutTraceSegments" in json.dumps(role), name
    for name, made in resources.items():
        # Events that a queue cannot deliver go to a queue with an alarm.
        if made["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" not in made["Properties"]:
            for alarm in ("EventsFailed", "EventsAreForgotten"):
                assert f'["{name}", "QueueName"]' in alarms[alarm], name


def test_every_event_of_the_http_api_is_of_a_route_and_by_whom_the_route_takes(root, functions):
    routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}": "Auth" in event["Properties"]
        for function in functions.values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
    # All routes of the REST API require a user, except those that may be public.
    open_to_all = {route for route, is_somebodys in routes.items() if "/durastore/" in route and not is_somebodys}
    assert open_to_all == {f"{method} /durastore/{{space}}{content}" for method in ("GET", "HEAD") for content in ("", "/{content+}")}
    for path in sorted((root / "events").glob("*.json")):
        event = json.loads(path.read_text())
        if event.get("routeKey", "$default") == "$default":
            continue
        assert event["version"] == "2.0", path.name
        route = event["routeKey"].partition(" ")[2].replace("+}", "}")
        assert event["rawPath"] == route.format(**event.get("pathParameters", {})), path.name
        if event.get("type") != "REQUEST":
            assert routes[event["routeKey"]] == ("authorizer" in event["requestContext"]), path.name


@pytest.mark.parametrize("name", ["SpacesApi", "Indexer"])
def test_a_function_that_invokes_itself_may_go_on_for_long(template, functions, name):
    function = functions[name]["Properties"]
    # Lambda stops a function that has invoked itself 16 times, unless this is allowed.
    assert function["RecursiveLoop"] == "Allow" and function["Timeout"] == 900
    [statement] = template["Resources"][f"{name}InvokesItself"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert {"Fn::GetAtt": [name, "Arn"]} in [statement["Resource"], *statement["Resource"]]


def test_the_access_log_of_the_http_api_says_who_and_from_where_and_no_more(template):
    resources = template["Resources"]
    settings = resources["Api"]["Properties"]["AccessLogSettings"]
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["ApiLogs", "Arn"]}
    assert resources["ApiLogs"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetention"}
    written = json.loads(settings["Format"])
    assert {"requestId", "sourceIp", "routeKey", "status", "user", "authorizerError", "error"} <= written.keys()
    assert all(value.startswith("$context.") for value in written.values())
    # Signatures and tokens are in queries, or in paths by mistake.
    assert not [value for value in written.values() if "path" in value.lower() or "query" in value.lower()]


def test_the_template_has_the_edge_functions_of_the_repository(root):
    """`python3 tools/edge.py` puts them there; CloudFront takes 10 KB of each, and joined they are as the tests run them."""
    spec = importlib.util.spec_from_file_location("edge", root / "tools" / "edge.py")
    edge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(edge)
    text = (root / "template.yaml").read_text()
    assert edge.with_code(text) == text
    code = yaml_parse(text)["Mappings"]["Edge"]["Code"]
    for name in ("ViewerRequest", "ViewerResponse"):
        assert code[name].startswith("import cf from 'cloudfront';")
        assert len(f"{code[name]}\n{code['Cors']}\nconst KIND = 'secure';".encode()) < 10 * 1024


def test_the_stack_stays_within_quotas(root, template):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html and
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html; where a quota is for an account, the
    stack takes at most half of it. SAM adds some resources for each function and route."""
    assert (root / "template.yaml").stat().st_size < 500_000
    for section, most in (("Resources", 250), ("Parameters", 200), ("Outputs", 200), ("Mappings", 200)):
        assert len(template.get(section, {})) <= most, section
    made = {}
    for resource in template["Resources"].values():
        made.setdefault(resource["Type"].removeprefix("AWS::CloudFront::"), []).append(resource.get("Properties", {}))
    for kind in ("CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy"):
        assert 0 < len(made[kind]) <= 10, kind
    for policy in made["ResponseHeadersPolicy"]:
        custom = policy["ResponseHeadersPolicyConfig"].get("CustomHeadersConfig", {}).get("Items", [])
        assert len(custom) <= 10
    for policy in made["CachePolicy"]:
        keys = policy["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
        for kind, plural in (("HeadersConfig", "Headers"), ("QueryStringsConfig", "QueryStrings"), ("CookiesConfig", "Cookies")):
            assert len(keys[kind].get(plural, [])) <= 10, kind
    for distribution in made["Distribution"]:
        config = distribution["DistributionConfig"]
        assert len(config.get("CacheBehaviors", [])) <= 75 and len(config["Origins"]) <= 100


def test_the_edges_keep_the_pages_by_what_their_function_reads(root, template):
    resources = template["Resources"]
    config = resources["PagesDistribution"]["Properties"]["DistributionConfig"]
    default, kept = config["DefaultCacheBehavior"], {one["PathPattern"]: one for one in config["CacheBehaviors"]}
    assert kept.keys() == {"/player/*", "/oembed"}
    for behaviour in kept.values():
        assert (behaviour["CachePolicyId"], behaviour["Compress"]) == ({"Ref": "PagesCache"}, True)
    for behaviour in (default, *kept.values()):
        assert behaviour["FunctionAssociations"][0]["FunctionARN"] == {"Fn::GetAtt": ["PagesRequest", "FunctionARN"]}
    policy = resources["PagesCache"]["Properties"]["CachePolicyConfig"]
    # The year for which hashed names are kept is what the function says, and the least is a second: else nothing is compressed.
    assert (policy["MinTTL"], policy["MaxTTL"]) == (1, 365 * 86400)
    assert "max-age=31536000, immutable" in (root / "functions/web/src/assets.rs").read_text()
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["EnableAcceptEncodingGzip"] and key["EnableAcceptEncodingBrotli"]
    assert key["HeadersConfig"]["Headers"] == ["x-reelspan-host"]
    read = set()
    for file in ("player", "oembed"):
        code = (root / "functions/web/src" / f"{file}.rs").read_text()
        read |= set(re.findall(r'parameter\((?:query, )?"(\w+)"\)', code))
        read |= {name for names in re.findall(r"\[([^\]]*)\]\.map\(\|name\| parameter\(", code) for name in re.findall(r"\w+", names)}
    assert read == set(key["QueryStringsConfig"]["QueryStrings"])
    # What else the API has comes through, and nothing of it is kept: this is CloudFront's CachingDisabled.
    assert default["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" and "POST" not in default["AllowedMethods"]


def test_a_distribution_lets_in_only_what_it_is_for(template):
    for name, kind in (("OpenDistribution", "open"), ("SecureDistribution", "secure")):
        config = template["Resources"][name]["Properties"]["DistributionConfig"]
        default, behaviours = config["DefaultCacheBehavior"], config.get("CacheBehaviors", [])
        assert ("TrustedKeyGroups" in default) == (kind == "secure")
        assert default["ViewerProtocolPolicy"] == "https-only"
        for origin in config["Origins"]:
            assert "OriginAccessControlId" in origin, origin["Id"]
            told = {header["HeaderName"]: header["HeaderValue"] for header in origin.get("OriginCustomHeaders", [])}
            assert told == ({"x-reelspan-kind": kind} if origin["Id"] in ("fragments", "buffered") else {})
        # Signatures name addresses of IPv4 only.
        assert config["IPV6Enabled"] == (kind == "open")
        assert [behaviour["PathPattern"] for behaviour in behaviours] == (["/~/cookies"] if kind == "secure" else [])
        # Error pages would hide the functions' own.
        assert all(response.keys() == {"ErrorCode", "ErrorCachingMinTTL"} for response in config["CustomErrorResponses"])
