"""From measured encodes to `[[quicker]]` rows of the catalogue; settings.py measures. A candidate is a preset and what is taken from the rung's
CRF. Its share is what the plan expects the picture to need with it, as a part of the cap: the plan takes the first row whose `up_to` is
not below that share, so a row must hold for every clip up to there.
"""
import itertools
import math

# x264's presets, quickest first, as far as they are tried.
PRESETS = ["superfast", "veryfast", "faster", "fast"]
# Films differ from these clips: a row ends this part before the first share at which a candidate failed, and never after the last at which it held.
MARGIN = 0.1


def limits(rows):
    """Of each purpose and candidate: up to which share it holds on all clips. A row has `purpose`, `preset`, `crf_less`, `share`, `as_good`,
    `small`, `clip`, `rung`, `cpu_s` and `target_cpu_s`."""
    found = {}
    for row in rows:
        found.setdefault((row["purpose"], PRESETS.index(row["preset"]), row["crf_less"]), []).append(row)
    for (purpose, preset, less), all_rows in sorted(found.items()):
        failed = min((row["share"] for row in all_rows if not (row["as_good"] and row["small"])), default=math.inf)
        held = max((row["share"] for row in all_rows if row["share"] < failed), default=0)
        # Two digits, rounded down; the catalogue takes no share above 1.
        up_to = math.floor(min(held, failed * (1 - MARGIN), 1) * 100 + 1e-9) / 100
        kept = [row for row in all_rows if row["share"] <= up_to]
        failures = [f"{row['clip']}, {row['rung']}" for row in all_rows if row["share"] == failed]
        yield {"purpose": purpose, "preset": PRESETS[preset], "crf_less": less, "up_to": up_to, "held": held,
               "failed": None if failed == math.inf else failed, "failed_by": failures, "kept": len(kept), "of": len(all_rows),
               "saved_cpu_s": round(sum(row["target_cpu_s"] - row["cpu_s"] for row in kept), 2)}


def proposed(rows):
    """For each purpose the rows that take the least processor time over all clips: at most one candidate of each preset, quickest first, with
    rising `up_to` as the catalogue requires. Of equal ones the shortest list, then the first."""
    chosen = []
    for purpose in sorted({row["purpose"] for row in rows}, reverse=True):
        own = [row for row in rows if row["purpose"] == purpose]
        usable = [limit for limit in limits(own) if limit["kept"]]
        choices = [[None, *(limit for limit in usable if limit["preset"] == preset)] for preset in PRESETS]
        lists = [_rising([limit for limit in choice if limit]) for choice in itertools.product(*choices)]
        chosen += min(lists, key=lambda limits: (round(cpu_s(own, limits), 2), len(limits)))
    return chosen


def _rising(chosen):
    """The same rows, each ending before the next one does: what holds up to a share also holds up to less."""
    rising, below = [], math.inf
    for limit in reversed(chosen):
        below = min(limit["up_to"], round(below - 0.01, 2))
        if below > 0:
            rising.insert(0, limit | {"up_to": below})
    return rising


def cpu_s(rows, chosen):
    """Processor seconds of all clips of one purpose if the plan chooses among these: the first row that applies, else the target's settings."""
    pictures = {}
    for row in rows:
        pictures.setdefault((row["clip"], row["rung"]), {})[row["preset"], row["crf_less"]] = row
    total = 0.0
    for candidates in pictures.values():
        ways = (candidates[limit["preset"], limit["crf_less"]] | {"up_to": limit["up_to"]} for limit in chosen)
        own = next(iter(candidates.values()))["target_cpu_s"]
        total += next((way["cpu_s"] for way in ways if way["share"] <= way["up_to"]), own)
    return total


def toml(chosen):
    """Rows as ladders.toml has them."""
    return "\n".join(f"[[quicker]]\npurpose = \"{row['purpose']}\"\npreset = \"{row['preset']}\"\ncrf_less = {row['crf_less']:g}\nup_to = {row['up_to']:g}\n"
                     for row in chosen)
