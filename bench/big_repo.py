"""A repository as large as those of old firms, from a seed: the same bytes in every run, made by
`git fast-import` in less time than fetching a real one would take."""

import contextlib
import dataclasses
import os
import random
import shutil
import subprocess

import harness

SEED = 20240229
FIRST_DAY = 1_600_000_000  # of the history; a commit a minute
FORM = 1  # of what is generated: one more when it changes, so that no old cache is taken for it
LINES_A_FILE = 75  # about 3.5 KB
FILES_A_FOLDER = 40
PERSON = "Ada <ada@example.org>"


@dataclasses.dataclass(frozen=True)
class Size:
    files: int
    commits: int
    branches: int

    def __str__(self):
        return f"{self.files:,} files, {self.commits:,} commits, {self.branches:,} branches"


def path_of(number):
    """Two levels of folders, as sources have them."""
    folder = number // FILES_A_FOLDER
    return f"part{folder // 25:02}/module{folder % 25:02}/file{number % FILES_A_FOLDER:02}.txt"


def git(*arguments, env=None, timeout=900):
    done = harness.run("git", *arguments, env=env, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"git {' '.join(str(a) for a in arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


class Import:
    """One run of `git fast-import`; the commits are there when it ends."""

    def __init__(self, repository):
        self.process = subprocess.Popen(
            ["git", "-C", str(repository), "fast-import", "--quiet", "--force"],
            env=harness.ENVIRONMENT, stdin=subprocess.PIPE)
        self.write = self.process.stdin.write

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        with contextlib.suppress(BrokenPipeError):  # what it said of its end stands above
            self.process.stdin.close()
        if self.process.wait() != 0 and not kind:
            raise RuntimeError("git fast-import failed")

    def commit(self, branch, minute, message, files, after=None):
        """`files`: (path, content) each; `after`: what a new branch starts from."""
        text = message.encode()
        self.write(f"commit refs/heads/{branch}\ncommitter {PERSON} {FIRST_DAY + 60 * minute}"
                   f" +0000\ndata {len(text)}\n".encode() + text + b"\n")
        if after:
            self.write(f"from {after}\n".encode())
        for path, content in files:
            self.write(f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n")
        self.write(b"\n")


class Text:
    """Lines that look like sources to zlib: words that come again, in an order that doesn't."""

    def __init__(self):
        self.random = random.Random(SEED)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        often = range(27, 1, -1)
        words = ["".join(self.random.choices(letters, often, k=self.random.randint(2, 9)))
                 for _ in range(3000)]
        self.lines = [(" ".join(self.random.choices(words, k=7)) + "\n").encode()
                      for _ in range(20_000)]

    def file(self, name):
        lines = self.random.choices(self.lines, k=self.random.randint(1, 2 * LINES_A_FILE))
        return f"{name}\n".encode() + b"".join(lines)


def generate(path, size):
    """Into a bare repository: one file changed by each commit, each branch a commit of its own."""
    git("init", "-q", "--bare", "-b", "main", path)
    text = Text()
    contents = [text.file(path_of(i)) for i in range(size.files)]
    on_main = max(size.commits - size.branches, 1)
    every = max(on_main // max(size.branches, 1), 1)
    made = 0
    with Import(path) as into:
        into.commit("main", 0, "All files", [(path_of(i), contents[i]) for i in range(size.files)])
        for minute in range(1, on_main):
            number = text.random.randrange(size.files)
            contents[number] = contents[number] + text.random.choice(text.lines)
            into.commit("main", minute, f"Change {minute}", [(path_of(number), contents[number])])
            if made < size.branches and minute % every == 0:
                branch_off(into, made, minute)
                made += 1
        while made < size.branches:
            branch_off(into, made, on_main)
            made += 1
    git("-C", path, "repack", "-adq")
    git("-C", path, "pack-refs", "--all")


def branch_off(into, number, minute):
    into.commit(f"topic/{number:05}", minute, f"Topic {number}",
                [(f"topics/{number:05}.txt", f"topic {number}\n".encode())],
                after="refs/heads/main")


def cached(folder, size):
    """The repository of this size in the folder, made where it isn't there yet."""
    path = folder / f"origin-{FORM}-{size.files}-{size.commits}-{size.branches}.git"
    if not path.exists():
        half_made = path.with_suffix(".making")
        shutil.rmtree(half_made, ignore_errors=True)
        try:
            generate(half_made, size)
            os.rename(half_made, path)
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
    return path


class Origin:
    """A copy of the cached repository that grows by the commits of a run."""

    def __init__(self, folder, cache, size):
        self.size = size
        self.path = folder / f"origin-{size.files}.git"
        self.round = 0
        git("clone", "-q", "--bare", cache, self.path)

    def tip(self):
        return git("-C", self.path, "rev-parse", "refs/heads/main")

    def change(self, files=1):
        """The id of a new commit on main that changes the first so many files."""
        self.round += 1
        with Import(self.path) as into:
            into.commit("main", self.size.commits + self.round, f"Round {self.round}",
                        [(path_of(i), self.content(i)) for i in range(files)],
                        after="refs/heads/main^0")
        return self.tip()

    def content(self, number):
        """As long as the average file, and new in every round."""
        head = f"{path_of(number)} in round {self.round}\n"
        return (head * (3500 // len(head))).encode()
