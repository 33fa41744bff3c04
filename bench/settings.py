"""The figures behind the ladder's `[[quicker]]` rows. Each clip, scaled to 1080p, with and without grain, is encoded for each rung with the
target's settings (x264's preset of the ladder at the rung's CRF) and with quicker candidates, under the rung's cap, on one thread. VMAF (mean and
1st percentile), bitrate and processor time of each are printed beside the share of the cap that the plan would expect; then up to which
share each candidate holds on all clips, and the rows that follow, also as target/bench/settings.toml.
SECONDS (12), GRAINS (0,8,16), RUNGS and CLIPS (all; clips by the names of their files without the ending), PRESETS and LESS (all of GRID; LESS
such as 0.5,1 replaces the steps of each preset), FOOTAGE, CORES. Each core makes one encode at a time. Finished ones are kept in
target/bench/settings/, so that an interrupted run continues; it is for one footage, one ffmpeg and one VMAF: remove it when these change.
"""
import concurrent.futures
import hashlib
import json
import os
import sys
import tomllib

import frozen
import quicker
import rig

LADDER = tomllib.loads((rig.ROOT / "services/pipeline/catalogue/ladders.toml").read_text())
SIZE = (1920, 1080)
# What is taken from the rung's CRF with each preset. Where a viewer gets the file, veryfast would need more bits than are allowed.
GRID = {
    "re-encoding": {"veryfast": [2.0, 2.5, 3.0, 3.5, 4.0], "faster": [0.5, 1.0, 1.5], "fast": [0.3, 0.5]},
    "playback": {"faster": [0.3, 0.5, 0.7, 1.0], "fast": [0.3, 0.5]},
}


def listed(name, default, kind=str):
    """A list from the environment, separated by commas."""
    words = os.environ.get(name)
    return [kind(word) for word in words.split(",")] if words else default


def candidates(purpose):
    """(preset, crf_less) of what is tried for a purpose."""
    grid, less = GRID[purpose], listed("LESS", None, float)
    return [(preset, step) for preset in listed("PRESETS", list(grid)) for step in less or grid.get(preset, [])]


def encode(source, rung, preset, crf, to):
    """One encode as the product makes it, on one thread; processor seconds, with those of decoding."""
    cap, gop = rung["max_bitrate_kbps"], 25 * LADDER["gop_s"]
    size = f"scale=-2:{rung['short_side']}:flags=lanczos,format=yuv420p"
    return rig.run_peer([["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-i", source, "-vf", size, "-an", "-c:v", "libx264",
                          "-preset", preset, "-profile:v", "high", "-crf", crf, "-maxrate", f"{cap}k", "-bufsize",
                          f"{round(cap * LADDER['buffer_s'])}k", "-x264-params",
                          f"threads=1:keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:force-cfr=1", to]])["cpu_s"]


def measured(cache, clip, name, preset, crf):
    """CPU, bitrate and VMAF of one encode, once."""
    rung = LADDER["rungs"][name]
    key = json.dumps([clip["name"], rung["short_side"], rung["max_bitrate_kbps"], LADDER["gop_s"], LADDER["buffer_s"], preset, crf])
    kept = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    if not kept.exists():
        made = clip["source"].with_name(f"{kept.stem}.mp4")
        cpu_s = encode(clip["source"], rung, preset, crf, made)
        found = {"cpu_s": round(cpu_s, 2), "kbps": round(rig.bitrate_kbps(made)), **rig.quality(made, clip["source"], rig.PEERS)}
        made.unlink()
        # A run that ends here leaves a whole file or none.
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.rename(kept)
    return json.loads(kept.read_text())


def needed_kbps(trial, rung, crf):
    """What the plan expects the picture to need (planner/quality.rs)."""
    tried = trial["width"] * trial["height"]
    factor = min(1, rung["short_side"] / min(SIZE))
    return trial["hardest_kbps"] * (SIZE[0] * SIZE[1] * factor ** 2 / tried) ** 0.75 * 2 ** ((trial["crf"] - crf) / 6)


def all_measured(cache, wanted):
    """The measurements in the order in which they are wanted."""
    pool = concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        jobs = [pool.submit(measured, cache, *one) for one in wanted]
        for number, job in enumerate(concurrent.futures.as_completed(jobs)):
            job.result()
            print(f"{number + 1} of {len(jobs)}", end="\r", file=sys.stderr)
        return [job.result() for job in jobs]
    finally:
        # An error or a signal ends the run after the encodes that are being made.
        pool.shutdown(cancel_futures=True)


