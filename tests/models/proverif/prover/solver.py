"""Resolution of Horn clauses with a selected hypothesis, as ProVerif does it: what is left are clauses whose hypotheses the attacker can
always fulfil, so a fact that none of them concludes is out of reach.

A term is a variable (an int) or (symbol, argument...). A fact is a term. A clause is Clause(hypotheses, conclusion, differs): differs holds
(left, right, for_all), which says that left and right differ whatever the variables in for_all are."""

import heapq
import itertools
from collections import defaultdict
from typing import NamedTuple

TUPLE = "tuple"


class Clause(NamedTuple):
    hypotheses: tuple
    conclusion: tuple
    differs: tuple = ()
    origin: tuple = ()
    symbols: frozenset = frozenset()
    variables: int = 0  # How many: they are numbered from 0.
    chosen: int = None  # Which hypothesis is resolved next, if any.


def symbols(term, found):
    if not isinstance(term, int):
        found.add(term[0])
        for part in term[1:]:
            symbols(part, found)
    return found


def walk(term, bound):
    while isinstance(term, int) and term in bound:
        term = bound[term]
    return term


def apply(term, bound):
    term = walk(term, bound)
    if isinstance(term, int) or len(term) == 1:
        return term
    return (term[0], *[apply(part, bound) for part in term[1:]])


def occurs(variable, term, bound):
    term = walk(term, bound)
    if isinstance(term, int):
        return term == variable
    return any(occurs(variable, part, bound) for part in term[1:])


def unify(left, right, bound):
    """Makes both the same; bound grows. None where that can't be."""
    todo = [(left, right)]
    while todo:
        one, other = todo.pop()
        one, other = walk(one, bound), walk(other, bound)
        if one == other:
            continue
        if isinstance(one, int):
            if occurs(one, other, bound):
                return None
            bound[one] = other
        elif isinstance(other, int):
            if occurs(other, one, bound):
                return None
            bound[other] = one
        elif one[0] != other[0] or len(one) != len(other):
            return None
        else:
            todo += zip(one[1:], other[1:])
    return bound


def clash(left, right):
    """Whether two terms can't be made the same, at a quick look: no means nothing."""
    if isinstance(left, int) or isinstance(right, int):
        return False
    return left[0] != right[0] or len(left) != len(right) or any(map(clash, left[1:], right[1:]))


def match(pattern, term, bound):
    """Like unify, but only the pattern's variables are bound."""
    todo = [(pattern, term)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, int):
            if one in bound:
                if bound[one] != other:
                    return None
            else:
                bound[one] = other
        elif isinstance(other, int) or one[0] != other[0] or len(one) != len(other):
            return None
        else:
            todo += zip(one[1:], other[1:])
    return bound


def variables(term, found):
    if isinstance(term, int):
        found.append(term)
    else:
        for part in term[1:]:
            variables(part, found)
    return found


def size(term):
    return 1 if isinstance(term, int) else 1 + sum(size(part) for part in term[1:])


