"""Finds which names a cell reads from earlier cells, and which it binds, how and to what."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

__all__ = ["Binding", "NameUse", "name_use"]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Binding:
    """A place where a name gets a value.

    Attributes:
        value: The assigned expression; None for ``def``, ``import``, ``with … as`` and similar.
        exact: Whether the name gets exactly this value, not a part of it.
        once: Whether this happens exactly once whenever the cell runs.
        loop: Whether it may happen repeatedly.
    """

    value: ast.expr | None
    exact: bool = False
    once: bool = False
    loop: bool = False


@dataclass(slots=True)
class NameUse:
    """The names of a cell in the order of their first use.

    Attributes:
        reads: Names looked up in the notebook's namespace before the cell binds them, by the cell or by a function in it.
        bindings: Names that the cell puts into the namespace.
    """

    reads: dict[str, None] = field(default_factory=dict)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)


def name_use(tree: ast.Module) -> NameUse:
    """Return how a cell uses names."""
    walk = _Walk()
    walk.visit(tree)
    later = (name for name in walk.deferred if name not in walk.use.bindings)
    return NameUse(dict.fromkeys(chain(walk.use.reads, later)), walk.use.bindings)


@dataclass(slots=True)
class _Scope:
    """The names of a function, a comprehension, or a class as far as its body has bound them."""

    names: set[str]
    is_class: bool = False


class _Walk:
    """Visits the nodes of a cell in the order of evaluation."""

    def __init__(self) -> None:
        self.use = NameUse()
        self.deferred: dict[str, None] = {}
        self._scopes: list[_Scope] = []
        self._in_function = self._in_loop = self._in_block = 0

    def visit(self, node: ast.AST) -> None:
        handle = _HANDLERS.get(type(node), _Walk._children)
        handle(self, node)

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self._bind(node.id, Binding(None, loop=bool(self._in_loop)))
        elif not self._is_local(node.id):
            self._read(node.id)

    def _assignment(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._assign(target, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._assign(node.target, node.value)

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._assign(node.target, node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            if not self._is_local(node.target.id):
                self._read(node.target.id)
            self._bind(node.target.id, Binding(None, loop=True))
        else:
            self.visit(node.target)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._loop([node.target, *node.body, *node.orelse])

    def _while(self, node: ast.While) -> None:
        self._loop([node.test, *node.body, *node.orelse])

    def _loop(self, nodes: Iterable[ast.AST]) -> None:
        self._in_loop += 1
        for node in nodes:
            self.visit(node)
        self._in_loop -= 1

    def _block(self, node: ast.AST) -> None:
        self._in_block += 1
        self._children(node)
        self._in_block -= 1

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, Binding(None))
        self._children(node)

    def _pattern(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self._bind(name, Binding(None))
        self._children(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0], Binding(None))

    def _class(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._inside(node.body, _Scope(set(), is_class=True), deferred=False)
        self._bind(node.name, Binding(None))

    def _function(self, node: Function) -> None:
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        outside = [] if isinstance(node, ast.Lambda) else [*node.decorator_list, *([node.returns] if node.returns else [])]
        arguments = [n for n in ast.walk(node.args) if isinstance(n, ast.arg)]
        annotations = [a.annotation for a in arguments if a.annotation]
        for part in (*outside, *node.args.defaults, *filter(None, node.args.kw_defaults), *annotations):
            self.visit(part)
        self._inside(body, _Scope(_bound_in(body) | {a.arg for a in arguments}), deferred=True)
        if not isinstance(node, ast.Lambda):
            self._bind(node.name, Binding(None))

    def _comprehension(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        inside = [g.iter for g in node.generators[1:]] + [test for g in node.generators for test in g.ifs]
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._inside([*inside, *results], _Scope(targets), deferred=False)

    def _inside(self, nodes: Iterable[ast.AST], scope: _Scope, *, deferred: bool) -> None:
        """Visit nodes in a scope of their own; if ``deferred``, they look up names when a function is called."""
        self._scopes.append(scope)
        self._in_function += deferred
        self._loop(nodes)  # as a loop, because a function may be called repeatedly
        self._in_function -= deferred
        self._scopes.pop()

    def _is_local(self, name: str) -> bool:
        # The body of a class sees its names, its methods do not.
        return any(name in s.names for s in self._scopes if not s.is_class or s is self._scopes[-1])

    def _read(self, name: str) -> None:
        if self._in_function:
            self.deferred.setdefault(name)
        elif name not in self.use.bindings:
            self.use.reads.setdefault(name)

    def _bind(self, name: str, binding: Binding) -> None:
        if self._scopes and self._scopes[-1].is_class:
            self._scopes[-1].names.add(name)
        elif not self._is_local(name):
            self.use.bindings.setdefault(name, []).append(binding)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        """Bind the names of a target, taking ``a, b = 1, 2`` apart."""
        for part, its, exact in _pairs(target, value):
            if isinstance(part, ast.Name):
                once = exact and not self._in_loop and not self._in_block
                self._bind(part.id, Binding(its, exact=exact, once=once, loop=bool(self._in_loop)))
            else:
                self.visit(part)


_HANDLERS: dict[type[ast.AST], Callable[[_Walk, Any], None]] = {
    ast.Name: _Walk._name,
    ast.Assign: _Walk._assignment,
    ast.AnnAssign: _Walk._annotated,
    ast.NamedExpr: _Walk._walrus,
    ast.AugAssign: _Walk._augmented,
    ast.While: _Walk._while,
    ast.ExceptHandler: _Walk._handler,
    ast.ClassDef: _Walk._class,
    **dict.fromkeys((ast.For, ast.AsyncFor), _Walk._for),
    **dict.fromkeys((ast.If, ast.Try, ast.TryStar, ast.Match, ast.BoolOp, ast.IfExp), _Walk._block),
    **dict.fromkeys((ast.MatchAs, ast.MatchStar, ast.MatchMapping), _Walk._pattern),
    **dict.fromkeys((ast.Import, ast.ImportFrom), _Walk._import),
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda), _Walk._function),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _Walk._comprehension),
}


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr, bool]]:
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value, True
        return
    apart = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
    if apart and not any(isinstance(e, ast.Starred) for e in (*target.elts, *value.elts)):  # type: ignore[attr-defined]
        for part, its in zip(target.elts, value.elts, strict=True):  # type: ignore[attr-defined]
            yield from _pairs(part, its)
        return
    for name in (n for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)):
        yield name, value, False


def _bound_in(body: Iterable[ast.AST]) -> set[str]:
    """Return the local names of a function's body, with those of functions inside it."""
    nodes = [n for statement in body for n in ast.walk(statement)]
    names = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    names |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    names |= {a.asname or a.name.partition(".")[0] for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    names |= {n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}
    return names - {name for n in nodes if isinstance(n, ast.Global) for name in n.names}