def rows_of(clips, names, cache):
    """Printed and returned: of each clip, rung and candidate how it compares with the target's settings."""
    wanted = []
    for clip in clips:
        for name in names:
            rung = LADDER["rungs"][name]
            wanted.append((clip, name, LADDER["preset"], rung["crf"]))
            wanted += [(clip, name, preset, round(rung["crf"] - less, 2)) for preset, less in candidates(rung["purpose"])]
    rows, target = [], {}
    for (clip, name, preset, crf), found in zip(wanted, all_measured(cache, wanted)):
        rung = LADDER["rungs"][name]
        line = f"{clip['name']:34} {name:12} {preset:9} CRF {crf:<5} {found['cpu_s']:6.1f} s {found['kbps']:6} kbit/s"
        if preset == LADDER["preset"]:
            target = found
            print(f"{line}; VMAF {found['vmaf']:.2f} and {found['vmaf_p1']:.2f}")
            continue
        share = needed_kbps(clip["trial"], rung, crf) / rung["max_bitrate_kbps"]
        row = {"clip": clip["name"], "rung": name, "purpose": rung["purpose"], "preset": preset, "crf_less": round(rung["crf"] - crf, 2), "share": share,
               **found, **{f"target_{key}": value for key, value in target.items()}, **frozen.compared(rung["purpose"], found, target)}
        print(f"{line} × {row['size']:.2f}, CPU × {row['cpu_s'] / row['target_cpu_s']:.2f}; VMAF {row['mean']:+.2f} and {row['low']:+.2f}; "
              f"share {share:.2f}: {'holds' if row['as_good'] and row['small'] else 'FAILS'}")
        rows.append(row)
    return rows


def clip_of(work, catalogue, file, grain, seconds):
    """A source made from one clip, and its trial by the probe."""
    name = f"{file.stem}, {seconds} s, grain {grain}"
    source = rig.entry(work / f"{file.stem}-{grain}.mp4", 0, seconds, rig.reel(work, SIZE, seconds, [file], grain), rig.EXPORT)
    probe = rig.reelmill("probe", source, "--contest", "demo", "--catalogue-dir", catalogue, "--output", "json")
    trial = probe["media_info"]["video"].get("trial") or sys.exit(f"{name}: the probe made no trial encode")
    return {"name": name, "source": source, "trial": trial}


def main():
    rig.pin()
    if not os.environ.get("VMAF_FFMPEG"):
        sys.exit("settings are chosen by VMAF, and no ffmpeg with libvmaf is available (PyPI: imageio-ffmpeg)")
    seconds, grains, names = rig.number("SECONDS", 12), listed("GRAINS", [0, 8, 16], int), listed("RUNGS", list(LADDER["rungs"]))
    files, words = rig.footage("footage-bench.sh")
    files = [file for file in files if file.stem in listed("CLIPS", [file.stem])]
    if not files:
        sys.exit(f"settings are chosen by real clips, and there are none: {words}")
    cache = rig.TARGET / "bench" / "settings"
    cache.mkdir(parents=True, exist_ok=True)
    with rig.work_dir() as work:
        work = rig.Path(work)
        catalogue = rig.catalogue(work / "catalogue")
        clips = [clip_of(work, catalogue, file, grain, seconds) for file in files for grain in grains]
        rows = rows_of(clips, names, cache)
    found, chosen = list(quicker.limits(rows)), quicker.proposed(rows)
    print(f"\nfootage {', '.join(file.name for file in files)}; {seconds} s of each at {SIZE[0]}×{SIZE[1]}, grain {grains}")
    for row in found:
        failed = f"fails at {row['failed']:.2f} ({row['failed_by'][0]})" if row["failed"] is not None else "never fails"
        print(f"{row['purpose']:12} {row['preset']:9} crf_less {row['crf_less']:<4g} up to {row['up_to']:.2f}, {failed}; {row['kept']} of {row['of']} pictures, "
              f"saves {row['saved_cpu_s']:.0f} s")
    for purpose in dict.fromkeys(row["purpose"] for row in rows):
        own = [row for row in rows if row["purpose"] == purpose]
        whole = quicker.cpu_s(own, [])
        mine = quicker.cpu_s(own, [row for row in chosen if row["purpose"] == purpose])
        print(f"{purpose}: with the rows below {mine:.0f} s instead of {whole:.0f} s over all clips and rungs, × {mine / whole:.2f}")
    print(f"\n{quicker.toml(chosen)}")
    data = {"machine": rig.machine(), "footage": words, "seconds": seconds, "grains": grains, "trials": {clip["name"]: clip["trial"] for clip in clips},
            "rows": rows, "limits": found, "proposed": chosen}
    rig.report("settings", data, [(f"{row['purpose']}, {row['preset']} −{row['crf_less']:g}", row["up_to"]) for row in found],
               "Share of the cap up to which settings are as good", "")
    (rig.TARGET / "bench" / "settings.toml").write_text(quicker.toml(chosen))


main()