class Solver:
    def __init__(self, data, limit=200_000):
        self.data = data  # Symbols whose parts the attacker always gets, and from which it always gets the whole.
        self.limit = limit
        self.solved = defaultdict(list)  # By the conclusion's predicate.
        self.open = defaultdict(list)  # By the selected hypothesis' predicate.
        self.queue = []
        self.seen = set()
        self.steps = 0
        self.reducible = []  # What equations rewrite.

    # What can be said more simply

    def simplified(self, hypotheses, conclusion, differs):
        """The same clause in its simplest form: none, one, or several."""
        kept = []
        for left, right, for_all in differs:
            found = unify(left, right, {})
            if found is None:
                continue  # They differ anyway.
            # Variables for all are chosen first, so that x = y with y for all says nothing.
            for x in [x for x, t in found.items() if x not in for_all]:
                t = walk(x, found)
                if isinstance(t, int) and t in for_all:
                    found[t] = x
                    del found[x]
            outside = {x: apply(t, found) for x, t in found.items() if x not in for_all}
            if not outside:
                return  # They can be the same whatever else holds.
            for_all = for_all & {y for t in outside.values() for y in variables(t, [])}
            if not for_all and len(outside) > 1:
                rest = kept + [other for other in differs if other[:2] != (left, right)]
                for x, t in outside.items():
                    yield from self.simplified(hypotheses, conclusion, rest + [(x, t, frozenset())])
                return
            if len(outside) == 1:
                ((left, right),) = outside.items()
            else:
                pairs = sorted(outside.items())
                left, right = (TUPLE, *[x for x, _ in pairs]), (TUPLE, *[t for _, t in pairs])
            if not for_all:
                left, right = sorted((left, right), key=repr)
            kept.append((left, right, for_all))
        flat, todo = [], list(hypotheses)
        while todo:
            fact = todo.pop(0)
            if fact[0] == "att" and not isinstance(fact[1], int) and fact[1][0] in self.data:
                todo[:0] = [("att", part) for part in fact[1][1:]]
            elif fact[0] == "guess" and self.same_data(*fact[1:]):
                todo[:0] = [("guess", *pair) for pair in zip(fact[1][1:], fact[2][1:])]
            elif fact not in flat:
                flat.append(fact)
        if conclusion in flat:
            return
        if conclusion[0] == "att" and not isinstance(conclusion[1], int) and conclusion[1][0] in self.data and len(conclusion[1]) > 1:
            for part in conclusion[1][1:]:
                yield from self.simplified(flat, ("att", part), kept)
            return
        # The clause that builds the whole stays: the other side of a pair may be no such whole.
        built = conclusion[0] == "guess" and all(isinstance(part, int) for fact in conclusion[1:] if not isinstance(fact, int) for part in fact[1:])
        if conclusion[0] == "guess" and self.same_data(*conclusion[1:]) and len(conclusion[1]) > 1 and not built:
            for pair in zip(conclusion[1][1:], conclusion[2][1:]):
                yield from self.simplified(flat, ("guess", *pair), kept)
            return
        while True:
            counted = defaultdict(int)
            for term in [*flat, conclusion, *[side for differ in kept for side in differ[:2]]]:
                for x in variables(term, []):
                    counted[x] += 1
            needed = [
                fact
                for fact in flat
                if not (fact[0] in ("att", "guess") and all(isinstance(part, int) and counted[part] == 1 for part in fact[1:]))
            ]
            if len(needed) == len(flat):
                break
            flat = needed
        yield self.condensed(flat, conclusion, kept), conclusion, kept

    def condensed(self, facts, conclusion, differs):
        """Without events that say less than another one of the same clause."""
        again = True
        while again:
            again = False
            begun = [fact for fact in facts if fact[0] == "begin"]
            for one, other in itertools.permutations(begun, 2):
                bound = match(one, other, {})
                if bound is None or apply_once(conclusion, bound) != conclusion:
                    continue
                if any((apply_once(a, bound), apply_once(b, bound)) != (a, b) for a, b, _ in differs):
                    continue
                fewer = list(dict.fromkeys(apply_once(fact, bound) for fact in facts))
                if len(fewer) < len(facts) and all(fact in facts for fact in fewer):
                    facts, again = fewer, True
                    break
        return facts

    def agreed(self, hypotheses, conclusion, differs):
        """Guesses that are the same on one side are the same on the other."""
        again = True
        while again:
            again = False
            guesses = list(dict.fromkeys(fact for fact in hypotheses if fact[0] == "guess"))
            for i, one in enumerate(guesses):
                for other in guesses[i + 1 :]:
                    if one[1] == other[1] or one[2] == other[2]:
                        bound = unify(one, other, {})
                        if bound is None:
                            return None, None, None
                        hypotheses = [apply(fact, bound) for fact in hypotheses]
                        conclusion = apply(conclusion, bound)
                        differs = [(apply(a, bound), apply(b, bound), every) for a, b, every in differs]
                        again = True
                        break
                if again:
                    break
        return hypotheses, conclusion, differs

    def reduces(self, term):
        if isinstance(term, int):
            return False
        return any(match(left, term, {}) is not None for left in self.reducible) or any(self.reduces(part) for part in term[1:])

    def same_data(self, left, right):
        if isinstance(left, int) or isinstance(right, int):
            return False
        return left[0] in self.data and left[0] == right[0] and len(left) == len(right)

    def add(self, hypotheses, conclusion, differs=(), origin=()):
        if origin and not isinstance(origin[0], str):
            # Where two guesses disagree, the clauses of equality have told already.
            hypotheses, conclusion, differs = self.agreed(hypotheses, conclusion, differs)
            if hypotheses is None:
                return
        if self.reducible and any(self.reduces(term) for term in [conclusion, *hypotheses, *[side for differ in differs for side in differ[:2]]]):
            return  # The same is said with the simpler term.
        for facts, end, kept in self.simplified(hypotheses, conclusion, list(differs)):
            order = {}
            for term in [end, *facts, *[side for differ in kept for side in differ[:2]]]:
                for x in variables(term, []):
                    order.setdefault(x, len(order))
            facts = sorted(facts, key=lambda fact: (-size(fact), fact[0] == "att"))
            used = set()
            for term in [end, *facts]:
                symbols(term, used)
            said = (
                tuple(apply_new(fact, order) for fact in facts),
                apply_new(end, order),
                tuple((apply_new(a, order), apply_new(b, order), frozenset(order[x] for x in every if x in order)) for a, b, every in kept),
            )
            if said in self.seen:
                continue
            self.seen.add(said)
            clause = Clause(*said, origin, frozenset(used), len(order), self.selected(*said))
            weight = sum(size(fact) for fact in clause.hypotheses) + size(clause.conclusion)
            heapq.heappush(self.queue, (weight, len(self.seen), clause))

    # Which hypothesis is resolved next

    def selected(self, hypotheses, conclusion, differs):
        # The smallest first: a secret name that nobody tells ends the clause at once.
        for i in reversed(range(len(hypotheses))):
            fact = hypotheses[i]
            if fact[0] in ("att", "guess") and all(isinstance(part, int) for part in fact[1:]):
                continue
            if fact[0] != "begin":
                return i
        if conclusion[0] == "bad":
            # Two guesses that must agree, or one side that must differ: there is more to find out.
            for i, fact in enumerate(hypotheses):
                rest = [other for j, other in enumerate(hypotheses) if j != i]
                rest += [side for differ in differs for side in differ[:2]]
                others = [x for term in rest for x in variables(term, [])]
                if fact[0] == "guess" and any(x in others for x in fact[1:]):
                    return i
        return None

    def subsumes(self, general, special):
        if len(general.hypotheses) > len(special.hypotheses) or len(general.differs) > len(special.differs):
            return False
        if not general.symbols <= special.symbols:
            return False
        bound = match(general.conclusion, special.conclusion, {})
        if bound is None:
            return False

        def fit(i, bound, used):
            if i == len(general.hypotheses):
                return all(self.implied(differ, special, bound) for differ in general.differs)
            for j, fact in enumerate(special.hypotheses):
                if not used >> j & 1 and not clash(general.hypotheses[i], fact):
                    tried = match(general.hypotheses[i], fact, dict(bound))
                    if tried is not None and fit(i + 1, tried, used | 1 << j):
                        return True
            return False

        return fit(0, bound, 0)

    def implied(self, differ, special, bound):
        left, right, for_all = differ
        if for_all:
            free = {x: ("for all", (str(x),)) for x in for_all}
            mine = (apply_once(left, {**bound, **free}), apply_once(right, {**bound, **free}))
            for a, b, every in special.differs:
                if every:
                    renamed = match_all((TUPLE, a, b), (TUPLE, *mine), every)
                    if renamed:
                        return True
            return False
        mine = {apply_once(left, bound), apply_once(right, bound)}
        if len(mine) == 2 and unify(*mine, {}) is None:
            return True
        return any(not every and {a, b} == mine for a, b, every in special.differs)

    def saturate(self, enough=None):
        """Finds all that follows, or stops once something of the predicate enough does."""
        while self.queue and not self.solved[enough]:
            _, _, clause = heapq.heappop(self.queue)
            self.steps += 1
            if self.steps > self.limit:
                raise RuntimeError("too many clauses: no end in sight")
            known = self.solved[clause.conclusion[0]] + self.open[clause.conclusion[0]]
            if any(self.subsumes(other, clause) for other in known):
                continue
            for table in (self.solved, self.open):
                for key, others in table.items():
                    if key == clause.conclusion[0]:
                        table[key] = [other for other in others if not self.subsumes(clause, other)]
            if clause.chosen is None:
                self.solved[clause.conclusion[0]].append(clause)
                for others in list(self.open.values()):
                    for other in list(others):
                        self.resolve(clause, other)
            else:
                self.open[clause.conclusion[0]].append(clause)
                for other in list(self.solved[clause.hypotheses[clause.chosen][0]]):
                    self.resolve(other, clause)

    def resolve(self, rule, clause):
        i, shift = clause.chosen, clause.variables
        fact = clause.hypotheses[i]
        if clash(rule.conclusion, fact):
            return
        bound = unify(moved(rule.conclusion, shift), fact, {})
        if bound is None:
            return
        hypotheses = [apply(moved(other, shift), bound) for other in rule.hypotheses]
        rest = [apply(other, bound) for j, other in enumerate(clause.hypotheses) if j != i]
        differs = [
            (apply(moved(a, shift), bound), apply(moved(b, shift), bound), frozenset(x + shift for x in every))
            for a, b, every in rule.differs
        ]
        differs += [(apply(a, bound), apply(b, bound), every) for a, b, every in clause.differs]
        self.add(hypotheses + rest, apply(clause.conclusion, bound), differs, (rule, clause))


def apply_new(term, order):
    if isinstance(term, int):
        return order[term]
    return (term[0], *[apply_new(part, order) for part in term[1:]])


def apply_once(term, bound):
    """Each variable replaced by what it stands for, and that left as it is."""
    if isinstance(term, int):
        return bound.get(term, term)
    return (term[0], *[apply_once(part, bound) for part in term[1:]])


def match_all(pattern, term, renamed):
    """Same up to the names of the variables in renamed."""
    bound = {}
    todo = [(pattern, term)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, int):
            if one in renamed:
                if bound.setdefault(one, other) != other or isinstance(other, int) or other[0] != "for all":
                    return False
            elif one != other:
                return False
        elif isinstance(other, int) or one[0] != other[0] or len(one) != len(other):
            return False
        else:
            todo += zip(one[1:], other[1:])
    return True


def moved(term, shift):
    if isinstance(term, int):
        return term + shift
    return (term[0], *[moved(part, shift) for part in term[1:]])

