#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds what g++ 12 compiles wrongly in a statement with co_await, and coroutine lambdas with
captures (docs/traps/gcc12-co-await.md):

  aggregate   an aggregate, or a bare {...}, built in place as an argument: destroyed twice
  capture     a lambda that captures by value: destroyed twice
  choice      co_await (condition ? task() : task()), condition ? x : co_await task(): destroyed twice
  coroutine   a lambda with captures that is itself a coroutine: they dangle once it is destroyed

Works on tokens, not on types: a type is an aggregate when src/ defines it without a constructor.
Each run begins with the self-test.
usage: check_co_await.py [--self-test] [root]"""

import pathlib
import re
import sys

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      |(?P<raw>R"(?P<mark>[^(\s]{0,16})\(.*?\)(?P=mark)")
      |(?P<string>(?:u8|u|U|L)?"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')
      |(?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)
      |(?P<word>[A-Za-z_][A-Za-z_0-9]*)
      |(?P<number>[0-9](?:[eEpP][+-]|[0-9A-Za-z_.']*)*)
      |(?P<operator>::|->|&&|\|\||\.\.\.|[^\s\w])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
OPEN = {"(": ")", "[": "]", "{": "}"}


class Token:
    def __init__(self, text, line, is_word=False):
        self.text, self.line, self.is_word = text, line, is_word


class Group:
    """A bracketed part: text is its opening bracket, kind is block or init for braces."""

    def __init__(self, text, line, items, end_line):
        self.text, self.line, self.items, self.end_line = text, line, items, end_line
        self.kind = ""
        self.is_word = False


def tokens_of(source):
    for match in TOKEN.finditer(source):
        kind = match.lastgroup if match.lastgroup != "mark" else "raw"
        if kind in ("comment", "directive"):
            continue
        line = source.count("\n", 0, match.start()) + 1
        text = '""' if kind in ("string", "raw") else match.group()
        yield Token(text, line, kind == "word")


def group(tokens):
    """Nested lists of tokens and groups; unbalanced brackets end quietly."""
    root = Group("", 0, [], 0)
    stack = [root]
    for token in tokens:
        if token.text in OPEN:
            inner = Group(token.text, token.line, [], token.line)
            stack[-1].items.append(inner)
            stack.append(inner)
        elif token.text in (")", "]", "}"):
            if len(stack) > 1:
                stack.pop().end_line = token.line
        else:
            stack[-1].items.append(token)
    classify(root)
    return root


BLOCK_BEFORE = {
    "", ";", ":", ")", "]", "}", "else", "do", "try", "const", "noexcept", "override", "final",
    "mutable", "block", "extern",
}
TYPE_WORDS = {"struct", "class", "union", "enum", "namespace"}


def classify(node):
    """Tells blocks (bodies) from initialisers among the braces."""
    for i, item in enumerate(node.items):
        if not isinstance(item, Group):
            continue
        if item.text == "{":
            item.kind = "block" if is_block(node, i) else "init"
        classify(item)


def is_block(node, i):
    if node.text == "[" or (node.text == "{" and node.kind == "init" and i == 0):
        return False
    before = node.items[i - 1] if i else None
    if before is None:
        return node.text in ("", "{")
    if isinstance(before, Group):
        if before.text == "{":
            # After an initialiser in a constructor's list, or simply behind another block.
            return node.text in ("", "{")
        if before.text == "[":
            return is_lambda_intro(node, i - 1)
        return True
    if before.text in BLOCK_BEFORE:
        return node.text in ("", "{") or before.text not in (":", ";", "")
    # `struct X {`, `namespace a::b {`, `-> Task<void> {` further back in the same statement.
    for back in range(i - 1, -1, -1):
        item = node.items[back]
        if isinstance(item, Group):
            if item.text == "{":
                return False
            continue
        if item.text == "->":
            # A trailing return type: only a list of parameters (or a lambda) stands before it.
            k = back - 1
            while k >= 0 and not isinstance(node.items[k], Group):
                if node.items[k].text not in ("mutable", "noexcept", "const"):
                    return False
                k -= 1
            rest = [t.text for t in node.items[back + 1 : i] if not isinstance(t, Group)]
            is_type = all(re.fullmatch(r"[\w:<>,&*]+|::|&&|const", t) for t in rest)
            return k >= 0 and node.items[k].text == "(" and is_type
        if item.text in TYPE_WORDS and node.text in ("", "{"):
            return True
        if item.text in (";", "=", ",", "return", "co_return", "co_await"):
            # Commas and '=' also occur inside template arguments of a return type; go on there.
            if item.text == "," and "<" in text_between(node, back, i):
                continue
            return False
    return False


def text_between(node, a, b):
    return "".join(t.text for t in node.items[:a] if not isinstance(t, Group))


def is_lambda_intro(node, i):
    item = node.items[i]
    if not isinstance(item, Group) or item.text != "[":
        return False
    if len(item.items) == 1 and isinstance(item.items[0], Group) and item.items[0].text == "[":
        return False  # [[attribute]]
    before = node.items[i - 1] if i else None
    if before is None:
        return True
    if isinstance(before, Group):
        return before.text == "{" and before.kind == "block"
    if before.text in ("auto", "operator", "]"):
        return False
    if before.text in ("&", "&&"):
        earlier = node.items[i - 2] if i > 1 else None
        if earlier is not None and earlier.text == "auto":
            return False
        return True
    return not before.is_word or before.text in ("return", "co_return", "co_yield", "co_await")


def statements(block):
    """Splits the items of a block into lists, one for each statement."""
    current = []
    for item in block.items:
        current.append(item)
        ends = not isinstance(item, Group) and item.text == ";"
        ends = ends or (isinstance(item, Group) and item.kind == "block" and not in_lambda(current))
        if ends:
            yield current
            current = []
    if current:
        yield current


def in_lambda(items):
    """True when the block that ends `items` is the body of a lambda."""
    i = len(items) - 2
    while i >= 0:
        item = items[i]
        if isinstance(item, Group) and item.text == "[":
            return is_lambda_intro(Group("(", 0, items, 0), i)
        if isinstance(item, Group) and item.text == "{":
            return False
        if not isinstance(item, Group) and item.text in (";", "="):
            return False
        i -= 1
    return False


class Checker:
    def __init__(self, aggregates):
        self.aggregates = aggregates
        self.found = []

    def report(self, line, kind, text):
        self.found.append((line, kind, text))

    def walk(self, node, is_test):
        """Every block is looked at once; groups are searched for blocks inside them."""
        if node.text in ("", "{") and node.kind != "init":
            for statement in statements(node):
                self.statement(statement)
        for i, item in enumerate(node.items):
            if not isinstance(item, Group):
                continue
            if item.text == "[" and not is_test and is_lambda_intro(node, i):
                self.coroutine_lambda(node, i)
            self.walk(item, is_test)

    def statement(self, items):
        if not any(t.text == "co_await" for t in self.flat(items)):
            return
        self.arguments(items, depth=0)

    def flat(self, items):
        for item in items:
            if isinstance(item, Group):
                if item.kind != "block":
                    yield from self.flat(item.items)
            else:
                yield item

    def arguments(self, items, depth):
        node = Group("(", 0, items, 0)
        has_choice = False
        for i, item in enumerate(items):
            if not isinstance(item, Group):
                has_choice = has_choice or item.text == "?"
                if has_choice and item.text == "co_await":
                    self.report(item.line, "choice", "… ? … : … with a co_await in it")
                continue
            if item.kind == "block":
                continue
            if item.kind == "init":
                self.brace(items, i, depth)
            if is_lambda_intro(node, i):
                self.captures(item)
                continue
            before = items[i - 1] if i else None
            if item.text == "(" and before is not None and before.text == "co_await":
                if any(not isinstance(t, Group) and t.text == "?" for t in item.items):
                    self.report(item.line, "choice", "co_await (… ? … : …)")
            self.arguments(item.items, depth + 1)

    def brace(self, items, i, depth):
        before = items[i - 1] if i else None
        name = before.text if before is not None else ""
        if name == ">":
            name = template_name(items, i - 1)
        if name in self.aggregates:
            is_returned = depth == 0 and items and items[0].text == "co_return"
            if not is_returned:
                self.report(items[i].line, "aggregate", name + "{…}")
        elif depth > 0 and (before is None or name in (",", "(")):
            self.report(items[i].line, "aggregate", "{…} as an argument")

    def captures(self, intro):
        for part in split(intro.items):
            texts = [t.text for t in part]
            if texts[0] == "&" or texts == ["this"] or texts[0] == "...":
                continue
            self.report(intro.line, "capture", "[" + " ".join(texts) + "]")

    def coroutine_lambda(self, node, i):
        if not node.items[i].items:
            return
        for item in node.items[i + 1 :]:
            if isinstance(item, Group) and item.kind == "block":
                words = {t.text for t in self.own_tokens(item)}
                if words & {"co_await", "co_return", "co_yield"}:
                    self.report(node.items[i].line, "coroutine", "coroutine lambda with captures")
                return
            if not isinstance(item, Group) and item.text in (";", ","):
                return

    def own_tokens(self, block):
        """Tokens of a body without those of lambdas inside it."""
        for statement in statements(block):
            yield from self.without_lambdas(statement)

    def without_lambdas(self, items):
        skipping = False
        node = Group("(", 0, items, 0)
        for i, item in enumerate(items):
            if isinstance(item, Group):
                if is_lambda_intro(node, i):
                    skipping = True
                elif item.kind == "block" and skipping:
                    skipping = False
                elif item.kind == "block":
                    yield from self.own_tokens(item)
                else:
                    yield from self.without_lambdas(item.items)
            else:
                yield item


def template_name(items, i):
    depth = 0
    while i >= 0:
        text = items[i].text
        depth += {">": 1, "<": -1}.get(text, 0) if not isinstance(items[i], Group) else 0
        i -= 1
        if depth == 0:
            return items[i].text if i >= 0 else ""
    return ""


def split(items):
    part = []
    for item in items:
        if not isinstance(item, Group) and item.text == ",":
            if part:
                yield part
            part = []
        else:
            part.append(item)
    if part:
        yield part


def aggregates_in(root):
    """Names of the types that are defined without a constructor of their own."""
    found, others = {"pair_of", "array"}, set()

    def visit(node):
        for i, item in enumerate(node.items):
            if not isinstance(item, Group):
                continue
            if item.kind == "block" and node.text in ("", "{"):
                name = type_name(node.items[:i])
                if name:
                    (found if is_aggregate(name, item) else others).add(name)
            visit(item)

    visit(root)
    return found, others


def type_name(before):
    words = []
    for item in reversed(before):
        if isinstance(item, Group) and item.text == "{":
            break
        if not isinstance(item, Group) and item.text == ";":
            break
        words.append(item.text)
    words.reverse()
    for at, word in enumerate(words):
        if word in ("struct", "class") and "enum" not in words[:at] and "(" not in words:
            rest = [w for w in words[at + 1 :] if w not in ("[", "nodiscard")]
            return rest[0] if rest else ""
    return ""


def is_aggregate(name, body):
    for i, item in enumerate(body.items[:-1]):
        follows = body.items[i + 1]
        if item.text == name and isinstance(follows, Group) and follows.text == "(":
            if i == 0 or body.items[i - 1].text != "~":
                return False
        if item.text == "private" and follows.text == ":":
            return False
    return True


def check_text(text, known=None, is_test=False):
    root = group(tokens_of(text))
    found, others = aggregates_in(root)
    checker = Checker((known or set()) | (found - others))
    checker.walk(root, is_test)
    return sorted(set(checker.found))


GOOD = [
    "Task<> f() { co_await g(Error{Errc::internal, text}); }",
    "Task<> f() { co_await g(std::string{text}, std::optional{named}); }",
    "struct M { int a; }; Task<> f() { M m{1}; co_await g(std::move(m)); }",
    "struct M { int a; }; Task<M> f() { co_await g(); co_return M{1}; }",
    "struct M { M(int); int a; }; Task<> f() { co_await g(M{1}); }",
    "Task<> f() { int x{co_await g()}; }",
    "Task<> f() { auto [a, b] = co_await g(); auto& [c, d] = h; }",
    "Task<> f() { co_await g([&x] { return x; }); }",
    "Task<> f() { auto l = [x] { return x; }; co_await g(std::move(l)); }",
    "Task<> f() { v[i] = co_await g(a[1]); }",
    "Task<> f() { co_spawn(e, [x = y] { return x; }, t); co_await g(); }",
    "Task<> f() { if (co_await g()) { h(M{1}); } for (auto x : {1, 2}) h({x}); }",
    "auto l = [](int x) -> Task<void> { co_await g(x); };",
    "auto l = [x](int) { return run(x); };",
    "Task<> f() { g([x] { return x; }); }",
    "// co_await g({1});\nconst char* s = \"co_await g({1})\";",
    "struct A { int x; }; void f() { g(A{1}); }",
    "C::C(int a) : a_{a} , b_{a} { h({a}); } Task<> C::f() { co_await g(); }",
]
BAD = [
    ("struct M { int a; }; Task<> f() { co_await g(M{1}); }", "aggregate"),
    ("struct M { int a; }; Task<> f() { co_await g(x, N::M{.a = 1}); }", "aggregate"),
    ("struct M { int a; }; Task<> f() { auto r = co_await (g(M{1})); }", "aggregate"),
    ("struct M { int a; }; Task<> f() { if (co_await g(M{1})) { h(); } }", "aggregate"),
    ("Task<> f() { co_await g({a, b, 1}); }", "aggregate"),
    ("Task<> f() { co_await g(1, {a}); }", "aggregate"),
    ("Task<> f() { const auto r = h(co_await g(), {a}); }", "aggregate"),
    ("Task<> f() { co_await g([x] { return x; }); }", "capture"),
    ("Task<> f() { co_await g([&y, x = std::move(x)]() mutable { return x; }); }", "capture"),
    ("Task<> f() { co_await g([=] { return x; }); }", "capture"),
    ("Task<> f() { while (true) { co_await g([x](int) { return x; }); } }", "capture"),
    ("Task<> f() { co_await (c ? g() : h()); }", "choice"),
    ("Task<> f() { auto x = c ? make() : co_await g(); }", "choice"),
    ("Task<> f() { auto x = c ? co_await g() : make(); }", "choice"),
    ("auto l = [x]() -> Task<void> { co_await g(x); };", "coroutine"),
    ("auto l = [&](int a) -> net::Task<Result<int>> { co_return a; };", "coroutine"),
    ("Task<> f() { spawn([this] () -> Task<> { for (;;) { co_await g(); } }); }", "coroutine"),
]


def self_test():
    failed = 0
    for text in GOOD:
        found = check_text(text)
        if found:
            failed += 1
            print(f"self-test: wrongly found {found} in: {text}")
    for text, kind in BAD:
        if kind not in [k for _, k, _ in check_text(text)]:
            failed += 1
            print(f"self-test: {kind} not found in: {text}")
    return len(GOOD) + len(BAD) - failed, failed


def source_files(root):
    for folder in ("src", "tests", "fuzz", "bench"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp"):
                yield path


def main(arguments):
    passed, failed = self_test()
    if "--self-test" not in arguments:
        root = pathlib.Path(arguments[0] if arguments else ".")
        texts = {path: path.read_text(encoding="utf-8") for path in source_files(root)}
        found, others = set(), set()
        for text in texts.values():
            if "struct" in text or "class" in text:
                some, more = aggregates_in(group(tokens_of(text)))
                found |= some
                others |= more
        for path, text in texts.items():
            problems = []
            if "co_await" in text or "co_return" in text:
                is_test = path.name.endswith("_test.cpp") or path.parts[0] == "tests"
                problems = check_text(text, found - others, is_test)
            for line, kind, what in problems:
                print(f"{path}:{line}: {kind}: {what}")
            passed, failed = passed + (not problems), failed + bool(problems)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
