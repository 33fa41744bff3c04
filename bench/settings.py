"""The figures behind the ladder's `[[quicker]]` rows. Each clip is encoded with the target of each rung (x264's medium at the rung's CRF) and
with quicker candidates, under the rung's cap; VMAF (mean and 1st percentile), bitrate and processor time of each are printed beside how much
of the cap the plan would expect the picture to need. From these: up to which share each candidate is as good as the target on all clips.
SECONDS (4), GRAINS (0,8), RUNGS (all four), PRESETS (veryfast,faster,fast), LESS (0.5,1,2,3,3.5), FOOTAGE, CORES. Finished encodes are kept in
target/bench/settings/, so that an interrupted run goes on.
"""
import concurrent.futures
import hashlib
import json
import os
import sys
import tomllib

import rig

LADDER = tomllib.loads((rig.ROOT / "services/pipeline/catalogue/ladders.toml").read_text())
# What a candidate may lose in VMAF, and how many times the target's bytes it may take.
MEAN, LOW = 0.1, 0.3
MOST_BYTES = {"re-encoding": 1.4, "playback": 1.1}


def listed(name, default, kind=str):
    return [kind(value) for value in rig.number(name, default).split(",")]


def encode(source, rung, preset, crf, to):
    """One encode as the product makes it, on one thread; processor seconds, with those of decoding."""
    cap, gop = rung["max_bitrate_kbps"], 25 * LADDER["gop_s"]
    size = f"scale=-2:{rung['short_side']}:flags=lanczos,format=yuv420p"
    return rig.run_peer([["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-i", source, "-vf", size, "-an", "-c:v", "libx264",
                          "-preset", preset, "-profile:v", "high", "-crf", crf, "-maxrate", f"{cap}k", "-bufsize",
                          f"{round(cap * LADDER['buffer_s'])}k", "-x264-params",
                          f"threads=1:keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:force-cfr=1", to]])["cpu_s"]


def measured(cache, source, clip, name, preset, crf):
    """CPU, bitrate and VMAF of one encode, once."""
    rung = LADDER["rungs"][name]
    key = json.dumps([clip, rung["short_side"], rung["max_bitrate_kbps"], LADDER["gop_s"], LADDER["buffer_s"], preset, crf])
    kept = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    if not kept.exists():
        made = cache / f"{kept.stem}.mp4"
        found = {"cpu_s": round(encode(source, rung, preset, crf, made), 2), "kbps": round(rig.bitrate_kbps(made)), **rig.quality(made, source)}
        made.unlink()
        kept.write_text(json.dumps(found))
    return json.loads(kept.read_text())


def needed_kbps(trial, rung, crf):
    """What the plan expects the picture to need (planner/quality.rs)."""
    sides = trial["width"], trial["height"]
    factor = min(1, rung["short_side"] / min(sides))
    return trial["hardest_kbps"] * (factor * factor) ** 0.75 * 2 ** ((trial["crf"] - crf) / 6)


def rows_of(clips, names, presets, less, cache):
    """One row for each clip, rung and candidate; the target's row comes first and has no candidate's differences."""
    wanted = []
    for clip in clips:
        for name in names:
            crf = LADDER["rungs"][name]["crf"]
            wanted.append((clip, name, LADDER["preset"], crf))
            wanted += [(clip, name, preset, crf - step) for preset in presets for step in less]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        jobs = [pool.submit(measured, cache, clip["source"], clip["name"], name, preset, crf) for clip, name, preset, crf in wanted]
        for number, job in enumerate(concurrent.futures.as_completed(jobs)):
            job.result()
            print(f"{number + 1} of {len(jobs)}", end="\r", file=sys.stderr)
    rows = []
    for (clip, name, preset, crf), job in zip(wanted, jobs):
        rung = LADDER["rungs"][name]
        row = {"clip": clip["name"], "rung": name, "preset": preset, "crf": crf, **job.result()}
        if preset == LADDER["preset"]:
            target = row
        else:
            size = row["kbps"] / target["kbps"]
            mean, low = row["vmaf"] - target["vmaf"], row["vmaf_p1"] - target["vmaf_p1"]
            row |= {"share": needed_kbps(clip["trial"], rung, crf) / rung["max_bitrate_kbps"], "size": size, "mean": mean, "low": low,
                    "as_good": mean >= -MEAN and low >= -LOW, "small": size <= MOST_BYTES[rung["purpose"]]}
        rows.append(row)
    return rows


