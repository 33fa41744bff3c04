"""P4: one entry, 1, 2 and 4 transcode workers of one slot and one core each. The time of the transcode stage falls with the number of workers as long
as there are cores for them; further workers share cores. Target: two workers reach 0.95 of two cores. LENGTH_S (480), SIZE (640x360), WORKERS (1,2,4),
GRAIN (0), FOOTAGE, CORES.
"""
import os

import rig

TARGET = 0.95


def needed_bytes(seconds, size, runs):
    """Room for all that lies in the work directory at the end: the source and its copy, each run's stored source, segments and files, and 4 GiB for
    servers and scratch. The source has 23 Mbit/s at any size; the four rungs' caps are 39 Mbit/s at 1080p."""
    source, rungs = 3_000_000 * seconds, 5_000_000 * seconds * min(1, size[0] * size[1] / (1920 * 1080))
    return int((4 << 30) + source * (2 + runs) + 2 * rungs * runs)


def main():
    rig.pin()
    cores = sorted(os.sched_getaffinity(0))
    seconds = rig.number("LENGTH_S", 480)
    size = tuple(int(side) for side in rig.number("SIZE", "640x360").split("x"))
    counts = [int(count) for count in rig.number("WORKERS", "1,2,4").split(",")]
    files, words = rig.footage("footage-bench.sh")
    rows = []
    with rig.work_dir(needed_bytes(seconds, size, len(counts))) as work:
        work = rig.Path(work)
        catalogue = rig.catalogue(work / "catalogue", ["yangshipin", "weixin_channels", "guangming"])
        source = rig.entry(work / "source.mp4", 0, seconds, rig.reel(work, size, seconds, files), rig.EXPORT)
        servers = rig.Servers(work, catalogue)
        try:
            servers.serve("front", "upload,probe,publish", SLOTS="2")
            for count in counts:
                copy = work / "entry.mp4"
                rig.ffmpeg("-v", "error", "-i", source, "-map", "0", "-c", "copy", "-metadata", f"comment={count}", "-movflags", "use_metadata_tags", copy)
                workers = [servers.serve(f"transcode-{count}-{n}", "transcode", {cores[n % len(cores)]}, SLOTS="1") for n in range(count)]
                with rig.Meter(servers.roots()) as meter:
                    # One worker took about 10 s of a core for each second at 1080p; slower machines exist.
                    status = servers.await_state(servers.submit(copy, f"workers {count}"), "awaiting_release", max(7200, 40 * seconds), every=10)
                parts = [part for part in status["parts"] if part["stage"] == "transcode"]
                took = max(rig.seconds_of(part["finished_at"]) for part in parts) - min(rig.seconds_of(part["started_at"]) for part in parts)
                rows.append({"workers": count, "wall_s": took, "parts": len(parts), "largest_process_mib": meter.largest_bytes / (1 << 20)})
                for worker in workers:
                    servers.stop(worker)
        finally:
            servers.close()
    alone = rows[0]["wall_s"] * rows[0]["workers"]
    for row in rows:
        row["efficiency"] = alone / (row["wall_s"] * min(row["workers"], len(cores)))
    print(f"footage {words}; {seconds} s at {size[0]}×{size[1]}, {rows[0]['parts']} parts, {len(cores)} cores")
    for row in rows:
        target = f"   target ≥ {TARGET}" if 1 < row["workers"] <= len(cores) else ""
        print(f"{row['workers']} workers: {row['wall_s']:.1f} s, efficiency {row['efficiency']:.2f} of the cores that exist, largest child "
              f"{row['largest_process_mib']:.0f} MiB{target}")
    rig.report("workers", {"machine": rig.machine(), "footage": words, "seconds": seconds, "size": size, "rows": rows},
               [(f"{row['workers']} workers", row["wall_s"]) for row in rows], "Transcode stage of one entry", "s")


main()
