//! A template of any text: it ends with a text or with an error, and neither is large.
#![no_main]

#[path = "../../src/config/mod.rs"]
mod config;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/ini.rs"]
mod ini;
#[path = "../../src/lockfile/mod.rs"]
mod lockfile;
#[path = "../../src/program.rs"]
mod program;

use config::value::Value;
use libfuzzer_sys::fuzz_target;

/// Of one value; an error quotes no more than a line of it.
const LARGEST: usize = 4 << 20;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // The other half of it can be referred to.
    let middle = (text.len() / 2..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    let options = [
        ("me", Value::from(text)),
        ("other", Value::from(&text[middle..])),
        ("root", "fedora-{{ releasever }}-{{ target_arch }}".into()),
        ("releasever", "43".into()),
        ("target_arch", "x86_64".into()),
        ("flag", true.into()),
        ("number", 7.into()),
        ("items", Value::List(vec!["a".into(), "{{ me }}".into()])),
        ("pair", Value::Tuple(vec!["a".into(), Value::None])),
        (
            "plugin_conf",
            Value::Dict([("a_enable".to_owned(), Value::Float(0.5))].into()),
        ),
        ("big", "x".repeat(10_000).into()),
    ];
    let options = options.map(|(key, value)| (key.to_owned(), value)).into();
    let expander = config::Expander::new(&options);
    for key in ["me", "items"] {
        match expander.value(key, &options[key], None) {
            Ok(Value::Str(text)) => assert!(text.len() <= LARGEST),
            Ok(_) => {}
            Err(error) => assert!(error.to_string().len() <= LARGEST),
        }
    }
});
