//! A registry: the pulling half of the OCI distribution specification, over HTTP.
//!
//! Whoever is refused with a challenge gets a token where it says and asks again. Neither password
//! nor token goes to another host that a registry redirects to.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_auth::{ChallengeParser, ChallengeRef};
use indexmap::IndexMap;
use oci_spec::distribution::Reference as Name;
use serde::Deserialize;
use ureq::Agent;
use ureq::http::{Response, StatusCode};

use super::digest::read_all;
use super::documents::{ACCEPT, LARGEST};
use super::fault::{Fault, Result};
use super::registries::Place;
use crate::package_manager::repos::http::tls;
use crate::package_manager::repos::proxy;

/// Finding a host and being let in; the rest is the caller's limit.
const CONNECT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Registry {
    agent: Agent,
    /// `https://HOST`
    base: String,
    name: Name,
    /// What is sent along until a registry wants something else.
    authorization: Mutex<Option<String>>,
    /// The caller's own.
    credentials: Option<String>,
}

/// What a token service answers.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// Nothing is sent yet, but for a registry that may be without TLS: whether it is.
    pub(super) fn open(
        place: &Place,
        credentials: Option<String>,
        proxies: &IndexMap<String, String>,
        end: Instant,
    ) -> Result<Self> {
        let host = match place.name.registry() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let at = |scheme: &str| -> Result<Self> {
            Ok(Self {
                agent: agent(scheme, host, proxies, !place.insecure)?,
                base: format!("{scheme}://{host}"),
                name: place.name.clone(),
                authorization: Mutex::new(None),
                credentials: credentials.clone(),
            })
        };
        if !place.insecure {
            return at("https");
        }
        // A registry with TLS answers plain HTTP with an error, or not at all.
        let plain = at("http")?;
        match plain.send(&format!("{}/v2/", plain.base), None, None, end) {
            Ok(response) if response.status() != StatusCode::BAD_REQUEST => Ok(plain),
            Ok(_) => at("https"),
            Err(fault) => {
                let secure = at("https")?;
                match secure.send(&format!("{}/v2/", secure.base), None, None, end) {
                    Ok(_) => Ok(secure),
                    Err(_) => Err(fault),
                }
            }
        }
    }

    /// The manifest or index that the name leads to, or the one of this digest.
    pub(super) fn manifest(&self, digest: Option<&str>, end: Instant) -> Result<Vec<u8>> {
        let wanted = digest
            .or(self.name.digest())
            .or(self.name.tag())
            .unwrap_or("latest");
        let url = self.url("manifests", wanted);
        let response = self.get(&url, Some(ACCEPT), end)?;
        let what = format!("the manifest of {}", self.name);
        let body = response.into_body();
        read_all(
            &what,
            body.into_with_config().limit(u64::MAX).reader(),
            LARGEST,
        )
    }

    /// A part as a stream, with the length that the registry says.
    pub(super) fn blob(&self, digest: &str, end: Instant) -> Result<impl Read + use<>> {
        let response = self.get(&self.url("blobs", digest), None, end)?;
        let body = response.into_body();
        Ok(body.into_with_config().limit(u64::MAX).reader())
    }

    fn url(&self, kind: &str, what: &str) -> String {
        format!("{}/v2/{}/{kind}/{what}", self.base, self.name.repository())
    }

    fn get(&self, url: &str, accept: Option<&str>, end: Instant) -> Result<Response<ureq::Body>> {
        let known = self
            .authorization
            .lock()
            .ok()
            .and_then(|known| known.clone());
        let mut response = self.send(url, accept, known.as_deref(), end)?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let header = self.answer(&response, end)?;
            if let Some(header) = header.filter(|header| known.as_ref() != Some(header)) {
                response = self.send(url, accept, Some(&header), end)?;
                if let Ok(mut known) = self.authorization.lock() {
                    *known = Some(header);
                }
            }
        }
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(self.refused(status, response)),
        }
    }

    fn send(
        &self,
        url: &str,
        accept: Option<&str>,
        authorization: Option<&str>,
        end: Instant,
    ) -> Result<Response<ureq::Body>> {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::passing(format!(
                "{url}: the time for one pull is over"
            )));
        }
        let mut request = self.agent.get(url);
        for (name, value) in [("Accept", accept), ("Authorization", authorization)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.config().timeout_global(Some(left)).build();
        request.call().map_err(|error| unreachable(url, error))
    }

    /// What a challenge is answered with; nothing when it cannot be.
    fn answer(&self, response: &Response<ureq::Body>, end: Instant) -> Result<Option<String>> {
        for header in response.headers().get_all("www-authenticate") {
            let Ok(text) = header.to_str() else { continue };
            for challenge in ChallengeParser::new(text).flatten() {
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    return self.token(&challenge, end).map(Some);
                }
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    return Ok(self.credentials.clone());
                }
            }
        }
        Ok(None)
    }

    fn token(&self, challenge: &ChallengeRef<'_>, end: Instant) -> Result<String> {
        let param = |name: &str| {
            let mut all = challenge.params.iter();
            all.find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_unescaped())
        };
        let realm = param("realm").unwrap_or_default();
        let loopback = self.base.starts_with("http://");
        let secure = realm.starts_with("https://") || loopback && realm.starts_with("http://");
        if !secure {
            return Err(Fault::new(format!(
                "{} sends for a token to '{realm}', which is no address with TLS",
                self.base
            )));
        }
        let scope =
            param("scope").unwrap_or_else(|| format!("repository:{}:pull", self.name.repository()));
        let mut url = format!(
            "{realm}{}scope={}",
            if realm.contains('?') { '&' } else { '?' },
            encode(&scope)
        );
        if let Some(service) = param("service") {
            url.push_str(&format!("&service={}", encode(&service)));
        }
        let response = self.send(&url, None, self.credentials.as_deref(), end)?;
        if !response.status().is_success() {
            return Err(self.refused(response.status(), response));
        }
        let what = format!("the token of {realm}");
        let body = response.into_body();
        let text = read_all(
            &what,
            body.into_with_config().limit(u64::MAX).reader(),
            1 << 20,
        )?;
        let token: Option<Token> = serde_json::from_slice(&text).ok();
        token
            .and_then(|token| token.token.or(token.access_token))
            .map(|token| format!("Bearer {token}"))
            .ok_or_else(|| Fault::new(format!("{realm} gave no token")))
    }

    /// What a status means for whoever wants the image.
    fn refused(&self, status: StatusCode, response: Response<ureq::Body>) -> Fault {
        let said = said(response);
        let message = format!("{}: the registry answered {status}{said}", self.name);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let hint = match self.credentials {
                    Some(_) => "the name and password that are stored for it do not serve",
                    None => {
                        "there is no such image, or it wants a name and password: `podman login` \
                         stores them where mock looks"
                    }
                };
                Fault::new(message).hinted(hint)
            }
            StatusCode::NOT_FOUND => {
                Fault::new(message).hinted("look for mistakes in the image's name and tag")
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Fault::passing(message)
            }
            _ => Fault::new(message),
        }
    }
}

