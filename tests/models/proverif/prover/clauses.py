"""Turns a model into Horn clauses, as ProVerif's papers describe: what the attacker can know, which events can happen, and for a weak
secret which pairs (with the true secret, with a wrong one) the attacker can tell apart."""

import itertools

from solver import TUPLE, Solver, apply, match, moved, symbols, unify, walk


def text(term):
    if term[0] in ("var", "name"):
        return term[1]
    parts = term[1] if term[0] == "tuple" else term[2]
    inner = ", ".join(text(part) for part in parts)
    name = "" if term[0] == "tuple" else term[1]
    return f"{name}({inner})" if parts or not name else name


class Translation:
    def __init__(self, model):
        self.model = model
        self.fresh = itertools.count(1)
        self.tuples = set()
        data = {f.name for f in model.functions.values() if f.data} | {TUPLE}
        self.solver = Solver(data)
        for function in model.functions.values():
            for left, right in function.rules or []:
                if right[0] != "app!" and function.rules[0][1][0] == "app!":
                    self.solver.reducible.append((function.name, *self.rule(left, right)[0]))
        self.public = {name for name, (kind, private) in model.names.items() if not private}
        self.wanted = {}  # event -> "end" where it is asked about, "begin" where it must come before, "inj" where once each
        self.watches = False  # Whether what is never sent is looked for.
        self.path = ()  # The process macros in which it is.

    def variable(self):
        return next(self.fresh)

    # Terms

    def values(self, term, scope, bound):
        """Every (value, bindings) that the term can have."""
        what = term[0]
        if what == "var":
            yield scope[term[1]], bound
        elif what == "name":
            yield ("name " + term[1],), bound
        elif what == "tuple":
            self.tuples.add(len(term[1]))
            for parts, after in self.all_values(term[1], scope, bound):
                yield (TUPLE, *parts), after
        else:
            function = self.model.functions[term[1]]
            for parts, after in self.all_values(term[2], scope, bound):
                if function.rules is None or what == "app!":
                    yield (function.name, *parts), after
                    continue
                for left, right in function.rules:
                    left, right, _ = self.rule(left, right)
                    found = unify((TUPLE, *parts), (TUPLE, *left), dict(after))
                    if found is not None:
                        yield right, found

    def all_values(self, terms, scope, bound):
        if not terms:
            yield [], bound
            return
        for value, after in self.values(terms[0], scope, bound):
            for rest, last in self.all_values(terms[1:], scope, after):
                yield [value, *rest], last

    def rule(self, left, right):
        """A destructor's rule with new variables."""
        scope = {}

        def renamed(term):
            if term[0] == "var":
                return scope.setdefault(term[1], self.variable())
            if term[0] == "tuple":
                self.tuples.add(len(term[1]))
                return (TUPLE, *[renamed(part) for part in term[1]])
            return (term[1], *[renamed(part) for part in term[2]])

        return [renamed(part) for part in left], renamed(right), set(scope.values())

    def matched(self, pattern, value, scope, bound):
        """Every (scope, bindings) in which the value fits the pattern."""
        if pattern[0] == "bind":
            yield {**scope, pattern[1]: value}, bound
        elif pattern[0] == "equal":
            for wanted, after in self.values(pattern[1], scope, bound):
                found = unify(wanted, value, dict(after))
                if found is not None:
                    yield scope, found
        else:
            self.tuples.add(len(pattern[1]))
            parts = [self.variable() for _ in pattern[1]]
            found = unify((TUPLE, *parts), value, dict(bound))
            if found is None:
                return
            states = [(scope, found)]
            for part, wanted in zip(parts, pattern[1]):
                states = [after for now, so_far in states for after in self.matched(wanted, part, now, so_far)]
            yield from states

    # Processes

    def is_public(self, channel):
        return not isinstance(channel, int) and channel[0].removeprefix("name ") in self.public and len(channel) == 1

    def passes(self, process, hypotheses, bound):
        """The process gets to what it sends here wherever the hypotheses hold."""
        if self.watches:
            needed = [fact for fact in hypotheses if fact[0] != "begin"]
            self.clause(needed, ("passes", (self.place(process),)), bound, "gets here")

    def place(self, process):
        return " ".join(str(part) for part in (*self.path, id(process)))

    def clause(self, hypotheses, conclusion, bound, why):
        self.solver.add([apply(fact, bound) for fact in hypotheses], apply(conclusion, bound), (), (why,))

    def walk(self, process, scope, seen, sessions, hypotheses, bound):
        """seen: what names made here depend on."""
        what = process[0]
        if what == "nil":
            return
        if what == "par":
            for part in process[1:]:
                self.walk(part, scope, seen, sessions, hypotheses, bound)
        elif what == "repeat":
            session = self.variable()
            self.walk(process[1], scope, [*seen, session], [*sessions, session], hypotheses, bound)
        elif what == "new":
            # A name of its own for each place from which its process macro is used.
            name = (f"new {process[1]} {self.place(process)}", *seen)
            self.walk(process[2], {**scope, process[1]: name}, seen, sessions, hypotheses, bound)
        elif what == "out":
            for (channel, value), after in self.all_values([process[1], process[2]], scope, bound):
                channel = walk(channel, after)
                fact = ("att", value) if self.is_public(channel) else ("mess", channel, value)
                self.passes(process, hypotheses, after)
                self.clause(hypotheses, fact, after, f"sent: {text(process[2])}")
                self.walk(process[3], scope, seen, sessions, hypotheses, after)
        elif what == "in":
            for channel, after in self.values(process[1], scope, bound):
                value, channel = self.variable(), walk(channel, after)
                fact = ("att", value) if self.is_public(channel) else ("mess", channel, value)
                for inner, last in self.matched(process[2], value, scope, after):
                    self.walk(process[3], inner, [*seen, value], sessions, [*hypotheses, fact], last)
        elif what == "let":
            for value, after in self.values(process[2], scope, bound):
                for inner, last in self.matched(process[1], value, scope, after):
                    self.walk(process[3], inner, seen, sessions, hypotheses, last)
        elif what == "event":
            for parts, after in self.all_values(process[2], scope, bound):
                event, how = (process[1], *parts), self.wanted.get(process[1], ())
                if "end" in how:
                    self.clause(hypotheses, ("end", event, (TUPLE, *sessions)), after, f"event {process[1]}")
                begun = ("begin", event, (TUPLE, *seen)) if "inj" in how else ("begin", event)
                more = [*hypotheses, begun] if "begin" in how else hypotheses
                self.walk(process[3], scope, seen, sessions, more, after)
        elif what == "insert":
            for parts, after in self.all_values(process[2], scope, bound):
                self.clause(hypotheses, ("table " + process[1], *parts), after, f"insert {process[1]}")
                self.walk(process[3], scope, seen, sessions, hypotheses, after)
        elif what == "get":
            value = [self.variable() for _ in process[2][1]]
            fact = ("table " + process[1], *value)
            for inner, last in self.matched(process[2], (TUPLE, *value), scope, bound):
                self.walk(process[3], inner, [*seen, *value], sessions, [*hypotheses, fact], last)
        elif what == "macro":
            outside = self.path
            self.path = (*outside, id(process))
            for values, after in self.all_values([term for _, term in process[1]], scope, bound):
                inner = dict(zip((x for x, _ in process[1]), values))
                self.walk(process[2], inner, seen, sessions, hypotheses, after)
            self.path = outside

    # The attacker

    def useful(self):
        """Functions that can make a difference: constructors that the processes use, and destructors of them alone."""
        used, todo = set(), [self.model.process]
        while todo:
            part = todo.pop()
            if isinstance(part, (tuple, list)):
                if len(part) == 3 and part[0] == "app":
                    used.add(part[1])
                todo += part
        made = {name for name in used if self.model.functions[name].rules is None}
        for function in self.model.functions.values():
            if function.rules is None:
                if function.name in made and not function.private:
                    yield function
                continue
            needed = set()
            for left, _ in function.rules:
                for term in self.rule(left, left[0])[0]:
                    symbols(term, needed)
            if needed - {TUPLE, function.name} <= made | {name for name in used if self.model.functions[name].rules}:
                yield function

    def attacker(self):
        add = self.solver.add
        for name in self.public:
            add([], ("att", ("name " + name,)), (), (f"public {name}",))
        x, y = self.variable(), self.variable()
        add([], ("att", ("new of the attacker", x)), (), ("attacker's own",))
        add([("mess", x, y), ("att", x)], ("att", y), (), ("listens",))
        add([("att", x), ("att", y)], ("mess", x, y), (), ("sends",))
        for function in self.useful():
            if function.rules is None:
                self.builds("att", function.name, len(function.args))
            else:
                for left, right in function.rules:
                    fixed = self.stays(function.rules, right)
                    left, right, _ = self.rule(left, right)
                    add([("att", part) for part in left], ("att", right), fixed(left), (f"attacker: {function.name}",))
        for arity in self.tuples:
            self.builds("att", TUPLE, arity)

    def stays(self, rules, right):
        """Where a term stays as it is: no equation fits its parts."""
        if right[0] != "app!":
            return lambda parts: []

        def differs(parts):
            others = [self.rule(*rule) for rule in rules if rule[1][0] != "app!"]
            return [((TUPLE, *parts), (TUPLE, *left), frozenset(every)) for left, _, every in others]

        return differs

    def builds(self, fact, symbol, arity):
        left = [self.variable() for _ in range(arity)]
        if fact == "att":
            self.solver.add([("att", x) for x in left], ("att", (symbol, *left)), (), (f"attacker: {symbol}",))
        else:
            right = [self.variable() for _ in range(arity)]
            facts = [("guess", x, y) for x, y in zip(left, right)]
            self.solver.add(facts, ("guess", (symbol, *left), (symbol, *right)), (), (f"guesser: {symbol}",))

    # Guessing: what is known with the true secret beside what it would be with a wrong one.

    def guesser(self, secret):
        add, bad = self.solver.add, ("bad",)
        x, y, z = self.variable(), self.variable(), self.variable()
        add([("att", x)], ("guess", x, x), (), ("known",))
        add([], ("guess", ("name " + secret,), ("a wrong guess",)), (), ("the guess",))
        add([("guess", x, y), ("guess", x, z)], bad, [(y, z, frozenset())], ("equal with the true secret only",))
        add([("guess", y, x), ("guess", z, x)], bad, [(y, z, frozenset())], ("equal with a wrong secret only",))
        destructors = {}
        for function in self.useful():
            if function.rules is None and not function.args:
                continue  # Known, and the same on both sides.
            if function.rules is None:
                self.builds("guess", function.name, len(function.args))
            else:
                destructors[function.name] = function.rules
        for arity in self.tuples:
            self.builds("guess", TUPLE, arity)
            for i in range(arity):
                parts = [("var", f"x{j}") for j in range(arity)]
                destructors[f"part {i} of {arity}"] = [([("tuple", parts)], parts[i])]
        for name, rules in destructors.items():
            for (left, right), (left2, right2) in itertools.product(rules, rules):
                fixed, fixed2 = self.stays(rules, right), self.stays(rules, right2)
                left, right, _ = self.rule(left, right)
                left2, right2, _ = self.rule(left2, right2)
                facts = [("guess", one, other) for one, other in zip(left, left2)]
                add(facts, ("guess", right, right2), [*fixed(left), *fixed2(left2)], (f"guesser: {name}",))
            for left, right in rules:
                left, _, _ = self.rule(left, right)
                others = [self.variable() for _ in left]
                fails = []
                for wrong, result in rules:
                    wrong, _, every = self.rule(wrong, result)
                    fails.append(((TUPLE, *others), (TUPLE, *wrong), frozenset(every)))
                add([("guess", one, other) for one, other in zip(left, others)], bad, fails, (f"{name} works with the true secret only",))
                add([("guess", other, one) for one, other in zip(left, others)], bad, fails, (f"{name} works with a wrong secret only",))


