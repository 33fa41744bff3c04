"""What ours is compared with and may lose against it. The peers of ladder.py and mix.py encode with these settings, whatever preset and CRF the
catalogue's plan chooses: otherwise quicker settings would make the peer quicker, too. Caps, buffers, key frames and sizes are the plan's.
"""
PRESET = "medium"
CRF = {"master-1080": 17, "social-1080": 20, "web-1080": 22, "web-720": 22}

# The lowest differences of VMAF, ours less the other's: in the mean and in the 1st percentile of the frames.
MEAN, LOW = -0.1, -0.3
# A partner that encodes again takes more bits; viewers who play the file pay for them.
MOST_BYTES = {"re-encoding": 1.4, "playback": 1.1}


def compared(purpose, ours, other):
    """How a file differs from another one of the same picture, both as `rig.guard` describes them, and whether that is allowed. The VMAF
    figures are left out where it was not measured."""
    size = round(ours["kbps"] / other["kbps"], 3)
    found = {"size": size, "small": size <= MOST_BYTES[purpose]}
    if "vmaf" in ours and "vmaf" in other:
        mean, low = round(ours["vmaf"] - other["vmaf"], 3), round(ours["vmaf_p1"] - other["vmaf_p1"], 3)
        found |= {"mean": mean, "low": low, "as_good": mean >= MEAN and low >= LOW}
    return found


def words(purpose, found):
    """A line of `compared` for people."""
    line = f"size × {found['size']:.2f}, at most {MOST_BYTES[purpose]}: {_answer(found['small'])}"
    if "mean" not in found:
        return line + "; VMAF –"
    return line + f"; VMAF {found['mean']:+.2f} in the mean, {found['low']:+.2f} in the 1st percentile, at least {MEAN} and {LOW}: {_answer(found['as_good'])}"


def _answer(kept):
    return "yes" if kept else "NO"
