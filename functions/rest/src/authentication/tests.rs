#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::num::NonZeroU32;

use axum::body::{Body, to_bytes};
use axum::routing::any;
use axum::{Extension, Router};
use lambda_http::RequestExt;
use reelspan::user::{Account, Directory, GroupName, Hash, NotFound, Password, Role, Settings, User, UserName};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

/// `alice` with the password `a:b`, and `broken`, for whom the directory fails.
struct Alice;

impl Directory for Alice {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        let groups = vec![GroupName::parse("staff").unwrap(), GroupName::parse("film").unwrap()];
        let account = Account { name: UserName::parse("alice").unwrap(), role: Role::Owner, groups };
        let password = Hash::of(&Password::parse("a:b").unwrap(), NonZeroU32::MIN).unwrap();
        let found = match name.as_str() {
            "alice" => Ok(Some(User { account, password })),
            "broken" => Err(NotFound::Failed("secret detail".to_owned())),
            _ => Ok(None),
        };
        Box::pin(std::future::ready(found))
    }
}

fn authenticator() -> Authenticator {
    Authenticator::new(Alice, Settings { rounds: NonZeroU32::MIN, ..Settings::default() }).unwrap()
}

/// Returns the user.
fn routes() -> Router {
    let who = async |Extension(identity): Extension<Option<Identity>>| match identity {
        Some(identity) => format!("{} {} {}", identity.name, identity.role, identity.groups.join("+")),
        None => "nobody".to_owned(),
    };
    Router::new().route("/", any(who)).layer(layer(authenticator()))
}

async fn told(request: http::Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = routes().oneshot(request).await.unwrap().into_parts();
    let text = String::from_utf8(to_bytes(body, 1000).await.unwrap().to_vec()).unwrap();
    (parts.status, parts.headers, text)
}

#[tokio::test]
async fn a_request_is_by_somebody_or_nobody_or_refused() {
    // alice:a:b, alice:a, bob:a:b, broken:
    let (right, wrong, unknown) = ("Basic YWxpY2U6YTpi", "Basic YWxpY2U6YQ==", "Basic Ym9iOmE6Yg==");
    let broken = "Basic YnJva2VuOg==";
    for (fields, status, text) in [
        (vec![], 200, "nobody"),
        (vec![right], 200, "alice owner staff+film"),
        (vec!["basic YWxpY2U6YTpi"], 200, "alice owner staff+film"),
        (vec![wrong], 401, "user name or password is wrong\n"),
        (vec![unknown], 401, "user name or password is wrong\n"),
        (vec!["Basic"], 401, "the credentials have no colon\n"),
        (vec!["Bearer YWxpY2U6YTpi"], 401, "the Authorization field is not of the Basic scheme\n"),
        (vec![""], 401, "the Authorization field is not of the Basic scheme\n"),
        (vec![right, right], 401, "the Authorization field is not of the Basic scheme\n"),
        (vec![broken], 503, "the users cannot be read\n"),
    ] {
        for method in ["GET", "PUT", "OPTIONS"] {
            let mut request = http::Request::builder().method(method).uri("/");
            for field in &fields {
                request = request.header("Authorization", *field);
            }
            let (was, headers, told) = told(request.body(Body::empty()).unwrap()).await;
            assert_eq!((was.as_u16(), told.as_str()), (status, text), "{fields:?}");
            assert_eq!(headers.get("www-authenticate").is_some_and(|value| value == CHALLENGE), status == 401);
            assert_eq!(headers.get("retry-after").is_some(), status == 503);
            if status != 200 {
                assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
                assert_eq!(headers["cache-control"], "no-store");
            }
        }
    }
}

/// A request as API Gateway passes it on, with the result of its authorizer.
fn through_api_gateway(authorizer: &Value, authorization: &str) -> http::Request<Body> {
    let mut context: Value = serde_json::from_str(include_str!("../../../../events/http-time.json")).unwrap();
    context["requestContext"]["authorizer"] = authorizer.clone();
    let event = lambda_http::request::from_str(&context.to_string()).unwrap();
    let request = http::Request::builder().uri("/").header("Authorization", authorization);
    let request = request.extension(event.request_context_ref().unwrap().clone());
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn who_api_gateway_has_let_in_is_not_asked_again() {
    let right = "Basic YWxpY2U6YTpi";
    let said = json!({ "lambda": { "user": "carol", "role": "admin", "groups": "staff" } });
    for (authorizer, field, status, text) in [
        (&said, "Basic Ym9iOmE6Yg==", 200, "carol admin staff"),
        (&Value::Null, right, 200, "alice owner staff+film"),
        (&json!({ "lambda": {} }), right, 200, "alice owner staff+film"),
        (&json!({ "lambda": { "user": "carol" } }), right, 200, "alice owner staff+film"),
        (
            &json!({ "jwt": { "claims": { "user": "carol", "role": "admin", "groups": "" } } }),
            right,
            200,
            "alice owner staff+film",
        ),
        (&json!({ "lambda": { "user": "carol" } }), "Basic Ym9iOmE6Yg==", 401, "user name or password is wrong\n"),
    ] {
        let (was, _, told) = told(through_api_gateway(authorizer, field)).await;
        assert_eq!((was.as_u16(), told.as_str()), (status, text), "{authorizer}");
    }
}

#[tokio::test]
async fn whom_the_authorizer_refuses_is_answered_before_any_route_whatever_the_request_has() {
    let right = "Basic YWxpY2U6YTpi";
    let wrong = "user name or password is wrong";
    for (said, status, text) in [
        (json!({ "refused": "401", "why": wrong }), 401, "user name or password is wrong\n"),
        (json!({ "refused": "503", "why": "the users cannot be read" }), 503, "the users cannot be read\n"),
        (
            json!({ "refused": "401", "why": wrong, "user": "carol", "role": "admin", "groups": "" }),
            401,
            "user name or password is wrong\n",
        ),
        (json!({ "refused": "200", "why": "" }), 401, "\n"),
        (json!({ "refused": null }), 401, "\n"),
    ] {
        let (was, headers, told) = told(through_api_gateway(&json!({ "lambda": said }), right)).await;
        assert_eq!((was.as_u16(), told.as_str()), (status, text), "{said}");
        assert_eq!(headers.get("www-authenticate").is_some_and(|value| value == CHALLENGE), status == 401);
        assert_eq!(headers.get("retry-after").is_some(), status == 503);
        assert_eq!(headers["cache-control"], "no-store");
    }
}
