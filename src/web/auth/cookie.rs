//! The cookie of a session (RFC 6265bis): no script reads it, no other site sends it. Where the request came over TLS it is `Secure` and
//! has the prefix `__Host-`, so that nobody without TLS can plant one; below this everybody knows it by its plain name.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::web::serve::Secured;

/// The cookie's name.
pub const COOKIE: &str = "vardkase";
/// What stands before its name over TLS.
const SECURE: &str = "__Host-";
/// Its name in training: browsers don't tell the ports of a host apart, and nobody who practises shall lose the sign-in of real operation.
const TRAINING_COOKIE: &str = "vardkase-training";
/// Browsers keep a cookie for so many seconds at most (RFC 6265bis, 5.5): when a device ends is the server's affair.
const DEVICE_COOKIE_S: u32 = 400 * 24 * 3600;

/// What a browser keeps while its sign-in is at a provider. It comes back from another site, which a strict cookie does not.
const OIDC_COOKIE: &str = "vardkase-oidc";

/// The `Set-Cookie` value of a session, which ends with the browser.
pub fn set_cookie(id: &str) -> String {
    format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict")
}

/// That of a duty device, which outlives the browser. It is opened from links in texts, and acts by forms of its own pages alone.
pub fn set_device_cookie(secret: &str) -> String {
    format!("{}; Max-Age={DEVICE_COOKIE_S}", set_cookie(secret))
}

/// What makes the browser forget it.
pub fn clear_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// That of a sign-in which is at a provider.
pub fn set_oidc_cookie(kept: &str) -> String {
    let seconds = crate::web::oidc::SIGN_IN_S;
    format!("{OIDC_COOKIE}={kept}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

/// What makes the browser forget that.
pub fn clear_oidc_cookie() -> String {
    format!("{OIDC_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// What a request's browser keeps of a sign-in that is at a provider.
pub fn oidc_cookie(headers: &HeaderMap) -> Option<&str> {
    of(headers, OIDC_COOKIE)
}

/// The value of a request's cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    of(headers, COOKIE)
}

fn of<'a>(headers: &'a HeaderMap, named: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == named)
        .map(|(_, value)| value)
}

/// Gives the cookie its name by how the request came, and by whether this is training, in both directions.
pub async fn by_transport(training: bool, mut request: Request, next: Next) -> Response {
    let secured = Secured::of(request.extensions());
    let sent = |plain: &str| {
        let rest = plain.strip_prefix(COOKIE).unwrap_or(plain);
        format!("{}{}{rest}", if secured { SECURE } else { "" }, if training { TRAINING_COOKIE } else { COOKIE })
    };
    let names = [COOKIE, OIDC_COOKIE];
    let shown = names.map(|plain| of(request.headers(), &sent(plain)).map(|value| format!("{plain}={value}")));
    request.headers_mut().remove(header::COOKIE);
    for shown in shown.into_iter().flatten() {
        if let Ok(shown) = HeaderValue::from_str(&shown) {
            request.headers_mut().append(header::COOKIE, shown);
        }
    }
    let mut response = next.run(request).await;
    if secured || training {
        let mine = |v: &HeaderValue| v.to_str().is_ok_and(|v| v.starts_with(COOKIE));
        let all: Vec<HeaderValue> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response.headers_mut().remove(header::SET_COOKIE);
        for value in all {
            let renamed = value.to_str().ok().filter(|_| mine(&value)).map(|v| {
                let attribute = if secured { "; Secure" } else { "" };
                format!("{}{attribute}", sent(v))
            });
            let value = renamed.and_then(|v| HeaderValue::from_str(&v).ok()).unwrap_or(value);
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use axum::Router;
    use axum::body::Body;
    use axum::middleware;
    use axum::routing::get;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    /// Shows the cookie that it was sent, and sets one.
    async fn shown(headers: HeaderMap) -> ([(header::HeaderName, String); 1], String) {
        ([(header::SET_COOKIE, set_cookie("new"))], cookie(&headers).unwrap_or("none").to_owned())
    }

    async fn answer(sent: &str, secured: bool) -> (String, String) {
        answer_in(false, sent, secured).await
    }

    async fn answer_in(training: bool, sent: &str, secured: bool) -> (String, String) {
        let named = middleware::from_fn(move |request, next| by_transport(training, request, next));
        let router = Router::new().route("/", get(shown)).layer(named);
        let mut request = Request::builder().uri("/").header(header::COOKIE, sent).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Secured(secured));
        let response = TowerToHyperService::new(router).call(request).await.unwrap();
        let set = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        (String::from_utf8(body.to_vec()).unwrap(), set)
    }

    #[tokio::test]
    async fn over_tls_the_cookie_is_the_hosts_own_and_nothing_that_was_planted_without_counts() {
        let both = "a=b; vardkase=plain; __Host-vardkase=secure";
        let (seen, set) = answer(both, true).await;
        assert_eq!(seen, "secure");
        assert_eq!(set, "__Host-vardkase=new; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(answer("vardkase=planted", true).await.0, "none");
        assert_eq!(answer("__Host-vardkase-oidc=at-a-provider", true).await.0, "none");
        let (seen, set) = answer(both, false).await;
        assert_eq!(seen, "plain");
        assert_eq!(set, "vardkase=new; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(answer("__Host-vardkase=secure", false).await.0, "none");
    }

    #[tokio::test]
    async fn training_has_a_cookie_of_its_own() {
        let all = "vardkase=real; vardkase-training=practice; __Host-vardkase=real; __Host-vardkase-training=safe";
        let (seen, set) = answer_in(true, all, false).await;
        assert_eq!(
            (seen.as_str(), set.as_str()),
            ("practice", "vardkase-training=new; Path=/; HttpOnly; SameSite=Strict")
        );
        let (seen, set) = answer_in(true, all, true).await;
        assert_eq!(seen, "safe");
        assert_eq!(set, "__Host-vardkase-training=new; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(answer(all, false).await.0, "real");
        assert_eq!(answer_in(true, "vardkase=real", false).await.0, "none");
    }
}