def limits(rows):
    """For each purpose and candidate: the largest share below which every clip kept quality and size, and the processor time it saves there."""
    found = {}
    for row in rows:
        if "share" in row:
            rung = LADDER["rungs"][row["rung"]]
            found.setdefault((rung["purpose"], row["preset"], round(rung["crf"] - row["crf"], 2)), []).append(row)
    for (purpose, preset, less), all_rows in sorted(found.items()):
        bad = [row["share"] for row in all_rows if not (row["as_good"] and row["small"])]
        limit = min(bad, default=float("inf"))
        kept = [row for row in all_rows if row["share"] < limit]
        yield {"purpose": purpose, "preset": preset, "crf_less": less, "up_to": max((row["share"] for row in kept), default=0), "first_bad": limit,
               "kept": len(kept), "of": len(all_rows), "cpu_s": sum(row["cpu_s"] for row in kept)}


def main():
    rig.pin()
    if not os.environ.get("VMAF_FFMPEG"):
        sys.exit("settings are chosen by VMAF, and no ffmpeg with libvmaf could be had (PyPI: imageio-ffmpeg)")
    seconds, names = rig.number("SECONDS", 4), listed("RUNGS", ",".join(LADDER["rungs"]))
    presets, less, grains = listed("PRESETS", "veryfast,faster,fast"), listed("LESS", "0.5,1,2,3,3.5", float), listed("GRAINS", "0,8", int)
    files, words = rig.footage("footage-bench.sh")
    cache = rig.TARGET / "bench" / "settings"
    cache.mkdir(parents=True, exist_ok=True)
    with rig.work_dir() as work:
        work, clips = rig.Path(work), []
        catalogue = rig.catalogue(work / "catalogue")
        for file in files:
            for grain in grains:
                os.environ["GRAIN"] = str(grain)
                name = f"{file.stem}, {seconds} s, grain {grain}"
                source = rig.entry(work / f"{file.stem}-{grain}.mp4", 0, seconds, rig.reel(work, (1920, 1080), seconds, [file]), rig.EXPORT)
                trial = rig.reelmill("probe", source, "--contest", "demo", "--catalogue-dir", catalogue, "--output", "json")["media_info"]["video"]["trial"]
                clips.append({"name": name, "source": source, "trial": trial})
        rows = rows_of(clips, names, presets, less, cache)
    for row in rows:
        if "share" in row:
            print(f"{row['clip']:42} {row['rung']:12} {row['preset']:9} CRF {row['crf']:<5} {row['cpu_s']:6.1f} s {row['kbps']:6} kbit/s × {row['size']:.2f}  "
                  f"VMAF {row['mean']:+.2f} / {row['low']:+.2f}  share {row['share']:.2f}  {'ok' if row['as_good'] and row['small'] else '-'}")
        else:
            print(f"{row['clip']:42} {row['rung']:12} {row['preset']:9} CRF {row['crf']:<5} {row['cpu_s']:6.1f} s {row['kbps']:6} kbit/s          "
                  f"VMAF {row['vmaf']:.2f} / {row['vmaf_p1']:.2f}")
    found = list(limits(rows))
    print(f"\nfootage {words}; {seconds} s of each at 1920×1080, grain {grains}")
    for row in found:
        print(f"{row['purpose']:12} {row['preset']:9} crf_less {row['crf_less']:<4} as good up to {row['up_to']:.2f}, not at {row['first_bad']:.2f}; "
              f"{row['kept']} of {row['of']}, {row['cpu_s']:.0f} s")
    rig.report("settings", {"machine": rig.machine(), "footage": words, "seconds": seconds, "rows": rows, "limits": found},
               [(f"{row['purpose']}, {row['preset']} −{row['crf_less']}", row["up_to"]) for row in found], "Share of the cap up to which settings are as good", "")


main()
