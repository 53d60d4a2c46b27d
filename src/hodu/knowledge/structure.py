"""What SPARQL is slow at: circles of classes, and which entities no chain of facts connects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator


def circles(edges: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """The circles that a walk along these edges meets, each from its smallest id; none if and only if there are none."""
    after: dict[str, list[str]] = defaultdict(list)
    for start, end in edges:
        after[start].append(end)
    done: set[str] = set()
    for start in sorted(after):
        yield from _walk(start, after, done)


def _walk(start: str, after: dict[str, list[str]], done: set[str]) -> Iterator[tuple[str, ...]]:
    if start in done:
        return
    path, place = [start], {start: 0}
    ahead = [iter(sorted(after[start]))]
    while path:
        next_one = next(ahead[-1], None)
        if next_one is None:
            ahead.pop()
            done.add(path[-1])
            del place[path.pop()]
        elif next_one in place:
            circle = path[place[next_one] :]
            first = circle.index(min(circle))
            yield tuple(circle[first:] + circle[:first])
        elif next_one not in done:
            place[next_one] = len(path)
            path.append(next_one)
            ahead.append(iter(sorted(after.get(next_one, ()))))


class Islands:
    """Groups of entities that facts connect."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._parent: list[int] = []

    def __len__(self) -> int:
        return len(self._parent)

    def add(self, id: str) -> int:
        """Note an entity."""
        number = self._number.setdefault(id, len(self._parent))
        if number == len(self._parent):
            self._parent.append(number)
        return number

    def connect(self, one: str, other: str) -> None:
        """Note a fact."""
        a, b = self._root(self.add(one)), self._root(self.add(other))
        if a != b:
            self._parent[max(a, b)] = min(a, b)

    def _root(self, number: int) -> int:
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def found(self) -> Iterator[tuple[int, str]]:
        """Size and smallest id of each group but the largest."""
        roots = {id: self._root(number) for id, number in self._number.items()}
        sizes = Counter(roots.values())
        if not sizes:
            return
        largest = min(sizes, key=lambda root: (-sizes[root], root))
        smallest: dict[int, str] = {}
        for id, root in roots.items():
            if root != largest and id < smallest.get(root, "\uffff"):
                smallest[root] = id
        yield from ((sizes[root], id) for root, id in smallest.items())
