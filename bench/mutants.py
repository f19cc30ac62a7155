"""Small changes to a module that its tests should notice, one at a time: mutants, by mutmut's operators and four of our own.

mutmut's own runner passes over every function with a decorator, which here are the services and the pages; so its operators
are used, and bench/mutate.py runs the tests. Changed is what stands in the body of a function. Left as they are: texts for
people, which tests of wording look after, annotations, and what only makes a query cheaper.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

# A query without one of these asks for more than it should, or holds no lock.
LINKS = {"filter", "exclude", "distinct", "select_for_update", "order_by", "reverse", "visible_to"}
CHEAPER = {"select_related", "prefetch_related", "defer", "only", "iterator", "bulk_create", "bulk_update"}
# What people read or a log keeps: how it is put is no figure and no rule.
WORDS = {"write", "info", "warning", "debug", "exception", "gettext", "_", "add_argument", "print", "say"}


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    file: str
    function: str  # its qualified name
    line: int
    end_line: int
    text: str  # the first of its lines as it is, without the spaces around it
    operator: str
    was: str  # the changed piece of code, in one line
    becomes: str
    source: str  # of the whole module

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {self.was} => {self.becomes}"


def delete_statement(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """A call, an assertion or a `raise` left out."""
    if len(node.body) == 1 and isinstance(node.body[0], cst.Expr | cst.Raise | cst.Del):
        if isinstance(node.body[0], cst.Expr) and isinstance(
            node.body[0].value, cst.BaseString | cst.Ellipsis
        ):
            return
        yield node.with_changes(body=[cst.Pass()])


def drop_link(node: cst.Call) -> Iterator[cst.CSTNode]:
    """`rows.filter(…)` becomes `rows`."""
    if isinstance(node.func, cst.Attribute) and node.func.attr.value in LINKS:
        yield node.func.value


def negate(node: cst.If | cst.While | cst.CompIf) -> Iterator[cst.CSTNode]:
    """The other branch is taken."""
    if not (isinstance(node.test, cst.UnaryOperation) and isinstance(node.test.operator, cst.Not)):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def drop_condition(node: cst.CompFor) -> Iterator[cst.CSTNode]:
    """`for x in y if z` becomes `for x in y`."""
    if node.ifs:
        yield node.with_changes(ifs=[])


def swap_arguments(node: cst.Call) -> Iterator[cst.CSTNode]:
    """`f(a, b)` becomes `f(b, a)`."""
    plain = [arg for arg in node.args if not arg.keyword and not arg.star]
    if len(plain) >= 2 and not plain[0].value.deep_equals(plain[1].value):
        first, second = node.args[0], node.args[1]
        if plain[:2] == [first, second]:
            swapped = [first.with_changes(value=second.value), second.with_changes(value=first.value)]
            yield node.with_changes(args=[*swapped, *node.args[2:]])


def another_name(node: cst.BaseString) -> Iterator[cst.CSTNode]:
    """A key, a column or a state under a name that there is not. Prose has spaces, and stays."""
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    if isinstance(value, str) and value.isidentifier():
        yield node.with_changes(value=repr(f"XX{value}XX"))


def one_less_or_more(node: cst.BaseNumber) -> Iterator[cst.CSTNode]:
    yield from mutators.operator_number(node)
    if isinstance(node, cst.Integer) and node.evaluated_value > 0:
        yield node.with_changes(value=str(node.evaluated_value - 1))


OURS = [
    (cst.SimpleStatementLine, delete_statement),
    (cst.Call, drop_link),
    (cst.Call, swap_arguments),
    (cst.If | cst.While | cst.CompIf, negate),
    (cst.CompFor, drop_condition),
    (cst.BaseString, another_name),
    (cst.BaseNumber, one_less_or_more),
]
REPLACED = {mutators.operator_string, mutators.operator_number, mutators.operator_dict_arguments}
OPERATORS = [
    (kind, operator) for kind, operator in mutators.mutation_operators if operator not in REPLACED
] + OURS


class _Mutations(cst.CSTVisitor):
    """Every (function, first line, last line, outermost function or class, node, changed node, operator) of a module."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.found: list[tuple[str, int, int, cst.CSTNode, cst.CSTNode, cst.CSTNode, str]] = []
        self.scopes: list[tuple[cst.CSTNode, str]] = []
        self.inside = 0  # how many functions deep

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Parameters | cst.Import | cst.ImportFrom):
            return False
        if isinstance(node, cst.Call) and _is_beside_the_point(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.scopes.append((node, node.name.value))
            self.inside += isinstance(node, cst.FunctionDef)
        elif self.inside:
            self._change(node)
        # How an error is worded is looked at elsewhere: that it is raised counts.
        return not isinstance(node, cst.Raise)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self.scopes and self.scopes[-1][0] is original_node:
            self.inside -= isinstance(self.scopes.pop()[0], cst.FunctionDef)

    def _change(self, node: cst.CSTNode) -> None:
        position = self.get_metadata(PositionProvider, node, None)
        if position is None:
            return
        function, lines = ".".join(name for _, name in self.scopes), (position.start.line, position.end.line)
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                for changed in operator(node):
                    row = (function, *lines, self.scopes[0][0], node, changed, operator.__name__)
                    self.found.append(row)


def _is_beside_the_point(call: cst.Call) -> bool:
    name = call.func.attr.value if isinstance(call.func, cst.Attribute) else getattr(call.func, "value", "")
    return name in CHEAPER - {"bulk_create"} or name in WORDS


def mutants_of(
    file: str, source: str, lines: set[int] | None = None, *, most: int | None = None, seed: int = 0
) -> Iterator[Mutant]:
    """The mutants of a module; of `lines` alone where they are given; `most` of them, drawn by `seed`.

    A change that does not compile is left out.
    """
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    visitor = _Mutations()
    wrapper.visit(visitor)
    module = wrapper.module
    found = [row for row in visitor.found if lines is None or lines & set(range(row[1], row[2] + 1))]
    if most is not None:
        Random(f"{seed} {file}").shuffle(found)
    seen = {source}
    for function, line, end_line, outer, node, changed, operator in found:
        if most is not None and len(seen) > most:
            return
        mutated = _put_in(module, source, outer, node, changed)
        if mutated in seen or not _compiles(mutated):
            continue
        seen.add(mutated)
        was, becomes = (_short(module.code_for_node(piece)) for piece in (node, changed))
        text = source.splitlines()[line - 1].strip()
        yield Mutant(file, function, line, end_line, text, operator, was, becomes, mutated)


def _put_in(
    module: cst.Module, source: str, outer: cst.CSTNode, node: cst.CSTNode, changed: cst.CSTNode
) -> str:
    """The source with a node changed. Only the function or class around it is written anew, which is ten times as fast."""
    before = module.code_for_node(outer)
    if source.count(before) != 1:
        return module.deep_replace(node, changed).code
    return source.replace(before, module.code_for_node(outer.deep_replace(node, changed)))


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _short(code: str) -> str:
    return " ".join(code.split())
