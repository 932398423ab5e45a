//! Wrong values for every key there is, from every place a value can come from.

use super::super::debug::literal;
use super::super::keys::{Key, Status, schema};
use super::super::test_site::Site;
use super::super::value::Value;

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn table(value: Value) -> Value {
    Value::Dict([("a".to_owned(), value)].into())
}

fn text() -> Value {
    "nonsense".into()
}

/// What does not go with a type. A type that has no row here fails the tests.
fn wrong(kind: &str) -> Vec<Value> {
    let words = || list([text(), list([text()])]);
    let of_strings = || vec![table(text()), words()];
    match kind {
        "boolean" | "boolean or none" => vec![text(), list([]), table(text())],
        "integer" => vec![text(), Value::Int(-1), list([Value::Int(1)]), table(text())],
        "string" | "string or none" | "string or boolean or none" | "string or integer or none" => {
            vec![list([text()]), table(text())]
        }
        "list of strings"
        | "list of strings or none"
        | "list of strings or string"
        | "tuple of strings"
        | "tuple of strings or string" => of_strings(),
        "list of pairs" | "list of pairs or none" => vec![
            text(),
            list([text()]),
            list([list([text()])]),
            list([list([text(), text(), text()])]),
            list([list([Value::Int(1), text()])]),
            table(text()),
        ],
        "list of lists" => vec![
            list([table(text())]),
            list([list([list([])])]),
            table(text()),
        ],
        "table" => vec![text(), list([text()]), Value::Int(1)],
        "table of strings" | "table of scalars" => {
            vec![text(), list([text()]), table(list([text()]))]
        }
        "table of lists" => vec![text(), list([text()]), table(table(text()))],
        one_of if one_of.starts_with("one of ") => vec![text(), list([text()])],
        other => panic!("no wrong values are known for '{other}'"),
    }
}

/// All but what mock sets itself, whatever a configuration says.
fn keys() -> impl Iterator<Item = &'static Key> {
    let own = ["version", "config_paths"];
    let keys = schema().keys.iter();
    keys.filter(move |key| !own.contains(&key.original[0].as_str()))
}

fn python_path(key: &Key) -> String {
    let parts = key.original.iter().map(|part| format!("[{part:?}]"));
    format!("config_opts{}", parts.collect::<String>())
}

/// One line that names the place and the key; status 3.
fn check(shown: &str, place: &str, name: &str, what: &str) {
    let first = shown.lines().next().unwrap_or_default();
    let start = format!("3 {place}");
    assert!(
        first.starts_with(&start) && first.contains(name) && first.contains("expected "),
        "{what}\n{shown}"
    );
    assert!(first.len() < 300, "{first}");
}

#[test]
fn in_files_of_the_originals_format() {
    let site = Site::new(&[]);
    for key in keys() {
        let name = key.original.last().unwrap();
        for value in wrong(
            &key.kind
                .text
                .replace("list of strings or string", "list of strings"),
        ) {
            let line = format!("{} = {}", python_path(key), literal(&value));
            let text = format!("config_opts['root'] = 'a'\n\n{line}\n");
            site.put("etc/a.cfg", &text);
            check(&site.error(), "/etc/a.cfg:3: ", name, &line);
        }
    }
}

