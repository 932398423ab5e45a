//! Templates expand as the original expands them, and hostile ones come to an end.

use std::time::Instant;

use indexmap::IndexMap;

use super::template::Expander;
use super::value::Value;

fn values() -> IndexMap<String, Value> {
    let text = |text: &str| Value::Str(text.to_owned());
    [
        ("root", text("fedora-{{ releasever }}-{{ target_arch }}")),
        ("releasever", text("43")),
        ("target_arch", text("x86_64")),
        ("flag", Value::Bool(true)),
        ("nothing", Value::None),
        ("number", Value::Int(7)),
        ("pair", Value::Tuple(vec![text("a"), text("{{ root }}")])),
        ("one", Value::Tuple(vec![text("a")])),
        ("items", Value::List(vec![text("a"), text("b")])),
        (
            "plugin_conf",
            Value::Dict([("package_state_enable".to_owned(), Value::Bool(true))].into()),
        ),
        ("me", text("{{ me }}")),
        ("c1", text("{{ c2 }}")),
        ("c2", text("{{ c3 }}")),
        ("c3", text("{{ c4 }}")),
        ("c4", text("end")),
        ("big", text(&"x".repeat(100_000))),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn expand(text: &str) -> String {
    let expander = Expander::new(&values());
    match expander.value("key", &Value::Str(text.to_owned()), None) {
        Ok(Value::Str(text)) => text,
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn as_the_original_expands() {
    let table = [
        ("plain { } text", "plain { } text"),
        ("{{ root }}", "fedora-43-x86_64"),
        ("{{ c1 }}", "end"),
        ("{{ me }}", "{{ me }}"),
        ("a{{ undefined_thing }}b", "ab"),
        ("{% if undefined_thing %}x{% else %}y{% endif %}", "y"),
        ("line\n", "line\n"),
        ("{# comment #}x\n", "x\n"),
        ("{{ flag }} {{ nothing }} {{ number }}", "True None 7"),
        (
            "{{ pair }} {{ one }} {{ items }}",
            "('a', 'fedora-43-x86_64') ('a',) ['a', 'b']",
        ),
        ("{{ plugin_conf['package_state_enable'] }}", "True"),
        ("{{ plugin_conf.package_state_enable }}", "True"),
        (
            "{{ releasever|int + 1 }} {{ 'x'|int }} {{ ' 5 '|int }}",
            "44 0 5",
        ),
        ("{{ 'x'|int(default=3) }} {{ '1f'|int(base=16) }}", "3 31"),
        ("{% for n in range(3, 5) %}{{ n }},{% endfor %}", "3,4,"),
        (
            "{% if target_arch in ['x86_64'] and not nothing %}y{% endif %}",
            "y",
        ),
        ("{%- set v = releasever ~ '-x' -%} {{ v }}", "43-x"),
        (
            "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}{{ m('b') }}",
            "<1><b>",
        ),
        (
            "{{ root.startswith('fedora') }} {{ 'a-b-c'.rsplit('-', 1) }}",
            "True ['a-b', 'c']",
        ),
        (
            "{{ 'a-b'.partition('-') }} {{ '7'.zfill(3) }}",
            "('a', '-', 'b') 007",
        ),
        (
            "{{ 'abc'.removeprefix('a') }} {{ 'x'.ljust(3, '.') }}|",
            "bc x..|",
        ),
        (
            "{{ 'x'.center(4, '.') }} {{ 'x'.rjust(2) }} {{ 'aB'.swapcase() }}",
            ".x..  x Ab",
        ),
        ("%{NAME}", "%{NAME}"),
    ];
    for (text, expanded) in table {
        assert_eq!(expand(text), expanded, "{text}");
    }
}

#[test]
fn members_of_lists_and_tables_expand_and_tuples_do_not() {
    let expander = Expander::new(&values());
    let text = |text: &str| Value::Str(text.to_owned());
    let of = |inner: Value| Value::Dict([("k".to_owned(), Value::List(vec![inner]))].into());
    let expanded = expander.value("k", &of(text("{{ releasever }}")), None);
    assert_eq!(expanded.unwrap(), of(text("43")));
    let tuple = Value::Tuple(vec![text("{{ releasever }}")]);
    assert_eq!(
        expander.value("k", &of(tuple.clone()), None).unwrap(),
        of(tuple)
    );
}

#[test]
fn errors_name_what_is_wrong() {
    let table = [
        "{{ ''.__class__ }}",
        "{{ root['__init__'] }}",
        "{{ ''|attr('__class__') }}",
        "{% if x.__globals__ %}{% endif %}",
        "{{ undefined_thing.attribute }}",
        "{{ dnf.conf }}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{{ nosuchfunction() }}",
        "{{ x|nosuchfilter }}",
        "{% if %}",
        "a\nb {{ }}",
        "{{ '%s' % 1 }}",
    ];
    let shown = table.map(|text| format!("{text:?}: {}", expand(text)));
    insta::assert_snapshot!(shown.join("\n"), @r#"
    "{{ ''.__class__ }}": error: key: templates cannot reach Python internals
    "{{ root['__init__'] }}": error: key: templates cannot reach Python internals
    "{{ ''|attr('__class__') }}": error: key: templates cannot reach Python internals
    "{% if x.__globals__ %}{% endif %}": error: key: templates cannot reach Python internals
    "{{ undefined_thing.attribute }}": error: key: template: `undefined_thing` is undefined
    "{{ dnf.conf }}": error: key: template: `dnf` is undefined
    "{% include '/etc/passwd' %}": error: key: template: tried to include non-existing template '/etc/passwd'
    "{% import 'x' as y %}": error: key: template: tried to include non-existing template 'x'
    "{{ nosuchfunction() }}": error: key: template: nosuchfunction is unknown
    "{{ x|nosuchfilter }}": error: key: template: filter nosuchfilter is unknown
    "{% if %}": error: key: template: unexpected end of block
    "a\nb {{ }}": error: key: template: unexpected end of variable block (line 2 of the value)
    "{{ '%s' % 1 }}": error: key: template: tried to use % operator on unsupported types string and number
    "#);
}

#[test]
fn a_character_where_a_template_ends_is_shown_whole() {
    for text in ["{{ root\u{702}}", "{{ \u{702} }}", "{% if \u{1f600}"] {
        assert!(expand(text).starts_with("error: key: template: "), "{text}");
    }
}

#[test]
fn hostile_templates_end_soon() {
    let doubling = format!(
        "{{% set x = 'aaaaaaaaaaaaaaaa' %}}{}",
        "{% set x = x ~ x %}".repeat(60)
    );
    let captured = format!(
        "{{% set x %}}aaaaaaaaaaaaaaaa{{% endset %}}{}",
        "{% set x %}{{ x }}{{ x }}{% endset %}".repeat(60)
    );
    let nested = "{{ ".to_owned() + &"(".repeat(100_000) + &")".repeat(100_000) + " }}";
    let table = [
        "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999999) %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set n = namespace(x='aaaa') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ 'x'|indent(10000000000) }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ '{:{}}'.format(1, 999999999) }}",
        "{{ '%*d'|format(999999999, 1) }}",
        "{{ '%.999999999f'|format(1) }}",
        "{{ '{:.999999999f}'.format(1.5) }}",
        "{{ {'a': 1}|tojson(indent=999999999) }}",
        "{{ 'x'.ljust(10000000000) }} {{ 'x'.zfill(10000000000) }}",
        "{{ ','.join(range(10000000)) }}",
        "{{ range(10000000)|list|length }}",
        "{{ 'x'|replace('', 'aaaaaaaaaa' * 1000)|replace('a', 'aaaaaaaaaa' * 1000)|replace('a', 'aaaaaaaaaa' * 1000) }}",
        "{{ 10 ** 100000000 }}",
        "{{ big }}{{ big }}{{ big }}{% for i in range(1000) %}{{ big }}{% endfor %}",
        "{% for i in range(60000) %}{% if big %}{% endif %}{{ 1 + 1 }}{% endfor %}{{ x.y }}",
        &format!("{{{{ {} }}}}", "__a ".repeat(500_000)),
        &doubling,
        &captured,
        &nested,
    ];
    for text in table {
        let start = Instant::now();
        let expanded = expand(text);
        let short: String = text.chars().take(60).collect();
        assert!(
            expanded.starts_with("error: "),
            "{short}: {} bytes",
            expanded.len()
        );
        assert!(
            start.elapsed().as_secs() < 5,
            "{short} took {:?}",
            start.elapsed()
        );
    }
}