def places(process, path=()):
    """Everything that a process sends: (where it is, what it is)."""
    what = process[0]
    if what == "out":
        yield " ".join(str(part) for part in (*path, id(process))), text(process[2])
    inner = (*path, id(process)) if what == "macro" else path
    for part in process[1:]:
        if isinstance(part, tuple) and part and part[0] in STEPS:
            yield from places(part, inner)


STEPS = {"nil", "par", "repeat", "new", "out", "in", "let", "event", "insert", "get", "macro"}


def asked(query, translation):
    """Which events the query speaks of, and how."""

    def how(fact):
        return translation.wanted.setdefault(fact[1], set())

    if query[0] == "never":
        for fact in query[1]:
            how(fact).add("end")
        return
    _, left, right = query
    how(left).add("end")
    for fact in right:
        how(fact).add("begin")
        if left[0] == fact[0] == "inj-event":
            how(fact).add("inj")


def history(clause, steps):
    """What the attack is made of."""
    for part in clause.origin:
        if isinstance(part, str):
            steps.setdefault(part)
        else:
            history(part, steps)
    return list(steps)


def judge(model):
    """([(whether it holds, the steps that break it)], one for each query; how many clauses were looked
    at; what no run sends)"""
    weak = [query for query in model.queries if query[0] == "weak"]
    if weak and len(model.queries) > 1:
        raise ValueError("a weak secret is asked about alone")
    if weak:
        return tests(model, weak[0])
    return happens(model)


