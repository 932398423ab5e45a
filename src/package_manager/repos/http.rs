//! The real [`Fetch`]: files of this host, and HTTP with the host's certificates.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indexmap::IndexMap;
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::fetch::{Failure, Fetch, LARGEST, Request, local_path};
use super::proxy;

const CONNECT: Duration = Duration::from_secs(5);

/// Where distributions keep the certificates that the host trusts (Fedora and EL, Debian, SUSE,
/// older ones); the first that is there is it, as for curl.
const CERTIFICATES: [&str; 5] = [
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

#[derive(Debug)]
pub(crate) struct Client {
    proxies: IndexMap<String, String>,
    certificates: OnceLock<Arc<Vec<Certificate<'static>>>>,
}

/// How an address is reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    /// In place of what the environment says.
    pub(crate) proxy: Option<&'a str>,
    pub(crate) sslverify: bool,
}

/// How long is waited for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) connect: Duration,
    /// For the next bytes.
    pub(crate) read: Option<Duration>,
    pub(crate) all: Option<Duration>,
}

impl Client {
    /// `proxies`: `http_proxy`, `https_proxy`, `no_proxy`, as far as they are set.
    pub(crate) fn new(proxies: &IndexMap<String, String>) -> Self {
        Self {
            proxies: proxies.clone(),
            certificates: OnceLock::new(),
        }
    }

    fn http(&self, request: &Request<'_>) -> Result<Vec<u8>, Failure> {
        let fail = |error: ureq::Error| Failure(format!("{}: {error}", request.url));
        let waits = Waits {
            connect: CONNECT,
            read: None,
            all: Some(request.limit),
        };
        let way = Way {
            proxy: request.proxy,
            sslverify: request.sslverify,
        };
        let (agent, uri) = self.agent(request.url, way, waits)?;
        let response = agent.get(uri).call().map_err(fail)?;
        let body = response.into_body().into_with_config().limit(LARGEST);
        body.read_to_vec().map_err(fail)
    }

    /// What asks for `url`, and its address, taken apart.
    pub(crate) fn agent(
        &self,
        url: &str,
        way: Way<'_>,
        waits: Waits,
    ) -> Result<(Agent, Uri), Failure> {
        let uri: Uri = url
            .parse()
            .map_err(|error| Failure(format!("{url}: {error}")))?;
        let (scheme, host) = (uri.scheme_str().unwrap_or(""), uri.host().unwrap_or(""));
        if !["http", "https"].contains(&scheme) {
            return Err(Failure(format!(
                "{url}: only the package manager reads such addresses"
            )));
        }
        let proxy = way
            .proxy
            .or_else(|| proxy::choose(&self.proxies, scheme, host));
        let proxy = proxy
            .map(ureq::Proxy::new)
            .transpose()
            .map_err(|error| Failure(format!("{url}: {error}")))?;
        let agent: Agent = Agent::config_builder()
            .timeout_connect(Some(waits.connect))
            .timeout_per_read(waits.read)
            .timeout_global(waits.all)
            .user_agent(concat!("mock/", env!("CARGO_PKG_VERSION")))
            // Given in any case: without it, the environment is read.
            .proxy(proxy)
            // Plain HTTP may lead on to an encrypted address, for which there must be a cryptography.
            .tls_config(self.tls(way.sslverify))
            .build()
            .into();
        Ok((agent, uri))
    }

    fn tls(&self, verify: bool) -> TlsConfig {
        let certificates = self.certificates.get_or_init(|| Arc::new(trusted()));
        with_certificates(certificates.clone(), verify)
    }
}

/// TLS with what the host trusts.
pub(crate) fn tls(verify: bool) -> TlsConfig {
    with_certificates(Arc::new(trusted()), verify)
}

fn with_certificates(certificates: Arc<Vec<Certificate<'static>>>, verify: bool) -> TlsConfig {
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(certificates))
        .disable_verification(!verify)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

impl Fetch for Client {
    fn get(&self, request: &Request<'_>) -> Result<Vec<u8>, Failure> {
        match local_path(request.url) {
            Some(path) => local(&path),
            None => self.http(request),
        }
    }
}

fn local(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| Failure(error.to_string());
    let mut content = Vec::new();
    let file = fs_err::File::open(path).map_err(fail)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut content)
        .map_err(fail)?;
    if content.len() as u64 > LARGEST {
        return Err(Failure(format!("{} is too large", path.display())));
    }
    Ok(content)
}

/// None at all where there are none: then every server is refused.
fn trusted() -> Vec<Certificate<'static>> {
    let bundle = CERTIFICATES
        .iter()
        .find_map(|path| fs_err::read(path).ok())
        .unwrap_or_default();
    let certificates = parse_pem(&bundle).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    certificates.collect()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
