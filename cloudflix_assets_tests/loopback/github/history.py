"""The history of a repository on a loopback GitHub, as real git objects."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from dulwich.objects import Blob, Commit, ObjectID, Tree


class History:
    """A repository with one branch; a test makes and dates its commits."""

    def __init__(self) -> None:
        self.commits: dict[bytes, Commit] = {}
        self.trees: dict[bytes, Tree] = {}
        self.blobs: dict[bytes, Blob] = {}
        self.head: Commit | None = None

    def commit(self, files: Mapping[str, bytes], when: datetime, author: datetime | None = None) -> str:
        """Commit `files` (by path) as the whole content, at the moment `when`; return the commit's hash."""
        commit = Commit()
        commit.tree = self._tree(files)
        commit.parents = [self.head.id] if self.head else []
        commit.author = commit.committer = b"Ana <ana@example.org>"
        commit.commit_time, commit.author_time = int(when.timestamp()), int((author or when).timestamp())
        commit.commit_timezone = commit.author_timezone = 0
        commit.message = b"publish"
        self.commits[commit.id] = self.head = commit
        return commit.id.decode()

    def _tree(self, files: Mapping[str, bytes]) -> ObjectID:
        tree = Tree()
        folders: dict[str, dict[str, bytes]] = defaultdict(dict)
        for path, content in files.items():
            first, _, rest = path.partition("/")
            if rest:
                folders[first][rest] = content
            else:
                blob = Blob.from_string(content)
                self.blobs[blob.id] = blob
                tree.add(first.encode(), 0o100644, blob.id)
        for name, inside in folders.items():
            tree.add(name.encode(), 0o040000, self._tree(inside))
        self.trees[tree.id] = tree
        return tree.id

    def last(self, until: datetime | None, path: str) -> list[Commit]:
        """Return a list of the newest commit that is not later than `until` and changed `path`, or []."""
        commit = self.head
        while commit:
            parent = self.commits[commit.parents[0]] if commit.parents else None
            touched = self.at(commit, path) != (self.at(parent, path) if parent else None)
            if touched and (until is None or commit.commit_time <= until.timestamp()):
                return [commit]
            commit = parent
        return []

    def at(self, commit: Commit, path: str) -> bytes | None:
        """Return the hash of the file or folder at a path in a commit, or None."""
        found: bytes = commit.tree
        for part in filter(None, path.split("/")):
            tree = self.trees.get(found)
            if tree is None or part.encode() not in tree:
                return None
            found = tree[part.encode()][1]
        return found
