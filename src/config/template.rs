//! Templates in values: Jinja as the original knows it, carried out by minijinja.
//!
//! A string is rendered again until nothing changes, with every option as a variable by its raw
//! value, so that one option may refer to another. Lists and tables are rendered member by member,
//! tuples never are. Templates reach no file and no program; fuel bounds their time and memory, and
//! asking for Python's internals is an error that says so rather than an empty string.

use std::cell::Cell;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Kwargs, Object, Tuple, Value as Jinja};
use minijinja::{Environment, ErrorKind, State};

use super::python_methods;
use super::source::excerpt;
use super::value::{Origin, Value};
use crate::error::{Error, Result};

/// Work one rendering may do: about so many steps, or 64 bytes of data for each.
const FUEL: u64 = 200_000;
/// How often a value is rendered, unless a configuration says it.
const ROUNDS: usize = 5;
/// The longest text a value may become, in bytes.
const SIZE_LIMIT: usize = 4 << 20;

pub(crate) struct Expander {
    environment: Environment<'static>,
    context: Jinja,
    rounds: usize,
    /// Total work left for this configuration, so that many cheap values stay cheap together.
    budget: Cell<u64>,
}

impl std::fmt::Debug for Expander {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expander").finish_non_exhaustive()
    }
}

impl Expander {
    pub(crate) fn new(values: &IndexMap<String, Value>) -> Self {
        let rounds = match values.get("jinja_max_recursion") {
            Some(Value::Int(rounds)) => {
                usize::try_from(*rounds).map_or(ROUNDS, |rounds| rounds.clamp(1, 100))
            }
            _ => ROUNDS,
        };
        // Once for all: a large value asked for in a loop is not copied each time.
        let context = values
            .iter()
            .map(|(key, value)| (key.clone(), jinja(value)));
        let context = context.collect::<IndexMap<_, _>>();
        Self {
            environment: environment(),
            context: Jinja::from_object(Context(context)),
            rounds,
            budget: Cell::new(100 * FUEL),
        }
    }

    /// The value with its templates expanded; `name` and `origin` are for errors.
    pub(crate) fn value(
        &self,
        name: &str,
        value: &Value,
        origin: Option<&Origin>,
    ) -> Result<Value> {
        Ok(match value {
            Value::Str(text) => Value::Str(self.string(name, text, origin)?),
            Value::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.value(name, item, origin))
                    .collect::<Result<_>>()?,
            ),
            Value::Dict(entries) => Value::Dict(
                entries
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), self.value(name, item, origin)?)))
                    .collect::<Result<_>>()?,
            ),
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Tuple(_) => {
                value.clone()
            }
        })
    }

    fn string(&self, name: &str, text: &str, origin: Option<&Origin>) -> Result<String> {
        let mut current = text.to_owned();
        for _ in 0..self.rounds {
            if !current.contains("{{") && !current.contains("{%") && !current.contains("{#") {
                return Ok(current);
            }
            let next = self.render(name, &current, origin)?;
            if next == current {
                return Ok(current);
            }
            current = next;
        }
        Err(Error::Config {
            place: origin.map(Origin::to_string).unwrap_or_default(),
            message: format!("{name}: too deep jinja re-evaluation on '{}'", short(text)),
            excerpt: None,
            hint: Some("a value may refer to others over at most four steps".to_owned()),
        })
    }

    fn render(&self, name: &str, text: &str, origin: Option<&Origin>) -> Result<String> {
        let place = origin.map(Origin::to_string).unwrap_or_default();
        let fail = |message: String, span: Option<std::ops::Range<usize>>| Error::Config {
            place: place.clone(),
            message: format!("{name}: {message}"),
            excerpt: span.map(|span| excerpt(text, span, &format!("value of {name}"))),
            hint: None,
        };
        if let Some(span) = python_internals(text) {
            let message = "templates cannot reach Python internals".to_owned();
            return Err(fail(message, Some(span)));
        }
        if self.budget.get() == 0 {
            return Err(fail(
                "the templates of this configuration do too much work".to_owned(),
                None,
            ));
        }
        let template = self.environment.template_from_str(text);
        let rendered = template.and_then(|template| {
            let rendered = template.render_captured(self.context.clone())?;
            if let Some((used, _)) = rendered.state().fuel_levels() {
                self.budget.set(self.budget.get().saturating_sub(used));
            }
            Ok(rendered.into_output())
        });
        let rendered = rendered.map_err(|error| fail(describe(&error), error.range()))?;
        if rendered.len() > SIZE_LIMIT {
            return Err(fail("expands to more than 4 MiB".to_owned(), None));
        }
        Ok(rendered)
    }
}

