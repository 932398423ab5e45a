//! Pulling, from a registry that is made here and can misbehave.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::tests::{Bench, image, manifest, message, text, wanted};
use super::super::{Means, Wanted, digest, find};

/// Answers by path: status line, more headers, content.
type Answers = HashMap<String, (&'static str, String, Vec<u8>)>;

struct Fake {
    address: String,
    /// `PATH AUTHORIZATION`
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Answers>>,
    ends: Arc<AtomicBool>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(&self.address);
    }
}

impl Fake {
    /// With `token`, only those who have it get anything but a challenge.
    fn start(token: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let fake = Self {
            address: address.clone(),
            asked: Arc::default(),
            answers: Arc::default(),
            ends: Arc::default(),
        };
        let (asked, answers) = (Arc::clone(&fake.asked), Arc::clone(&fake.answers));
        let ends = Arc::clone(&fake.ends);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream;
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().and_then(Result::ok).unwrap_or_default();
                let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
                let headers = lines
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty());
                let authorization = headers
                    .filter_map(|line| {
                        Some(line.split_once(": ")?.1.to_owned())
                            .filter(|_| line.to_lowercase().starts_with("authorization:"))
                    })
                    .last()
                    .unwrap_or_default();
                asked
                    .lock()
                    .unwrap()
                    .push(format!("{path} {authorization}"));
                let plain = path.split('?').next().unwrap_or_default().to_owned();
                let found = answers.lock().unwrap().get(&plain).cloned();
                let wants = token.filter(|token| {
                    plain.starts_with("/v2/") && authorization != format!("Bearer {token}")
                });
                let (status, more, body) = match (wants, found) {
                    (Some(_), _) => (
                        "401 Unauthorized",
                        format!(
                            "WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"a b\",scope=\"repository:team/x:pull\"\r\n"
                        ),
                        Vec::new(),
                    ),
                    (None, Some(answer)) => answer,
                    (None, None) if plain == "/v2/" => ("200 OK", String::new(), Vec::new()),
                    (None, None) => (
                        "404 Not Found",
                        String::new(),
                        br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#
                            .to_vec(),
                    ),
                };
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
                );
                // Whoever breaks off is told nothing.
                let _ = stream
                    .write_all(head.as_bytes())
                    .and_then(|()| stream.write_all(&body));
            }
        });
        fake
    }

    fn put(&self, path: &str, content: &[u8]) {
        self.answer(path, "200 OK", "", content);
    }

    fn answer(&self, path: &str, status: &'static str, headers: &str, content: &[u8]) {
        let answer = (status, headers.to_owned(), content.to_vec());
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// The parts of an image made by `image`; gives the digest of its manifest.
    fn put_image(&self, layer: &[u8], arch: &str) -> (String, Vec<u8>) {
        let files = image(layer, arch);
        for (_, content) in &files[..2] {
            self.put(
                &format!("/v2/team/x/blobs/{}", digest::of(content)),
                content,
            );
        }
        let (digest, bytes) = manifest(&files);
        self.put(&format!("/v2/team/x/manifests/{digest}"), &bytes);
        (digest, bytes)
    }

    fn reference(&self, tag: &str) -> String {
        format!("{}/team/x:{tag}", self.address)
    }

    fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| line.contains(path)).count()
    }
}

