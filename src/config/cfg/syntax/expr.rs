//! Expressions, from the parser's tree to ours.

use std::rc::Rc;

use ruff_python_ast as py;
use ruff_python_ast::{CmpOp, Number, Operator};

use super::span_of;
use crate::config::cfg::ast::{
    BinaryOp, Body, Call, Clause, CompareOp, Comprehension, Element, Expr, ExprKind, Function,
    IfElse, Parameter, Piece, Slice, UnaryOp, Unsupported,
};

pub(super) fn expr(node: &py::Expr) -> Expr {
    Expr {
        span: span_of(node),
        kind: kind(node),
    }
}

pub(super) fn exprs<'a>(nodes: impl IntoIterator<Item = &'a py::Expr>) -> Vec<Expr> {
    nodes.into_iter().map(expr).collect()
}

fn boxed(node: &py::Expr) -> Box<Expr> {
    Box::new(expr(node))
}

fn optional(node: Option<&py::Expr>) -> Option<Expr> {
    node.map(expr)
}

fn unsupported(what: &'static str, instead: &'static str) -> ExprKind {
    ExprKind::Unsupported(Unsupported { what, instead })
}

fn kind(node: &py::Expr) -> ExprKind {
    match node {
        py::Expr::NoneLiteral(_) => ExprKind::None,
        py::Expr::BooleanLiteral(node) => ExprKind::Bool(node.value),
        py::Expr::NumberLiteral(node) => number(&node.value),
        py::Expr::StringLiteral(node) => ExprKind::Str(node.value.to_str().into()),
        py::Expr::FString(node) => ExprKind::Interpolated(f_string(&node.value)),
        py::Expr::Name(node) => ExprKind::Name(node.id.as_str().into()),
        py::Expr::List(node) => ExprKind::List(exprs(&node.elts)),
        py::Expr::Tuple(node) => ExprKind::Tuple(exprs(&node.elts)),
        py::Expr::Dict(node) => ExprKind::Dict(
            node.items
                .iter()
                .map(|item| (optional(item.key.as_ref()), expr(&item.value)))
                .collect(),
        ),
        py::Expr::Starred(node) => ExprKind::Starred(boxed(&node.value)),
        py::Expr::ListComp(node) => comprehension(Element::Item(expr(&node.elt)), &node.generators),
        py::Expr::Generator(node) => {
            comprehension(Element::Item(expr(&node.elt)), &node.generators)
        }
        py::Expr::DictComp(node) => match &node.key {
            Some(key) => comprehension(
                Element::Pair(expr(key), expr(&node.value)),
                &node.generators,
            ),
            None => unsupported("`**` in a comprehension", "use .update() in a loop"),
        },
        py::Expr::BinOp(node) => binary(node),
        py::Expr::UnaryOp(node) if is_least(node) => ExprKind::Int(i64::MIN),
        py::Expr::UnaryOp(node) => ExprKind::Unary(
            match node.op {
                py::UnaryOp::Invert => UnaryOp::Invert,
                py::UnaryOp::Not => UnaryOp::Not,
                py::UnaryOp::UAdd => UnaryOp::Plus,
                py::UnaryOp::USub => UnaryOp::Minus,
            },
            boxed(&node.operand),
        ),
        py::Expr::BoolOp(node) => match node.op {
            py::BoolOp::And => ExprKind::And(exprs(&node.values)),
            py::BoolOp::Or => ExprKind::Or(exprs(&node.values)),
        },
        py::Expr::Compare(node) => ExprKind::Compare(
            boxed(&node.left),
            node.ops
                .iter()
                .zip(&node.comparators)
                .map(|(op, right)| (compare_op(*op), expr(right)))
                .collect(),
        ),
        py::Expr::If(node) => ExprKind::IfElse(Box::new(IfElse {
            test: expr(&node.test),
            then: expr(&node.body),
            otherwise: expr(&node.orelse),
        })),
        py::Expr::Attribute(node) => {
            ExprKind::Attribute(boxed(&node.value), node.attr.as_str().into())
        }
        py::Expr::Subscript(node) => ExprKind::Subscript(boxed(&node.value), boxed(&node.slice)),
        py::Expr::Slice(node) => ExprKind::Slice(Box::new(Slice {
            lower: optional(node.lower.as_deref()),
            upper: optional(node.upper.as_deref()),
            step: optional(node.step.as_deref()),
        })),
        py::Expr::Call(node) => ExprKind::Call(Box::new(Call {
            function: expr(&node.func),
            positional: exprs(&node.arguments.args),
            named: node
                .arguments
                .keywords
                .iter()
                .map(|k| {
                    (
                        k.arg.as_ref().map(|name| name.as_str().into()),
                        expr(&k.value),
                    )
                })
                .collect(),
        })),
        py::Expr::Lambda(node) => ExprKind::Lambda(Rc::new(function(
            "lambda",
            node.parameters.as_deref(),
            Body::Value(expr(&node.body)),
        ))),
        py::Expr::BytesLiteral(_) => {
            unsupported("a bytes literal", "leave out the `b` before the string")
        }
        py::Expr::Named(_) => unsupported("`:=`", "assign on a line of its own"),
        py::Expr::Set(_) | py::Expr::SetComp(_) => unsupported("a set", "write a list: [...]"),
        py::Expr::TString(_) => unsupported("a t-string", "write an f-string"),
        py::Expr::EllipsisLiteral(_) => unsupported("`...`", "write a value, or None"),
        py::Expr::Await(_) => unsupported("`await`", "call the function directly"),
        py::Expr::Yield(_) | py::Expr::YieldFrom(_) => {
            unsupported("`yield`", "return a list from the function")
        }
        py::Expr::IpyEscapeCommand(_) => unsupported("a shell escape", "write plain Python"),
    }
}

