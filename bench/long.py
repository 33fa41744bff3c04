"""The longest entry that a contest takes, through the whole ladder: the peak memory of its children, the peak size of scratch, and
its progress. LENGTH_S (480), SIZE (1920x1080), SLOTS (2), CALM (0; 1 holds each picture for four seconds, which is encoded in a
tenth of the time and needs the same memory), FOOTAGE, CORES.
"""
import os
import threading
import time

import rig

PARTNERS = ["yangshipin", "weixin_channels", "guangming"]  # one for each class of rungs: four rungs together

# With an average of 23 Mbit/s, still pictures would be filled up. Key frames are so far apart that no partner takes a copy: all rungs are made.
CALM = ["-c:v", "libx264", "-preset", "superfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "16", "-g", "300",
        "-sc_threshold", "0"]


def size_of(directory):
    """Bytes in a directory; files with several names count once."""
    seen = {}
    for place, _, names in os.walk(directory):
        for name in names:
            try:
                found = os.lstat(os.path.join(place, name))
            except OSError:
                continue
            seen[found.st_ino] = found.st_size
    return sum(seen.values())


class Scratch(threading.Thread):
    """The peak size of a directory while this ran."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.directory, self.most, self.over = directory, 0, threading.Event()

    def run(self):
        while not self.over.wait(1):
            self.most = max(self.most, size_of(self.directory))


def progress_of(servers, entry):
    """The entry's progress by second, from its first byte received to its last finished file."""
    began, seen = time.monotonic(), []
    while True:
        status = servers.status(entry)
        reached = status.get("progress") or {}
        seen.append({"at_s": round(time.monotonic() - began, 1), "state": status["state"], "done": reached.get("done"),
                     "remaining_s": reached.get("remaining_s")})
        stuck = [part for part in status["parts"] if part["status"] == "parked"]
        if stuck or status["state"] in ("rejected", "awaiting_release"):
            return status, seen, stuck
        time.sleep(4)


def main():
    rig.pin()
    seconds, slots, calm = rig.number("LENGTH_S", 480), rig.number("SLOTS", 2), rig.number("CALM", 0)
    size = tuple(int(side) for side in rig.number("SIZE", "1920x1080").split("x"))
    files, words = rig.footage()
    with rig.work_dir(8 << 30) as work:
        work = rig.Path(work)
        catalogue = rig.catalogue(work / "catalogue", PARTNERS)
        reel = rig.reel(work, size, min(seconds, 24), files)
        if calm:
            rig.ffmpeg("-i", reel, "-vf", "fps=1/4,fps=25", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "6", work / "calm.mp4")
            reel, words = work / "calm.mp4", words + ", each picture for four seconds"
        film = rig.entry(work / "film.mp4", 0, seconds, reel, CALM if calm else rig.EXPORT)
        servers = rig.Servers(work, catalogue)
        try:
            servers.serve("all", SLOTS=str(slots))
            scratch = Scratch(work / "scratch")
            scratch.start()
            with rig.Meter(servers.roots()) as meter:
                entry = servers.submit(film, "long")
                status, seen, stuck = progress_of(servers, entry)
            scratch.over.set()
            scratch.join()
        finally:
            servers.close()
        megabytes = film.stat().st_size / 1e6
    assert not stuck and status["state"] == "awaiting_release", (status["state"], status.get("reason"), stuck)
    known = [look for look in seen if look["done"] is not None]
    steps = [(after["done"] - before["done"], before) for before, after in zip(known, known[1:])]
    assert all(step >= 0 for step, _ in steps), "progress never falls"
    largest, where = max(steps, key=lambda step: step[0])
    with_rest = sum(look["remaining_s"] is not None for look in known)
    took = known[-1]["at_s"]
    errors = [abs(look["at_s"] + look["remaining_s"] - took) / took for look in known if look["remaining_s"] is not None and look["at_s"] > took / 4]
    print(f"footage {words}; {seconds} s at {size[0]}×{size[1]}, {megabytes:.0f} MB, {len(status['renditions'])} files, {slots} slots")
    print(f"largest process {meter.largest_bytes / (1 << 20):.0f} MiB   target ≤ 1536")
    print(f"all processes together {meter.peak_bytes / (1 << 20):.0f} MiB; scratch at most {scratch.most / 1e6:.0f} MB")
    print(f"{took:.0f} s in all; progress looked at {len(known)} times, never fell, largest step {largest * 100:.1f} % (at {where['at_s']} s, {where['state']})")
    print(f"remaining time known {with_rest} times; from a quarter on its end was off by {100 * max(errors, default=0):.0f} % of the whole at most")
    data = {"machine": rig.machine(), "footage": words, "seconds": seconds, "size": size, "megabytes": megabytes, **meter.figures(),
            "scratch_mb": scratch.most / 1e6, "progress": seen}
    rig.report("long", data, [("largest process", meter.largest_bytes / (1 << 20)), ("all processes", meter.peak_bytes / (1 << 20)),
                              ("scratch", scratch.most / (1 << 20))], f"An entry of {seconds} s", "MiB")


main()
