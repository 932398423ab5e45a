//! Statements, from the parser's tree to ours.

use std::rc::Rc;

use ruff_python_ast as py;

use super::expr::{binary_op, expr, exprs, function};
use super::span_of;
use crate::config::cfg::ast::{Body, Stmt, StmtKind, Unsupported};

pub(super) fn block(nodes: &[py::Stmt]) -> Vec<Stmt> {
    nodes.iter().map(stmt).collect()
}

fn stmt(node: &py::Stmt) -> Stmt {
    Stmt {
        span: span_of(node),
        kind: kind(node),
    }
}

fn unsupported(what: &'static str, instead: &'static str) -> StmtKind {
    StmtKind::Unsupported(Unsupported { what, instead })
}

fn kind(node: &py::Stmt) -> StmtKind {
    match node {
        py::Stmt::Expr(node) => StmtKind::Expr(expr(&node.value)),
        py::Stmt::Assign(node) => StmtKind::Assign(exprs(&node.targets), expr(&node.value)),
        py::Stmt::AnnAssign(node) => match &node.value {
            Some(value) => StmtKind::Assign(vec![expr(&node.target)], expr(value)),
            None => StmtKind::Pass,
        },
        py::Stmt::AugAssign(node) => {
            StmtKind::AugmentedAssign(expr(&node.target), binary_op(node.op), expr(&node.value))
        }
        py::Stmt::Delete(node) => StmtKind::Delete(exprs(&node.targets)),
        py::Stmt::If(node) => {
            let mut branches = vec![(Some(expr(&node.test)), block(&node.body))];
            branches.extend(
                node.elif_else_clauses
                    .iter()
                    .map(|clause| (clause.test.as_ref().map(expr), block(&clause.body))),
            );
            StmtKind::If(branches)
        }
        py::Stmt::For(node) if node.is_async => unsupported("`async for`", "write a plain `for`"),
        py::Stmt::For(node) => StmtKind::For {
            target: expr(&node.target),
            iter: expr(&node.iter),
            body: block(&node.body),
            otherwise: block(&node.orelse),
        },
        py::Stmt::While(node) => StmtKind::While {
            test: expr(&node.test),
            body: block(&node.body),
            otherwise: block(&node.orelse),
        },
        py::Stmt::FunctionDef(node) => function_def(node),
        py::Stmt::Return(node) => StmtKind::Return(node.value.as_deref().map(expr)),
        py::Stmt::Raise(node) => StmtKind::Raise(node.exc.as_deref().map(expr)),
        py::Stmt::Assert(node) => StmtKind::Assert(expr(&node.test), node.msg.as_deref().map(expr)),
        py::Stmt::Try(node) => StmtKind::Try {
            body: block(&node.body),
            handled: !node.handlers.is_empty(),
            otherwise: block(&node.orelse),
            finally: block(&node.finalbody),
        },
        py::Stmt::Import(node) => StmtKind::Import(names(&node.names)),
        py::Stmt::ImportFrom(node) => StmtKind::ImportFrom(
            node.module
                .as_ref()
                .map_or("", |module| module.as_str())
                .into(),
            names(&node.names),
        ),
        py::Stmt::Global(node) => StmtKind::Outer {
            global: true,
            names: node.names.iter().map(|name| name.as_str().into()).collect(),
        },
        py::Stmt::Nonlocal(node) => StmtKind::Outer {
            global: false,
            names: node.names.iter().map(|name| name.as_str().into()).collect(),
        },
        py::Stmt::Pass(_) => StmtKind::Pass,
        py::Stmt::Break(_) => StmtKind::Break,
        py::Stmt::Continue(_) => StmtKind::Continue,
        py::Stmt::With(_) => unsupported(
            "`with`",
            "files cannot be read here: include() a configuration, or write the text itself",
        ),
        py::Stmt::ClassDef(_) => unsupported("`class`", "write a function, or a dictionary"),
        py::Stmt::Match(_) => unsupported("`match`", "write `if` and `elif`"),
        py::Stmt::TypeAlias(_) => unsupported("`type`", "leave it out"),
        py::Stmt::IpyEscapeCommand(_) => unsupported("a shell escape", "write plain Python"),
    }
}

fn function_def(node: &py::StmtFunctionDef) -> StmtKind {
    if node.is_async {
        return unsupported("`async def`", "write a plain `def`");
    }
    if !node.decorator_list.is_empty() {
        return unsupported(
            "a decorator",
            "call the function around it where it is used",
        );
    }
    let body = Body::Block(block(&node.body));
    StmtKind::Def(Rc::new(function(&node.name, Some(&node.parameters), body)))
}

fn names(names: &[py::Alias]) -> Vec<(Rc<str>, Option<Rc<str>>)> {
    let name = |identifier: &py::Identifier| Rc::from(identifier.as_str());
    names
        .iter()
        .map(|alias| (name(&alias.name), alias.asname.as_ref().map(name)))
        .collect()
}