/// The one integer of 64 bits whose digits alone are none.
fn is_least(node: &py::ExprUnaryOp) -> bool {
    let py::Expr::NumberLiteral(digits) = node.operand.as_ref() else {
        return false;
    };
    let value = match &digits.value {
        Number::Int(value) => value.as_u64(),
        Number::Float(_) | Number::Complex { .. } => None,
    };
    node.op == py::UnaryOp::USub && value == Some(i64::MIN.unsigned_abs())
}

fn number(number: &Number) -> ExprKind {
    match number {
        Number::Int(value) => match value.as_i64() {
            Some(value) => ExprKind::Int(value),
            None => unsupported("an integer of more than 64 bits", "write it as a string"),
        },
        Number::Float(value) => ExprKind::Float(*value),
        Number::Complex { .. } => unsupported("a complex number", "write two numbers"),
    }
}

/// Walks down the left side of a chain in a loop: it may have many operators.
fn binary(node: &py::ExprBinOp) -> ExprKind {
    let mut right = vec![(binary_op(node.op), expr(&node.right))];
    let mut left = node.left.as_ref();
    while let py::Expr::BinOp(inner) = left {
        right.push((binary_op(inner.op), expr(&inner.right)));
        left = inner.left.as_ref();
    }
    right.reverse();
    ExprKind::Binary(boxed(left), right)
}

pub(super) fn binary_op(op: Operator) -> BinaryOp {
    match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mult => BinaryOp::Mul,
        Operator::MatMult => BinaryOp::MatMul,
        Operator::Div => BinaryOp::Div,
        Operator::Mod => BinaryOp::Mod,
        Operator::Pow => BinaryOp::Pow,
        Operator::LShift => BinaryOp::ShiftLeft,
        Operator::RShift => BinaryOp::ShiftRight,
        Operator::BitOr => BinaryOp::BitOr,
        Operator::BitXor => BinaryOp::BitXor,
        Operator::BitAnd => BinaryOp::BitAnd,
        Operator::FloorDiv => BinaryOp::FloorDiv,
    }
}

fn compare_op(op: CmpOp) -> CompareOp {
    match op {
        CmpOp::Eq => CompareOp::Equal,
        CmpOp::NotEq => CompareOp::NotEqual,
        CmpOp::Lt => CompareOp::Less,
        CmpOp::LtE => CompareOp::LessEqual,
        CmpOp::Gt => CompareOp::Greater,
        CmpOp::GtE => CompareOp::GreaterEqual,
        CmpOp::Is => CompareOp::Is,
        CmpOp::IsNot => CompareOp::IsNot,
        CmpOp::In => CompareOp::In,
        CmpOp::NotIn => CompareOp::NotIn,
    }
}

fn comprehension(element: Element, generators: &[py::Comprehension]) -> ExprKind {
    if generators.iter().any(|generator| generator.is_async) {
        return unsupported("`async for`", "write a plain `for`");
    }
    let clauses = generators
        .iter()
        .map(|generator| Clause {
            target: expr(&generator.target),
            iter: expr(&generator.iter),
            tests: exprs(&generator.ifs),
        })
        .collect();
    ExprKind::Comprehension(Box::new(Comprehension { element, clauses }))
}

fn f_string(value: &py::FStringValue) -> Vec<Piece> {
    let mut result = Vec::new();
    for part in value {
        match part {
            py::FStringPart::Literal(literal) => result.push(Piece::Text(literal.as_str().into())),
            py::FStringPart::FString(part) => result.extend(pieces(&part.elements)),
        }
    }
    result
}

fn pieces(elements: &[py::InterpolatedStringElement]) -> Vec<Piece> {
    let mut result = Vec::new();
    for element in elements {
        match element {
            py::InterpolatedStringElement::Literal(text) => {
                result.push(Piece::Text(text.value.as_ref().into()));
            }
            py::InterpolatedStringElement::Interpolation(value) => {
                let mut conversion = value.conversion.to_char();
                let spec = value.format_spec.as_ref();
                if let Some(text) = &value.debug_text {
                    result.push(Piece::Text(text.as_str().into()));
                    // `{x=}` shows the repr, unless it says otherwise.
                    if conversion.is_none() && spec.is_none() {
                        conversion = Some('r');
                    }
                }
                result.push(Piece::Value {
                    value: expr(&value.expression),
                    conversion,
                    spec: spec.map_or_else(Vec::new, |spec| pieces(&spec.elements)),
                });
            }
        }
    }
    result
}

pub(super) fn function(name: &str, parameters: Option<&py::Parameters>, body: Body) -> Function {
    let mut function = Function {
        name: name.into(),
        parameters: Vec::new(),
        rest: None,
        named_rest: None,
        body,
    };
    let Some(parameters) = parameters else {
        return function;
    };
    let parameter = |node: &py::ParameterWithDefault, by_name_only| Parameter {
        name: node.parameter.name.as_str().into(),
        default: optional(node.default.as_deref()),
        by_name_only,
    };
    let by_place = parameters.posonlyargs.iter().chain(&parameters.args);
    function
        .parameters
        .extend(by_place.map(|node| parameter(node, false)));
    function.parameters.extend(
        parameters
            .kwonlyargs
            .iter()
            .map(|node| parameter(node, true)),
    );
    function.rest = parameters
        .vararg
        .as_ref()
        .map(|node| node.name.as_str().into());
    function.named_rest = parameters
        .kwarg
        .as_ref()
        .map(|node| node.name.as_str().into());
    function
}
