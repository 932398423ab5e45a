//! The tree that is evaluated: the part of Python that configuration files use.
//!
//! It belongs to this directory and not to the parser, so that the parser can be replaced. What
//! is not supported stays in the tree as a node of its own and is refused when it is reached: a
//! file is free to contain, in a branch not taken, what only the original understands. A chain
//! of operators is flat, so that a long sum is not a deep tree.

use std::rc::Rc;

/// Byte offsets into one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What is refused, and how to write it instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsupported {
    pub(super) what: &'static str,
    pub(super) instead: &'static str,
}

#[derive(Debug)]
pub(super) struct Expr {
    pub(super) span: Span,
    pub(super) kind: ExprKind,
}

#[derive(Debug)]
pub(super) enum ExprKind {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Rc<str>),
    Interpolated(Vec<Piece>),
    Name(Rc<str>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    /// A missing key is `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Starred(Box<Expr>),
    Comprehension(Box<Comprehension>),
    /// Applied from left to right.
    Binary(Box<Expr>, Vec<(BinaryOp, Expr)>),
    Unary(UnaryOp, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Compare(Box<Expr>, Vec<(CompareOp, Expr)>),
    IfElse(Box<IfElse>),
    Attribute(Box<Expr>, Rc<str>),
    Subscript(Box<Expr>, Box<Expr>),
    Slice(Box<Slice>),
    Call(Box<Call>),
    Lambda(Rc<Function>),
    Unsupported(Unsupported),
}

/// One part of an f-string.
#[derive(Debug)]
pub(super) enum Piece {
    Text(Rc<str>),
    Value {
        value: Expr,
        conversion: Option<char>,
        spec: Vec<Piece>,
    },
}

#[derive(Debug)]
pub(super) struct IfElse {
    pub(super) test: Expr,
    pub(super) then: Expr,
    pub(super) otherwise: Expr,
}

#[derive(Debug)]
pub(super) struct Slice {
    pub(super) lower: Option<Expr>,
    pub(super) upper: Option<Expr>,
    pub(super) step: Option<Expr>,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: Expr,
    pub(super) positional: Vec<Expr>,
    /// A missing name is `**value`.
    pub(super) named: Vec<(Option<Rc<str>>, Expr)>,
}

#[derive(Debug)]
pub(super) struct Comprehension {
    pub(super) element: Element,
    pub(super) clauses: Vec<Clause>,
}

#[derive(Debug)]
pub(super) enum Element {
    /// A list, or a generator, which is evaluated at once.
    Item(Expr),
    Pair(Expr, Expr),
}

/// `for target in iter if test if test`
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) target: Expr,
    pub(super) iter: Expr,
    pub(super) tests: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    ShiftLeft,
    ShiftRight,
    BitOr,
    BitXor,
    BitAnd,
    MatMul,
}

impl BinaryOp {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Mod => "%",
            Self::Pow => "**",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::MatMul => "@",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnaryOp {
    Not,
    Plus,
    Minus,
    Invert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Is,
    IsNot,
    In,
    NotIn,
}

#[derive(Debug)]
pub(super) struct Stmt {
    pub(super) span: Span,
    pub(super) kind: StmtKind,
}

#[derive(Debug)]
pub(super) enum StmtKind {
    Expr(Expr),
    Assign(Vec<Expr>, Expr),
    AugmentedAssign(Expr, BinaryOp, Expr),
    Delete(Vec<Expr>),
    /// `if`, every `elif`, and `else` without a test.
    If(Vec<(Option<Expr>, Vec<Stmt>)>),
    For {
        target: Expr,
        iter: Expr,
        body: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    While {
        test: Expr,
        body: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    Def(Rc<Function>),
    Return(Option<Expr>),
    Raise(Option<Expr>),
    Assert(Expr, Option<Expr>),
    Try {
        body: Vec<Stmt>,
        handled: bool,
        otherwise: Vec<Stmt>,
        finally: Vec<Stmt>,
    },
    /// (module, name it is bound to)
    Import(Vec<(Rc<str>, Option<Rc<str>>)>),
    /// module, (member, name it is bound to)
    ImportFrom(Rc<str>, Vec<(Rc<str>, Option<Rc<str>>)>),
    /// `global` and `nonlocal`
    Outer {
        global: bool,
        names: Vec<Rc<str>>,
    },
    Pass,
    Break,
    Continue,
    Unsupported(Unsupported),
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: Rc<str>,
    pub(super) parameters: Vec<Parameter>,
    /// `*args`
    pub(super) rest: Option<Rc<str>>,
    /// `**kwargs`
    pub(super) named_rest: Option<Rc<str>>,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: Rc<str>,
    pub(super) default: Option<Expr>,
    pub(super) by_name_only: bool,
}

#[derive(Debug)]
pub(super) enum Body {
    Block(Vec<Stmt>),
    /// Of a `lambda`.
    Value(Expr),
}

/// A string token of the source, for the check of backslashes in included files.
#[derive(Debug, Clone, Copy)]
pub(super) struct StringToken {
    pub(super) span: Span,
    pub(super) raw: bool,
    pub(super) triple: bool,
}

#[derive(Debug)]
pub(super) struct Module {
    pub(super) body: Vec<Stmt>,
    pub(super) strings: Vec<StringToken>,
}