/// The registry's own words, where it has some.
fn said(response: Response<ureq::Body>) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        code: Option<String>,
        message: Option<String>,
    }
    let body = response.into_body();
    let text = read_all(
        "it",
        body.into_with_config().limit(u64::MAX).reader(),
        1 << 16,
    );
    let errors: Option<Errors> = text
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let first = errors.and_then(|errors| errors.errors.into_iter().next());
    let words = first.and_then(|one| one.message.filter(|m| !m.is_empty()).or(one.code));
    words.map_or_else(String::new, |words| {
        let words: String = words
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        format!(" ({words})")
    })
}

fn unreachable(url: &str, error: ureq::Error) -> Fault {
    let fault = Fault::passing(format!("{url}: {error}"));
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::Io(_) => {
            fault.hinted("is the registry's name right, and can it be reached from here?")
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => fault.hinted(
            "a registry without TLS has `insecure = true` in /etc/containers/registries.conf",
        ),
        _ => fault,
    }
}

fn agent(
    scheme: &str,
    host: &str,
    proxies: &IndexMap<String, String>,
    verify: bool,
) -> Result<Agent> {
    let bare = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let proxy = proxy::choose(proxies, scheme, bare)
        .map(ureq::Proxy::new)
        .transpose()
        .map_err(|error| Fault::new(format!("{scheme}_proxy: {error}")))?;
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .http_status_as_error(false)
        .user_agent(concat!("mock/", env!("CARGO_PKG_VERSION")))
        // Given in any case: without it, the environment is read.
        .proxy(proxy)
        .tls_config(tls(verify));
    Ok(config.build().into())
}

/// A value of a query.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// Does `work` in a thread, so that a signal is heard meanwhile. After one the thread is left alone:
/// it ends with the process.
pub(super) fn patiently<T: Send + 'static>(
    check: &dyn Fn() -> crate::error::Result<()>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let _ = send.send(work());
    });
    loop {
        match receive.recv_timeout(Duration::from_millis(50)) {
            Ok(done) => return done,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => check()?,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                return Err(Fault::new("a thread ended without a word"));
            }
        }
    }
}

/// A registry that threads share.
pub(super) type Shared = Arc<Registry>;

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
