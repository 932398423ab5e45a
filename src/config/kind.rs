//! The type of an option, as `configs/defaults.toml` writes it, and whether a value fits.
//!
//! A type is one or several shapes joined by "or"; the word itself is what an error shows. A string
//! with a template in it fits everywhere, for its type is known only after expansion.

use super::value::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kind {
    pub(crate) text: String,
    shapes: Vec<Shape>,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Any,
    None,
    Bool,
    Int,
    Str,
    Choice(Vec<String>),
    /// A list, and whether its default is a tuple in the original.
    List {
        item: Item,
        tuple: bool,
    },
    Table(Item),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    Any,
    Str,
    Scalar,
    Pair,
    List,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Self {
        let shapes = text.split(" or ").map(shape).collect();
        Self {
            text: text.replace("tuple of", "list of"),
            shapes,
        }
    }

    /// The type a default shows by itself.
    pub(crate) fn of(value: &Value) -> Self {
        Self::parse(match value {
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Str(_) => "string",
            Value::List(_) | Value::Tuple(_) => "list of strings",
            Value::Dict(_) => "table",
            Value::None | Value::Float(_) => "any",
        })
    }

    pub(crate) fn is_table(&self) -> bool {
        self.shapes
            .iter()
            .any(|shape| matches!(shape, Shape::Table(_)))
    }

    pub(crate) fn is_list(&self) -> bool {
        self.shapes
            .iter()
            .any(|shape| matches!(shape, Shape::List { .. }))
    }

    /// What an entry of a table must be, for errors.
    pub(crate) fn entry_text(&self) -> &str {
        let item = self.shapes.iter().find_map(|shape| match shape {
            Shape::Table(item) => Some(*item),
            _ => None,
        });
        match item {
            Some(Item::Str) => "string",
            Some(Item::Scalar) => "string or integer",
            Some(Item::Pair) => "pair of strings",
            Some(Item::List) => "list of strings",
            Some(Item::Any) | None => "value",
        }
    }

    /// The value as an option holds it, or nothing when it does not fit.
    pub(crate) fn fit(&self, value: Value) -> Option<Value> {
        if is_template(&value) {
            return Some(value);
        }
        let none = self.shapes.contains(&Shape::None);
        if none && value == Value::Str("none".to_owned()) {
            return Some(Value::None);
        }
        self.shapes
            .iter()
            .any(|shape| shape.fits(&value))
            .then_some(value)
    }

    /// Whether this is what is read as such a value: files of the original's format and the command
    /// line write `'True'`, numbers as texts, one word for a list of one.
    pub(crate) fn admits(&self, value: &Value) -> bool {
        *value == Value::None || self.shapes.iter().any(|shape| shape.admits(value))
    }

    /// The built-in value: as [`Kind::fit`], with tuples where the original has them.
    pub(super) fn default_value(&self, value: Value) -> Value {
        let value = self.fit(value).unwrap_or(Value::None);
        for shape in &self.shapes {
            if let (Shape::List { item, tuple }, Value::List(items)) = (shape, &value) {
                let items = items.iter().cloned().map(|value| match (item, value) {
                    (Item::Pair, Value::List(pair)) => Value::Tuple(pair),
                    (_, value) => value,
                });
                return match tuple {
                    true => Value::Tuple(items.collect()),
                    false => Value::List(items.collect()),
                };
            }
        }
        value
    }
}

impl Shape {
    fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::None, Value::None)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Str, Value::Str(_)) => true,
            (Self::Choice(words), Value::Str(word)) => words.contains(word),
            (Self::List { item, .. }, Value::List(items) | Value::Tuple(items)) => {
                items.iter().all(|value| item.fits(value))
            }
            (Self::Table(item), Value::Dict(entries)) => {
                entries.values().all(|value| item.fits(value))
            }
            _ => false,
        }
    }
}

impl Shape {
    fn admits(&self, value: &Value) -> bool {
        let word = |text: &str, words: &[&str]| {
            let text = text.trim().to_ascii_lowercase();
            words.contains(&text.as_str())
        };
        match (self, value) {
            (Self::Bool, Value::Bool(_) | Value::Int(_)) => true,
            (Self::Bool, Value::Str(text)) => word(text, TRUE) || word(text, FALSE),
            (Self::Int, Value::Int(number)) => *number >= 0,
            (Self::Int, Value::Bool(_)) => true,
            (Self::Int, Value::Str(text)) => {
                text.trim().is_empty() || text.trim().parse::<u32>().is_ok()
            }
            (Self::Str, value) => is_scalar(value),
            (Self::List { item, .. }, Value::List(items) | Value::Tuple(items)) => {
                items.iter().all(|value| item.admits(value))
            }
            // One word is a list of one; nothing is an empty one.
            (Self::List { item, .. }, Value::Str(text)) => {
                text.is_empty() || matches!(item, Item::Str | Item::Any)
            }
            (Self::List { item, .. }, value) => *item == Item::Str && is_scalar(value),
            (Self::Table(item), Value::Dict(entries)) => entries
                .values()
                .all(|value| *value == Value::None || item.admits(value)),
            _ => self.fits(value),
        }
    }
}

/// What stands for true and for false in a text.
pub(super) const TRUE: &[&str] = &["true", "yes", "on", "1"];
pub(super) const FALSE: &[&str] = &["false", "no", "off", "0", "none", ""];

fn is_scalar(value: &Value) -> bool {
    matches!(
        value,
        Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)
    )
}

impl Item {
    fn admits(self, value: &Value) -> bool {
        match self {
            Self::Str | Self::Scalar => is_scalar(value),
            Self::List => match value {
                Value::List(items) | Value::Tuple(items) => items.iter().all(is_scalar),
                other => is_scalar(other),
            },
            Self::Pair | Self::Any => self.fits(value),
        }
    }

    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Str | Self::Scalar, Value::Str(_))
            | (Self::Scalar, Value::Int(_)) => true,
            (Self::Pair, Value::List(pair) | Value::Tuple(pair)) => {
                pair.len() == 2 && pair.iter().all(|part| matches!(part, Value::Str(_)))
            }
            // A single string may stand for a list of one, as in the original.
            (Self::List, Value::Str(_)) => true,
            (Self::List, Value::List(items) | Value::Tuple(items)) => {
                items.iter().all(|part| matches!(part, Value::Str(_)))
            }
            _ => false,
        }
    }
}

fn shape(text: &str) -> Shape {
    let item = |text: &str| match text {
        "strings" => Item::Str,
        "scalars" => Item::Scalar,
        "pairs" => Item::Pair,
        "lists" => Item::List,
        _ => Item::Any,
    };
    if let Some(rest) = text.strip_prefix("list of ") {
        return Shape::List {
            item: item(rest),
            tuple: false,
        };
    }
    if let Some(rest) = text.strip_prefix("tuple of ") {
        return Shape::List {
            item: item(rest),
            tuple: true,
        };
    }
    if let Some(rest) = text.strip_prefix("table of ") {
        return Shape::Table(item(rest));
    }
    if let Some(rest) = text.strip_prefix("one of ") {
        return Shape::Choice(rest.split(", ").map(str::to_owned).collect());
    }
    match text {
        "none" => Shape::None,
        "boolean" => Shape::Bool,
        "integer" => Shape::Int,
        "string" => Shape::Str,
        "table" => Shape::Table(Item::Any),
        _ => Shape::Any,
    }
}

/// A string that expansion may turn into something else.
fn is_template(value: &Value) -> bool {
    matches!(value, Value::Str(text) if text.contains("{{") || text.contains("{%"))
}