def tests(model, query):
    """Whether anybody can test the weak secret, and, if nobody can, what is never sent."""
    translation = Translation(model)
    translation.watches = True
    translation.walk(model.process, {}, [], [], [], {})
    translation.guesser(query[1])
    translation.attacker()
    solver = translation.solver
    solver.saturate(enough="bad")
    passed = {clause.conclusion[1][0] for clause in solver.solved["passes"]}
    dead = [words for place, words in places(model.process) if place not in passed]
    return [verdict(solver.solved["bad"])], solver.steps, dead


def happens(model):
    """All queries about events, from the same clauses."""
    translation = Translation(model)
    for query in model.queries:
        asked(query, translation)
    translation.walk(model.process, {}, [], [], [], {})
    for number, query in enumerate(model.queries):
        if query[0] == "never":
            together(translation, query[1], number)
    translation.attacker()
    solver = translation.solver
    solver.saturate()
    found = []
    for number, query in enumerate(model.queries):
        if query[0] == "corresp":
            found.append(verdict(unmet(translation, query)))
        else:
            bad = ("bad", (str(number),))
            found.append(verdict([way for way in solver.solved["bad"] if way.conclusion == bad]))
    return found, solver.steps, []


def verdict(broken):
    return not broken, history(broken[0], {}) if broken else []