#[test]
fn an_image_is_pulled_once() {
    let (bench, fake) = (Bench::new(), Fake::start(None));
    let (digest, manifest) = fake.put_image(b"the layer", "x86_64");
    fake.put("/v2/team/x/manifests/1", &manifest);
    let wanted = wanted(&fake.reference("1"));
    for _ in 0..2 {
        let found = find(&wanted, &bench.means()).unwrap();
        assert_eq!(found.digest, digest);
        let image = found.fetch(&wanted, &bench.means()).unwrap();
        assert_eq!(text(&image), "the layer");
    }
    // The name is asked for again, the parts are there.
    assert_eq!((fake.asked("/manifests/1"), fake.asked("/blobs/")), (2, 2));
    // A damaged part in the cache comes again.
    let blobs = bench.path("store/blobs/sha256");
    let layer = blobs.join(digest::of(b"the layer").trim_start_matches("sha256:"));
    fs_err::remove_file(&layer).unwrap();
    fs_err::write(&layer, "the  ayer").unwrap();
    assert_eq!(text(&bench.obtain(&wanted).unwrap()), "the layer");
    assert_eq!(fake.asked("/blobs/"), 3);
    // Without the registry, only what is there.
    let skip = Wanted {
        skip_pull: true,
        ..wanted.clone()
    };
    let other = Wanted {
        reference: fake.reference("2"),
        ..skip.clone()
    };
    drop(fake);
    assert_eq!(text(&bench.obtain(&skip).unwrap()), "the layer");
    let said = message(bench.obtain(&other));
    assert!(said.contains("is not in the cache"), "{said}");
    let said = message(bench.obtain(&wanted));
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn what_is_named_by_digest_is_asked_for_once() {
    let (bench, fake) = (Bench::new(), Fake::start(None));
    let (manifest, _) = fake.put_image(b"the layer", "x86_64");
    let wanted = wanted(&format!("{}/team/x@{manifest}", fake.address));
    // The manifest alone is no image: what is missing is pulled.
    find(&wanted, &bench.means()).unwrap();
    for _ in 0..2 {
        assert_eq!(text(&bench.obtain(&wanted).unwrap()), "the layer");
    }
    assert_eq!((fake.asked("/manifests/"), fake.asked("/blobs/")), (2, 2));
    // A damaged layer is no reason to fail for ever.
    let blobs = bench.path("store/blobs/sha256");
    let layer = blobs.join(digest::of(b"the layer").trim_start_matches("sha256:"));
    fs_err::remove_file(&layer).unwrap();
    fs_err::write(&layer, "the  ayer").unwrap();
    assert!(bench.obtain(&wanted).is_err());
    assert_eq!(text(&bench.obtain(&wanted).unwrap()), "the layer");
    // A name is not looked up again while it is known.
    let named = Wanted {
        reference: fake.reference("1"),
        max_age: Duration::from_secs(60),
        ..wanted
    };
    fake.put(
        "/v2/team/x/manifests/1",
        &fake.put_image(b"the layer", "x86_64").1,
    );
    for _ in 0..2 {
        bench.obtain(&named).unwrap();
    }
    assert_eq!(fake.asked("/manifests/1"), 1);
}

#[test]
fn a_token_is_got_where_the_registry_says() {
    let (bench, fake) = (Bench::new(), Fake::start(Some("secret")));
    let (_, manifest) = fake.put_image(b"the layer", "x86_64");
    fake.put("/v2/team/x/manifests/1", &manifest);
    let wanted = wanted(&fake.reference("1"));
    let said = message(bench.obtain(&wanted));
    assert!(said.contains("404"), "there is no token yet: {said}");
    fake.put("/token", br#"{"access_token":"secret"}"#);
    assert_eq!(text(&bench.obtain(&wanted).unwrap()), "the layer");
    assert!(fake.asked("/token?scope=repository:team/x:pull&service=a%20b ") > 0);
    // The caller's password goes to the one who gives tokens, and to nobody else.
    let auths = format!(
        r#"{{"auths":{{"{}":{{"username":"u","password":"p"}}}}}}"#,
        fake.address
    );
    let again = Bench::new();
    let means = Means {
        credentials: vec![auths],
        ..again.means()
    };
    find(&wanted, &means)
        .unwrap()
        .fetch(&wanted, &means)
        .unwrap();
    assert_eq!(
        fake.asked("/token?scope=repository:team/x:pull&service=a%20b Basic dTpw"),
        1
    );
    assert_eq!(fake.asked("Basic"), 1);
    // A wrong token is a refusal with a hint, not an endless loop.
    fake.put("/token", br#"{"token":"wrong"}"#);
    let said = message(Bench::new().obtain(&wanted));
    assert!(said.contains("401"), "{said}");
}

#[test]
fn redirections_are_followed_without_the_token() {
    let (bench, fake) = (Bench::new(), Fake::start(Some("secret")));
    let store = Fake::start(None);
    let (_, manifest) = fake.put_image(b"the layer", "x86_64");
    fake.put("/token", br#"{"token":"secret"}"#);
    fake.put("/v2/team/x/manifests/1", &manifest);
    let layer = digest::of(b"the layer");
    let location = format!("Location: http://{}/elsewhere\r\n", store.address);
    fake.answer(
        &format!("/v2/team/x/blobs/{layer}"),
        "307 Temporary Redirect",
        &location,
        b"",
    );
    store.put("/elsewhere", b"the layer");
    let image = bench.obtain(&wanted(&fake.reference("1"))).unwrap();
    assert_eq!(text(&image), "the layer");
    assert_eq!((store.asked("/elsewhere"), store.asked("secret")), (1, 0));
}

#[test]
fn one_of_several_platforms() {
    let (bench, fake) = (Bench::new(), Fake::start(None));
    let entries: Vec<String> = [("x86_64", "for amd64"), ("aarch64", "for arm64")]
        .map(|(arch, layer)| {
            let (digest, bytes) = fake.put_image(layer.as_bytes(), arch);
            let architecture = layer.trim_start_matches("for ");
            let size = bytes.len();
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":{size},"digest":"{digest}",
                   "platform":{{"os":"linux","architecture":"{architecture}"}}}}"#
            )
        })
        .into();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        entries.join(",")
    );
    fake.put("/v2/team/x/manifests/1", index.as_bytes());
    let amd64 = wanted(&fake.reference("1"));
    let arm64 = Wanted {
        platform: super::super::Platform::of_arch("aarch64"),
        // The digest of the index will do.
        assert_digest: Some(digest::of(index.as_bytes())),
        ..amd64.clone()
    };
    assert_eq!(text(&bench.obtain(&amd64).unwrap()), "for amd64");
    assert_eq!(text(&bench.obtain(&arm64).unwrap()), "for arm64");
    let s390x = Wanted {
        platform: super::super::Platform::of_arch("s390x"),
        ..amd64
    };
    let said = message(bench.obtain(&s390x));
    assert!(
        said.contains("linux/s390x, only for linux/amd64, linux/arm64"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let (bench, fake) = (Bench::new(), Fake::start(None));
    let (digest, manifest) = fake.put_image(b"the layer", "x86_64");
    let layer = format!("/v2/team/x/blobs/{}", digest::of(b"the layer"));
    let one = wanted(&fake.reference("1"));
    let said = message(bench.obtain(&one));
    assert!(said.contains("404 Not Found (manifest unknown)"), "{said}");
    fake.put("/v2/team/x/manifests/1", &manifest);
    for (content, words) in [
        (&b"the Layer"[..], digest::of(b"the Layer")),
        (b"the layer, and more", "is larger than 9 bytes".to_owned()),
        (b"the", "ended after 3 of 9 bytes".to_owned()),
    ] {
        fake.put(&layer, content);
        let said = message(bench.obtain(&one));
        assert!(said.contains(&words), "{said}");
        let kept = fs_err::read_dir(bench.path("store/blobs/sha256")).unwrap();
        assert_eq!(
            kept.count(),
            2,
            "manifest and configuration, and nothing half"
        );
    }
    // A manifest that is another one, and one without end.
    let by_digest = wanted(&format!("{}/team/x@{digest}", fake.address));
    fake.put(&format!("/v2/team/x/manifests/{digest}"), b"{}");
    let said = message(Bench::new().obtain(&by_digest));
    assert!(
        said.contains(&digest) && said.contains(&digest::of(b"{}")),
        "{said}"
    );
    fake.put("/v2/team/x/manifests/1", &vec![b' '; 5 << 20]);
    let said = message(bench.obtain(&one));
    assert!(said.contains("is larger than"), "{said}");
}

#[test]
fn the_network_gets_another_chance() {
    let (bench, fake) = (Bench::new(), Fake::start(None));
    let (_, manifest) = fake.put_image(b"the layer", "x86_64");
    fake.answer("/v2/team/x/manifests/1", "503 Service Unavailable", "", b"");
    let wanted = Wanted {
        keep_getting: Duration::from_secs(20),
        ..wanted(&fake.reference("1"))
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while fake.asked("/manifests/1") == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
            fake.put("/v2/team/x/manifests/1", &manifest);
        });
        assert_eq!(text(&bench.obtain(&wanted).unwrap()), "the layer");
    });
    // Nothing is tried again that cannot become better, and a signal ends the waiting.
    fake.answer("/v2/team/x/manifests/1", "503 Service Unavailable", "", b"");
    let means = Means {
        check: &|| Err(crate::error::Error::Interrupted { signal: 2 }),
        ..bench.means()
    };
    let began = std::time::Instant::now();
    assert!(find(&wanted, &means).is_err());
    assert!(began.elapsed() < Duration::from_secs(5));
}