/// One of each is enough where the way in is another.
#[test]
fn on_the_command_line() {
    let mut site = Site::new(&[("etc/a.cfg", "config_opts['root'] = 'a'\n")]);
    for key in keys() {
        let [name] = key.original.as_slice() else {
            continue;
        };
        for value in wrong(&key.kind.text).into_iter().take(1) {
            site.overrides.set = vec![(name.clone(), value.clone())];
            let what = format!("--config-opts={name}={}", literal(&value));
            check(&site.error(), "command line: ", name, &what);
        }
    }
    site.overrides.set.clear();
    for key in keys() {
        let [conf, options, name] = key.original.as_slice() else {
            continue;
        };
        let Some(plugin) = options
            .strip_suffix("_opts")
            .filter(|_| conf == "plugin_conf")
        else {
            continue;
        };
        for value in wrong(&key.kind.text).into_iter().take(1) {
            let what = format!("--plugin-option={plugin}:{name}={}", literal(&value));
            let option = (plugin.to_owned(), name.clone(), value);
            site.overrides.plugin_options = vec![option];
            check(&site.error(), "command line: ", name, &what);
        }
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::List(items) => {
            format!(
                "[{}]",
                items.iter().map(toml).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Str(text) => format!("{text:?}"),
        other => literal(other),
    }
}

#[test]
fn in_toml() {
    let site = Site::new(&[]);
    for key in keys() {
        let (name, section) = key.toml.split_last().unwrap();
        for value in wrong(&key.kind.text).into_iter().take(1) {
            let path: Vec<String> = section.iter().map(|part| format!("{part:?}")).collect();
            let line = format!("{name:?} = {}", toml(&value));
            let text = match (path.join(".").as_str(), name.as_str()) {
                ("\"chroot\"", "name") => format!("[chroot]\n\n{line}\n"),
                ("\"chroot\"", _) => format!("[chroot]\nname = \"a\"\n{line}\n"),
                ("", _) => format!("# x\n# y\n{line}\nchroot.name = \"a\"\n"),
                (path, _) => format!("chroot.name = \"a\"\n[{path}]\n{line}\n"),
            };
            site.put("etc/a.toml", &text);
            // An entry of a table is named by itself; the excerpt has the rest.
            let shown = site
                .error()
                .replace(" a: expected", &format!(" {name}.a: expected"));
            check(&shown, "/etc/a.toml:3:", name, &text);
        }
    }
}

/// Another value that goes with the type.
fn other(key: &Key) -> Value {
    let word = || Value::from("/other");
    let default = key.default.as_ref();
    match (
        key.kind.text.as_str(),
        key.original.last().map_or("", String::as_str),
    ) {
        (_, "root" | "unique-ext") => "other".into(),
        (_, "short_circuit") => "prep".into(),
        (_, "layer_cache_max_size") => "7G".into(),
        (_, "enable_disable_repos") => list([list(["--enablerepo".into(), word()])]),
        (_, "nofsync") => "python".into(),
        (_, "chrootuid" | "chrootgid") => Value::Int(4711),
        ("boolean" | "boolean or none" | "string or boolean or none", _) => {
            Value::Bool(default == Some(&Value::Bool(false)))
        }
        ("integer", _) => match default {
            Some(Value::Int(number)) => Value::Int(number + 7),
            _ => Value::Int(7),
        },
        (kind, _) if kind.starts_with("one of ") => {
            let words = kind["one of ".len()..].trim_end_matches(" or none");
            let last = words.split(", ").last().unwrap();
            last.into()
        }
        (kind, _) if kind.starts_with("list of pairs") => list([list([word(), word()])]),
        (kind, _) if kind.starts_with("list of lists") => list([list([word()])]),
        (kind, _) if kind.starts_with("list of") || kind.starts_with("tuple of") => list([word()]),
        ("table of lists", _) => table(list([word()])),
        ("table" | "table of strings" | "table of scalars", _) => table(word()),
        _ => word(),
    }
}

/// What works is not parsed and forgotten: every key changes what the rest of the program is given.
#[test]
fn every_key_that_works_reaches_the_configuration() {
    let base = "config_opts.update(root='a', target_arch='a', forcearch='a', resultdir='/r', \
                buildroot_image='i')\n\
                config_opts['package_manager'] = 'dnf4'\n\
                config_opts['plugin_conf']['overlayfs_opts']['base_dir'] = '/o'\n\
                config_opts['dnf.conf'] = '{{ host_arch }} {{ repo_arch }} {{ dist }} {{ user_agent }} \
                {{ config_path }} {{ config_file }} {{ chroot_name }} {{ offline_local_repository }}'\n";
    let site = Site::new(&[("etc/a.cfg", base)]);
    let plain = format!("{:?}", site.load().unwrap().config);
    let mut silent = Vec::new();
    for key in keys().filter(|key| key.status == Status::Works) {
        let line = format!("{} = {}", python_path(key), literal(&other(key)));
        site.put("etc/a.cfg", &format!("{base}{line}\n"));
        match site.load() {
            Ok(loaded) if format!("{:?}", loaded.config) == plain => silent.push(line),
            Ok(_) => {}
            Err(error) => silent.push(format!("{line}: {}", site.shown(&error))),
        }
    }
    // Read while files are read, or only in TOML, or set by options of the command line, or of a package
    // manager that is not the configured one.
    insta::assert_snapshot!(silent.join("\n"), @r#"
    config_opts["ssl_extra_certs"] = ['/other']: 3 /etc/a.cfg:5: ssl_extra_certs: expected a destination after each source, found '/other'
    config_opts["redhat_subscription_required"] = True: 3 /etc/a.cfg:5: the repositories need a Red Hat subscription, and this machine has none: no *-key.pem in /etc/pki/entitlement
    hint: register it: `subscription-manager register`, with a free account of developers.redhat.com for instance, and see `subscription-manager status`; in a container, copy the keys of its host: `cp /etc/pki/entitlement-host/*.pem /etc/pki/entitlement/`
    config_opts["redhat_subscription_key_id"] = '/other'
    config_opts["dnf5_install_command"] = '/other'
    config_opts["yum_install_command"] = '/other'
    config_opts["microdnf_install_command"] = '/other'
    config_opts["extra"] = '/other'
    config_opts["calculatedeps"] = False
    config_opts["nspawn_args"] = ['/other']: 3 /etc/a.cfg:5: nspawn_args: '/other' is no option of systemd-nspawn
    config_opts["docker_unshare_warning"] = False
    config_opts["verbose"] = 7
    config_opts["log_config_file"] = '/other'
    config_opts["bootstrap_forcearch"] = False
    config_opts["use_buildroot_image"] = True
    config_opts["no-config"] = {'a': '/other'}
    config_opts["jinja_max_recursion"] = 12
    config_opts["recursion_limit"] = 5007
    config_opts["mock_run_uuid"] = '/other'
    config_opts["local_repo_dir"] = '/other'
    config_opts["uniqueext"] = '/other'
    config_opts["__jinja_expand"] = False
    "#);
}