/// Whether `expression` is one; otherwise why not.
pub(super) fn check_expression(expression: &str) -> Result<(), String> {
    if python_internals(&format!("{{{{ {expression} }}}}")).is_some() {
        return Err("templates cannot reach Python internals".to_owned());
    }
    let environment = environment();
    let compiled = environment.compile_expression(expression);
    compiled.map(|_| ()).map_err(|error| describe(&error))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true);
    if let Ok(syntax) = syntax.build() {
        environment.set_syntax(syntax);
    }
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(100);
    environment.set_debug(true);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(python_methods::call);
    environment.add_filter("int", int);
    environment
}

/// Jinja's `int`: what is no number becomes the default, which is 0.
fn int(
    state: &State<'_, '_>,
    value: &Jinja,
    default: Option<Jinja>,
    base: Option<u32>,
    kwargs: Kwargs,
) -> Result<Jinja, minijinja::Error> {
    let default = match default {
        Some(default) => default,
        None => kwargs
            .get::<Option<Jinja>>("default")?
            .unwrap_or_else(|| Jinja::from(0)),
    };
    let trimmed = value.as_str().map(|text| Jinja::from(text.trim()));
    let number = trimmed.as_ref().unwrap_or(value);
    minijinja::filters::int(state, number, Some(default), base, kwargs)
}

/// Where a template asks for a name like `__class__`, as an attribute or in quotes.
fn python_internals(text: &str) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let mut inside = false;
    let mut before = b' ';
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [b'{', b'{' | b'%', ..] => inside = true,
            [b'}', b'}', ..] | [b'%', b'}', ..] => inside = false,
            [b'_', b'_', rest @ ..] if inside => {
                let word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
                let end = at + 2 + rest.iter().take_while(word).count();
                let internal = text[at..end].ends_with("__") && end - at > 4;
                if internal && matches!(before, b'.' | b'\'' | b'"') {
                    return Some(at..end);
                }
                at = end;
                before = b'_';
                continue;
            }
            _ => {}
        }
        if !bytes[at].is_ascii_whitespace() {
            before = bytes[at];
        }
        at += 1;
    }
    None
}

fn describe(error: &minijinja::Error) -> String {
    if error.kind() == ErrorKind::OutOfFuel {
        return "the template does too much work".to_owned();
    }
    let kind = error.kind();
    let detail = error
        .detail()
        .map_or_else(|| kind.to_string(), str::to_owned);
    match error.line() {
        Some(line) if line > 1 => format!("template: {detail} (line {line} of the value)"),
        _ => format!("template: {detail}"),
    }
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    line.chars().take(60).collect()
}

/// Every option, by its raw value.
#[derive(Debug)]
struct Context(IndexMap<String, Jinja>);

impl Object for Context {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        self.0.get(key).cloned()
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|key| Jinja::from(key.as_str())).collect())
    }
}

fn jinja(value: &Value) -> Jinja {
    match value {
        Value::None => Jinja::from(()),
        Value::Bool(flag) => Jinja::from(*flag),
        Value::Int(number) => Jinja::from(*number),
        Value::Float(number) => Jinja::from(*number),
        Value::Str(text) => Jinja::from(text.as_str()),
        Value::List(items) => Jinja::from(items.iter().map(jinja).collect::<Vec<_>>()),
        Value::Tuple(items) => {
            Jinja::from(Tuple::from(items.iter().map(jinja).collect::<Vec<_>>()))
        }
        Value::Dict(entries) => Jinja::from_pairs(
            entries
                .iter()
                .map(|(key, value)| (key.as_str(), jinja(value))),
        ),
    }
}
