"""Started as a program of its own by `gitapart.py`: are the objects of a commit what their names say?

Git looks at the name of what it reads only here and there, so whoever can write in a repository can put
another tree in the place of one that a commit holds. Words: the path of git, the repository, the commit.
Exits 0 when the commit and all its trees are theirs, 1 naming the first that is not, 2 when git cannot tell.
Standard library only.
"""

import hashlib
import subprocess
import sys


def main(git: str, where: str, commit: str) -> int:
    listed = subprocess.run(
        [git, "-C", where, "ls-tree", "-r", "-d", "-z", commit], stdout=subprocess.PIPE
    )
    if listed.returncode != 0:
        return 2
    records = [record.split(b"\t", 1)[0].split() for record in listed.stdout.split(b"\0") if record]
    trees = [name for _, kind, name in records if kind == b"tree"]
    with subprocess.Popen(
        [git, "-C", where, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reading:
        assert reading.stdin is not None
        assert reading.stdout is not None
        for name in dict.fromkeys([commit.encode(), f"{commit}^{{tree}}".encode(), *trees]):
            reading.stdin.write(name + b"\n")
            reading.stdin.flush()
            named, kind, size = reading.stdout.readline().split()
            content = reading.stdout.read(int(size))
            reading.stdout.read(1)
            algorithm = "sha256" if len(named) == 64 else "sha1"
            found = hashlib.new(algorithm, b"%s %s\0%s" % (kind, size, content)).hexdigest()
            if found.encode() != named:
                print(named.decode(), file=sys.stderr)
                return 1
        reading.stdin.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
