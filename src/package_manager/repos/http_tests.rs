//! The real client, against a server on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::*;
use crate::package_manager::repos::look::sha256;
use crate::package_manager::repos::tests::source;
use crate::package_manager::repos::{Freshness, RepoState, check};

/// Answers each request with what `answer` makes of its first line; gives its address.
fn serve(answer: fn(&str) -> Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || reply(stream, answer));
        }
    });
    format!("http://{address}")
}

fn reply(mut stream: TcpStream, answer: fn(&str) -> Vec<u8>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    while lines
        .next()
        .and_then(Result::ok)
        .is_some_and(|line| !line.is_empty())
    {}
    let _ = stream.write_all(&answer(&first));
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into()
}

fn get(client: &Client, url: &str, limit: Duration) -> Result<Vec<u8>, String> {
    let request = Request {
        url,
        proxy: None,
        sslverify: true,
        limit,
    };
    client
        .get(&request)
        .map_err(|failure| failure.0.replace(url, "URL"))
}

fn client() -> Client {
    Client::new(&IndexMap::new())
}

const LONG: Duration = Duration::from_secs(15);

#[test]
fn files_over_http() {
    let server = serve(|line| {
        match line.split(' ').nth(1) {
        Some("/there") => ok("content"),
        Some("/moved") => {
            b"HTTP/1.1 302 Found\r\nLocation: /there\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into()
        }
        Some("/large") => ok(&"x".repeat(5 << 20)),
        Some("/endless") => {
            let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            answer.resize(5 << 20, b'x');
            answer
        }
        Some("/cut") => b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into(),
        Some("/noise") => b"\x16\x03\x01".into(),
        _ => b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into(),
    }
    });
    let get = |path: &str| get(&client(), &format!("{server}{path}"), LONG);
    assert_eq!(get("/there"), Ok(b"content".into()));
    assert_eq!(get("/moved"), Ok(b"content".into()));
    assert_eq!(get("/gone"), Err("URL: http status: 404".to_owned()));
    // The server may notice first that nobody reads on.
    for path in ["/large", "/endless"] {
        let error = get(path).unwrap_err();
        let expected = ["larger than request limit: 4194304", "reset"];
        assert!(expected.iter().any(|text| error.contains(text)), "{error}");
    }
    for path in ["/cut", "/noise"] {
        assert!(get(path).is_err(), "{path}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_left() {
    let server = serve(|_| {
        std::thread::sleep(Duration::from_secs(10));
        Vec::new()
    });
    let start = Instant::now();
    let error = get(&client(), &server, Duration::from_millis(200)).unwrap_err();
    assert!(error.starts_with("URL: timeout"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn what_is_no_http() {
    for url in [
        "ftp://127.0.0.1/x",
        "rsync://127.0.0.1/x",
        "relative",
        "media://1",
    ] {
        assert!(get(&client(), url, LONG).is_err(), "{url}");
    }
    assert!(get(&client(), "http://127.0.0.1:1/x", LONG).is_err());
    // A plain server where TLS is expected.
    let server = serve(|_| ok("x")).replace("http:", "https:");
    assert!(get(&client(), &server, LONG).is_err());
}

#[test]
fn files_of_this_host() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a b");
    fs_err::write(&path, "content").unwrap();
    let url = format!("file://{}/a%20b", scratch.path().display());
    assert_eq!(get(&client(), &url, LONG), Ok(b"content".into()));
    assert_eq!(
        get(&client(), path.to_str().unwrap(), LONG),
        Ok(b"content".into())
    );
    fs_err::File::create(&path)
        .unwrap()
        .set_len(5 << 20)
        .unwrap();
    assert_eq!(
        get(&client(), &url, LONG),
        Err(format!("{} is too large", path.display()))
    );
    assert!(get(&client(), "/nowhere/at/all", LONG).is_err());
}

#[test]
fn through_a_proxy() {
    let proxy = serve(|line| match line.split(' ').next() {
        // So it asks, for plain HTTP too.
        Some("CONNECT") => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".into(),
        _ => ok("from the proxy"),
    });
    let vars = [("http_proxy".to_owned(), proxy)].into();
    let found = get(&Client::new(&vars), "http://repo.invalid/x", LONG);
    let error = "URL: CONNECT proxy failed: proxy server responded 403/403";
    assert_eq!(found, Err(error.to_owned()));
    let server = serve(|_| ok("direct"));
    let vars = [
        ("http_proxy".to_owned(), "http://127.0.0.1:1".to_owned()),
        ("no_proxy".to_owned(), "127.0.0.1".to_owned()),
    ];
    assert_eq!(
        get(&Client::new(&vars.into()), &server, LONG),
        Ok(b"direct".into())
    );
}

#[test]
fn all_at_the_same_time() {
    let server = serve(|_| {
        std::thread::sleep(Duration::from_millis(300));
        ok("md")
    });
    let repo = |number: usize| {
        let mut source = source(&format!("r{number}"));
        source.baseurl = vec![server.clone()];
        RepoState {
            source,
            repomd: sha256(b"md"),
            checked: 0,
        }
    };
    let mut repos: Vec<_> = (0..8).map(repo).collect();
    let start = Instant::now();
    assert_eq!(check(&mut repos, 1000, true, &client()), Freshness::Same);
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
}
