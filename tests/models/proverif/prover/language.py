"""Reads the part of ProVerif's typed language that these models use, and checks names, types and arities as strictly as ProVerif does."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"\s+|(?P<open>\(\*)|(?P<token>inj-event|==>|<>|&&|\|\||[A-Za-z][\w']*|\d+|[(),.;:=|!\[\]_])")
KEYWORDS = set(
    "among axiom barrier channel choice clauses const def diff do elimtrue else equation equivalence event expand fail for forall foreach free "
    "fun get if implementation in inj-event insert lemma let letfun letproba new noninterf not nounif or otherwise out param phase pred "
    "proba process proof public_vars putbegin query reduc restriction secret select set suchthat sync table then type weaksecret yield".split()
)


class Refused(Exception):
    pass


def tokens(text, name):
    at, line = 0, 1
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise Refused(f"{name}:{line}: unexpected {text[at]!r}")
        if found["open"]:
            depth, at = 1, found.end()
            while depth:
                mark = re.compile(r"\(\*|\*\)").search(text, at)
                if not mark:
                    raise Refused(f"{name}:{line}: a comment without end")
                depth += 1 if mark[0] == "(*" else -1
                line += text.count("\n", at, mark.end())
                at = mark.end()
            continue
        if found["token"]:
            yield found["token"], f"{name}:{line}"
        line += found[0].count("\n")
        at = found.end()


@dataclass
class Function:
    name: str
    args: tuple
    result: str
    data: bool = False
    private: bool = False
    rules: list = None  # Of a destructor: [(patterns, result)]; variables are ("var", name).


@dataclass
class Model:
    types: set = field(default_factory=lambda: {"bitstring", "channel", "bool"})
    functions: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)  # Free names: name -> (type, private)
    events: dict = field(default_factory=dict)
    tables: dict = field(default_factory=dict)
    macros: dict = field(default_factory=dict)
    letfuns: dict = field(default_factory=dict)
    # ("weak", name) | ("never", facts) | ("corresp", fact, condition)
    queries: list = field(default_factory=list)
    process: object = None


class Parser:
    """Terms: ("var", x) | ("name", a) | ("app", f, args) | ("tuple", args). Processes: tuples that begin with what they do."""

    def __init__(self, model, text, name):
        self.model, self.list, self.at = model, list(tokens(text, name)) + [("", f"{name}: end")], 0

    def peek(self):
        return self.list[self.at][0]

    def fail(self, what):
        raise Refused(f"{self.list[self.at][1]}: {what}, not {self.peek()!r}")

    def take(self, expected=None):
        token = self.peek()
        if expected is not None and token != expected:
            self.fail(f"{expected!r} expected")
        self.at += 1
        return token

    def skip(self, token):
        if self.peek() == token:
            self.at += 1
            return True
        return False

    def new_name(self):
        token = self.peek()
        if not re.match(r"[A-Za-z]", token) or token in KEYWORDS:
            self.fail("a name expected")
        return self.take()

    def list_of(self, one, end):
        found = []
        while not self.skip(end):
            if found:
                self.take(",")
            found.append(one())
        return found

    def type(self):
        token = self.take()
        if token not in self.model.types:
            self.at -= 1
            self.fail("a type expected")
        return token

    def names_typed(self):
        names = [self.new_name()]
        while self.skip(","):
            names.append(self.new_name())
        self.take(":")
        kind = self.type()
        return [(name, kind) for name in names]

    def variables(self, end):
        found = []
        while not self.skip(end):
            if found:
                self.take(",")
            found += self.names_typed()
        return found

    def options(self):
        return set(self.list_of(self.new_name, "]")) if self.skip("[") else set()

    def declare(self, name):
        model = self.model
        for known in (model.types, model.functions, model.names, model.events, model.tables, model.macros, model.letfuns):
            if name in known:
                self.fail(f"{name} is declared twice")
        return name

    # Declarations

    def declarations(self):
        model = self.model
        while self.peek() and self.peek() != "process":
            what = self.take()
            if what == "type":
                model.types.add(self.declare(self.new_name()))
            elif what == "const":
                names, options = self.names_typed(), self.options()
                for name, kind in names:
                    model.functions[self.declare(name)] = Function(name, (), kind, "data" in options, "private" in options)
            elif what == "fun":
                name = self.declare(self.new_name())
                self.take("(")
                args = tuple(self.list_of(self.type, ")"))
                self.take(":")
                kind, options = self.type(), self.options()
                model.functions[name] = Function(name, args, kind, "data" in options, "private" in options)
            elif what == "free":
                names, options = self.names_typed(), self.options()
                for name, kind in names:
                    model.names[self.declare(name)] = (kind, "private" in options)
            elif what == "reduc":
                self.reduction()
            elif what == "equation":
                self.equation()
            elif what == "event":
                name = self.declare(self.new_name())
                model.events[name] = tuple(self.list_of(self.type, ")")) if self.skip("(") else ()
            elif what == "table":
                name = self.declare(self.new_name())
                self.take("(")
                model.tables[name] = tuple(self.list_of(self.type, ")"))
            elif what == "letfun":
                name = self.declare(self.new_name())
                args = self.variables(")") if self.skip("(") else []
                self.take("=")
                body, kind = self.term(dict(args))
                model.letfuns[name] = (args, body, kind)
            elif what == "let":
                name = self.declare(self.new_name())
                args = self.variables(")") if self.skip("(") else []
                self.take("=")
                model.macros[name] = (args, self.process(dict(args)))
            elif what == "weaksecret":
                name = self.take()
                if name not in model.names or not model.names[name][1]:
                    self.fail(f"{name} is no private free name")
                model.queries.append(("weak", name))
            elif what == "query":
                self.query()
            else:
                self.at -= 1
                self.fail("a declaration expected")
            self.take(".")

    def forall(self):
        if not self.skip("forall"):
            return {}
        return dict(self.variables(";"))

    def reduction(self):
        scope = self.forall()
        name = self.declare(self.new_name())
        self.take("(")
        left = self.list_of(lambda: self.term(scope), ")")
        self.take("=")
        right, kind = self.term(scope)
        self.model.functions[name] = Function(name, tuple(kind for _, kind in left), kind, rules=[([term for term, _ in left], right)])

    def equation(self):
        """An equation becomes a rule beside the one that leaves the term as it is."""
        scope = self.forall()
        left, _ = self.term(scope)
        self.take("=")
        right, _ = self.term(scope)
        function = self.model.functions[left[1]]
        if function.rules is None:
            variables = [("var", f"x{i}") for i in range(len(function.args))]
            function.rules = [(variables, ("app!", function.name, variables))]
        function.rules.append((list(left[2]), right))

    def query(self):
        start, scope = self.at, {}
        try:
            scope = dict(self.variables(";"))
        except Refused:
            self.at = start
        left = [self.fact(scope)]
        while self.skip("&&"):
            left.append(self.fact(scope))
        if self.peek() == ".":
            self.model.queries.append(("never", left))
            return
        if len(left) > 1:
            self.fail("the end of a query for several events expected")
        self.take("==>")
        self.model.queries.append(("corresp", left[0], self.condition(scope)))

    def fact(self, scope):
        what = self.take()
        if what not in ("event", "inj-event"):
            self.at -= 1
            self.fail("event or inj-event expected")
        self.take("(")
        name, args = self.event(scope)
        self.take(")")
        return (what, name, args)

    def event(self, scope):
        name = self.new_name()
        if name not in self.model.events:
            self.fail(f"{name} is no event")
        args = self.list_of(lambda: self.term(scope), ")") if self.skip("(") else []
        self.same_types(name, self.model.events[name], [kind for _, kind in args])
        return name, [term for term, _ in args]

    def condition(self, scope):
        """Facts that must all hold, with && between; parentheses around them."""
        if self.skip("("):
            found = self.condition(scope)
            self.take(")")
        else:
            found = [self.fact(scope)]
        while self.skip("&&"):
            found += self.condition(scope)
        return found

    # Terms: each with its type.

    def same_types(self, name, expected, found):
        if len(expected) != len(found) or any(one != other for one, other in zip(expected, found)):
            self.fail(f"{name} takes ({', '.join(expected)}), is given ({', '.join(found)})")

    def term(self, scope):
        model = self.model
        if self.skip("("):
            args = self.list_of(lambda: self.term(scope), ")")
            if len(args) == 1:
                return args[0]
            return ("tuple", [term for term, _ in args]), "bitstring"
        name = self.new_name()
        if self.skip("("):
            args = self.list_of(lambda: self.term(scope), ")")
            terms, kinds = [term for term, _ in args], [kind for _, kind in args]
            if name in model.letfuns:
                formal, body, kind = model.letfuns[name]
                self.same_types(name, [kind for _, kind in formal], kinds)
                return replaced(body, dict(zip((x for x, _ in formal), terms))), kind
            if name not in model.functions:
                self.fail(f"{name} is no function")
            self.same_types(name, model.functions[name].args, kinds)
            return ("app", name, terms), model.functions[name].result
        if name in scope:
            return ("var", name), scope[name]
        if name in model.names:
            return ("name", name), model.names[name][0]
        if name in model.functions and not model.functions[name].args:
            return ("app", name, []), model.functions[name].result
        self.fail(f"{name} is not known here")

    def pattern(self, scope, bound):
        """("bind", x) | ("equal", term) | ("tuple", patterns); what it binds is added to bound."""
        if self.skip("="):
            term, kind = self.term(scope)
            return ("equal", term), kind
        if self.skip("("):
            parts = self.list_of(lambda: self.pattern(scope, bound), ")")
            if len(parts) == 1:
                return parts[0]
            return ("tuple", [part for part, _ in parts]), "bitstring"
        name = "_" if self.skip("_") else self.new_name()
        kind = self.type() if self.skip(":") else None
        if name != "_":
            bound[name] = kind
        return ("bind", name), kind

    def typed(self, pattern, kind, bound, told):
        """A variable without a type gets that of what it is bound to."""
        if told is None and kind is None:
            self.fail("a type expected")
        if told is not None and kind is not None and told != kind:
            self.fail(f"the pattern is {told}, the term {kind}")
        if pattern[0] == "bind" and pattern[1] != "_" and told is None:
            bound[pattern[1]] = kind
        if None in bound.values():
            self.fail("a type expected in the pattern")

    # Processes

    def process(self, scope):
        found = self.one(scope)
        while self.skip("|"):
            found = ("par", found, self.one(scope))
        return found

    def then(self, scope):
        return self.process(scope) if self.skip(";") else ("nil",)

    def one(self, scope):
        model = self.model
        if self.skip("("):
            found = self.process(scope)
            self.take(")")
            return found
        if self.skip("0"):
            return ("nil",)
        if self.skip("!"):
            return ("repeat", self.one(scope))
        if self.skip("new"):
            name = self.new_name()
            self.take(":")
            kind = self.type()
            return ("new", name, self.then({**scope, name: kind}))
        if self.skip("if"):
            left, kind = self.term(scope)
            self.take("=")
            right, other = self.term(scope)
            self.same_types("=", [kind], [other])
            self.take("then")
            return ("let", ("equal", left), right, self.process(scope))
        if self.skip("in"):
            self.take("(")
            channel, _ = self.term(scope)
            self.take(",")
            bound = {}
            pattern, told = self.pattern(scope, bound)
            self.typed(pattern, None if told else "bitstring", bound, told)
            self.take(")")
            return ("in", channel, pattern, self.then({**scope, **bound}))
        if self.skip("out"):
            self.take("(")
            channel, kind = self.term(scope)
            self.same_types("out", ["channel"], [kind])
            self.take(",")
            term, _ = self.term(scope)
            self.take(")")
            return ("out", channel, term, self.then(scope))
        if self.skip("let"):
            bound = {}
            pattern, told = self.pattern(scope, bound)
            self.take("=")
            term, kind = self.term(scope)
            self.typed(pattern, kind, bound, told)
            self.take("in")
            return ("let", pattern, term, self.process({**scope, **bound}))
        if self.skip("event"):
            name, args = self.event(scope)
            return ("event", name, args, self.then(scope))
        if self.skip("insert") or self.peek() == "get":
            getting = self.skip("get")
            name, bound = self.new_name(), {}
            if name not in model.tables:
                self.fail(f"{name} is no table")
            self.take("(")
            if getting:
                parts = self.list_of(lambda: self.pattern(scope, bound), ")")
                self.same_types(name, model.tables[name], [kind or "?" for _, kind in parts])
                self.take("in")
                return ("get", name, ("tuple", [part for part, _ in parts]), self.process({**scope, **bound}))
            args = self.list_of(lambda: self.term(scope), ")")
            self.same_types(name, model.tables[name], [kind for _, kind in args])
            return ("insert", name, [term for term, _ in args], self.then(scope))
        name = self.new_name()
        if name not in model.macros:
            self.fail(f"{name} is no process")
        formal, body = model.macros[name]
        args = self.list_of(lambda: self.term(scope), ")") if self.skip("(") else []
        self.same_types(name, [kind for _, kind in formal], [kind for _, kind in args])
        return ("macro", [(x, term) for (x, _), (term, _) in zip(formal, args)], body)


def replaced(term, values):
    if term[0] == "var":
        return values.get(term[1], term)
    if term[0] == "tuple":
        return ("tuple", [replaced(part, values) for part in term[1]])
    if term[0] in ("app", "app!"):
        return (term[0], term[1], [replaced(part, values) for part in term[2]])
    return term


def read(libraries, path):
    model = Model()
    for library in libraries:
        parser = Parser(model, library.read_text(), library.name)
        parser.declarations()
        if parser.peek():
            parser.fail("a library has declarations only")
    parser = Parser(model, path.read_text(), path.name)
    parser.declarations()
    parser.take("process")
    model.process = parser.process({})
    if parser.peek():
        parser.fail("the end expected")
    return model
