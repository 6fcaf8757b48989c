# SPDX-License-Identifier: Apache-2.0
"""build/bench/latest.json: what was seen last of every row, whichever run measured it."""
import datetime
import json
import os

LAYOUT = 2


class Book:
    def __init__(self, path):
        self.path = path
        self.kept = self.read() if path.exists() else {}
        if self.kept.get("layout") != LAYOUT:
            self.kept = {"layout": LAYOUT, "rows": {}}

    def read(self):
        """A damaged file is set aside: hours of measuring are in it, and a bench must not end over it."""
        try:
            kept = json.loads(self.path.read_text())
            if isinstance(kept, dict):
                return kept
        except ValueError:
            pass
        os.replace(self.path, self.path.with_suffix(".damaged"))
        return {}

    def __getitem__(self, identity):
        return self.kept["rows"].get(identity, {})

    def put(self, identity, result):
        """Written at once: a bench that is stopped has what it measured."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="minutes")
        before = self[identity]
        if "failed" in result and before and "failed" not in before:
            # What was seen before is worth more than why it could not be seen again.
            result = before | {"again": result["failed"]}
        self.kept["rows"][identity] = result | ({} if "again" in result else {"when": now})
        self.write()

    def set(self, key, value):
        self.kept[key] = value
        self.write()

    def write(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".new")
        part.write_text(json.dumps(self.kept, indent=1) + "\n")
        os.replace(part, self.path)

    def ordered(self, rows):
        """(id, result) of what is known, in the order of the plan."""
        known = self.kept["rows"]
        for row in rows:
            if row["id"] in known:
                yield row["id"], known[row["id"]]
