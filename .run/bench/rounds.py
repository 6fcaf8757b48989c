# SPDX-License-Identifier: Apache-2.0
"""Measures one row: the engines take turns (A B C A B C …), so that whatever else the machine does
falls on all of them."""
import statistics

from engines import NotYet
from machine import MOST_STOLEN, steadily
from shapes import label

PEERS = {"llama": "llama.cpp", "openvino": "OpenVINO"} # by their names in a bar


def measure(row, model, engines, settings, count, say, roof):
    """The row with speeds of every round, roof(model, shape, roofs beside ours) of every round, medians,
    and each round's ratios."""
    shape = row["shape"]
    result = {"model": row["model"], "label": label(shape), "depth": shape.get("depth", 0),
              "bar": row["bar"], "shape": shape, "engines": {}, "roofs": [], "stolen": 0.0}
    running = {}
    for engine in engines:
        try:
            setting = None if engine.name == "cloister" else settings.best(engine, model, shape)
        except Exception as reason: # the others are measured all the same
            result["engines"][engine.name] = {"missing": said(reason)}
            continue
        running[engine.name] = (engine, setting)
        searched = engine.name == "cloister" or settings.searched(engine, model, shape)
        result["engines"][engine.name] = {"setting": setting, "searched": searched, "speeds": []}
    for number in range(count):
        say(f"{row['model']}, {label(shape)}, depth {result['depth']}: round {number + 1} of {count}")
        for name, (engine, setting) in list(running.items()):
            try:
                (speed, beside), stolen = again(lambda: taken(engine, model, shape, setting))
            except Exception as reason:
                # What it reached in the rounds before is not a figure of this row.
                result["engines"][name] = {"missing": said(reason), "setting": setting}
                del running[name]
                continue
            result["engines"][name]["speeds"].append(speed)
            result["stolen"] = max(result["stolen"], stolen)
            if name == "cloister":
                result["roofs"].append(roof(model, shape, beside))
    return conclude(result)


def taken(engine, model, shape, setting):
    return engine.measure(model, shape, setting), getattr(engine, "roofs_beside", None)


def again(take):
    """A program that ended once may be started once more."""
    try:
        return steadily(take)
    except NotYet:
        raise
    except Exception:
        return steadily(take)


def said(reason):
    return (f"{reason}".splitlines() or [type(reason).__name__])[0][:200]


def conclude(result):
    ours = result["engines"]["cloister"].get("speeds")
    if not ours:
        result["failed"] = result["engines"]["cloister"].get("missing", "no figure")
    for entry in result["engines"].values():
        if entry.get("speeds"):
            entry["median"] = statistics.median(entry["speeds"])
            if ours:
                entry["ratios"] = [a / b for a, b in zip(ours, entry["speeds"])]
                entry["ratio"] = statistics.median(entry["ratios"])
    if ours and all(result["roofs"]):
        result["share"] = statistics.median(a / b for a, b in zip(ours, result["roofs"]))
    result["disturbed"] = result["stolen"] > MOST_STOLEN
    return result


def judge(result):
    """Whether the row's bar is met; None where something that it needs is missing."""
    engines, bar = result["engines"], result["bar"]
    ratios = {short: engines.get(name, {}).get("ratio") for short, name in PEERS.items()}
    # The faster peer is the one with the smaller ratio; which one it is needs both.
    ratios["best"] = min(ratios.values()) if all(ratios.values()) else None
    result["best"] = ratios["best"]
    values = ratios | {"roof": result.get("share")}
    wanted = [(values[key], bar[key]) for key in ("llama", "openvino", "best", "roof") if key in bar]
    if not engines["cloister"].get("speeds") or any(value is None for value, _ in wanted):
        return None
    # A peer at its start setting shows where a bar is missed, not where it is met.
    searched = all(entry.get("searched", True) for entry in engines.values() if entry.get("speeds"))
    if all(value >= least for value, least in wanted):
        return True if searched else None
    near = bar.get("enough") and (result.get("share") or 0) >= bar["enough"]
    # A bar that names one peer alone is that peer's: no other can be forced to the tier.
    rivals = [peer for peer in PEERS if peer in bar] if "best" not in bar else PEERS
    if not near or any(ratios[peer] and ratios[peer] < 1.0 for peer in rivals):
        return False
    # A peer that is missing may be the faster one.
    return True if searched and all(ratios[peer] for peer in rivals) else None