def patterns(scope, variable):
    """Turns a query's terms into the solver's."""

    def pattern(term):
        if term[0] == "var":
            if term[1] not in scope:
                scope[term[1]] = variable()
            return scope[term[1]]
        if term[0] == "tuple":
            return (TUPLE, *[pattern(part) for part in term[1]])
        if term[0] == "name":
            return ("name " + term[1],)
        return (term[1], *[pattern(part) for part in term[2]])

    return pattern


def together(translation, facts, number):
    """Bad, for the query of that number, is that all these events happen in one run."""
    pattern = patterns({}, translation.variable)
    events = [(name, *[pattern(term) for term in args]) for _, name, args in facts]
    ends = [("end", event, translation.variable()) for event in events]
    translation.solver.add(ends, ("bad", (str(number),)), (), ("all of it happens",))


def unmet(translation, query):
    """The ways to the left event without the right ones before it."""
    _, left, right = query
    pattern = patterns({}, itertools.count().__next__)
    end = (left[1], *[pattern(term) for term in left[2]])
    wanted = [(left[0] == fact[0] == "inj-event", (fact[1], *[pattern(term) for term in fact[2]])) for fact in right]

    ways, broken = [], []
    for clause in translation.solver.solved["end"]:
        if clause.conclusion[1][0] != left[1]:
            continue
        bound = unify(end, moved(clause.conclusion[1], 1000), {})
        if bound is None:
            continue  # The query speaks of other values.
        bound = match(end, clause.conclusion[1], {})
        begun = [fact for fact in clause.hypotheses if fact[0] == "begin"]
        way = bound is not None and found(wanted, begun, bound)
        if way is False or way is None:
            broken.append(clause)
        else:
            ways.append((clause, way))
    # Injective: two different sessions of the end can't share one beginning.
    for (one, begun), (other, begun2) in itertools.combinations_with_replacement(ways, 2):
        for i, (inj, _) in enumerate(wanted):
            if inj:
                bound = unify(begun[i], moved(begun2[i], 1000), {})
                if bound is not None and apply(one.conclusion[2], bound) != apply(moved(other.conclusion[2], 1000), bound):
                    broken.append(one)
    return broken


def found(wanted, begun, bound):
    """For each wanted event the fact that shows it, or None."""
    if not wanted:
        return []
    _, event = wanted[0]
    for fact in begun:
        tried = match(event, fact[1], dict(bound))
        if tried is not None:
            rest = found(wanted[1:], begun, tried)
            if rest is not None:
                return [fact, *rest]
    return None
