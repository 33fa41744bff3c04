"""P2: the whole ladder of one entry, nothing shared or passed through, against one multi-output ffmpeg command with the settings of
frozen.py. Ours counts everything from the end of screening to the last finished file (S3, database, broker, sandbox,
quality control). After the pairs the files of the first one are compared with the source, by VMAF where PyPI's imageio-ffmpeg is available.
LENGTH_S (24), PAIRS (5), SIZE (1920x1080), GRAIN (0), GUARD (1; 0 leaves out comparing the files), FOOTAGE, CORES.
"""
import sys
import tomllib

import frozen
import rig

RUNGS = tomllib.loads((rig.ROOT / "services/pipeline/catalogue/ladders.toml").read_text())["rungs"]
PARTNERS = ["yangshipin", "weixin_channels", "guangming"]  # one for each class of rungs: four rungs together


def peer_command(source, plan, to):
    """One decode, the plan's sizes, caps and key frames; sound as by a script that already knows the gain."""
    videos = plan["videos"]
    full = next((video["width"], video["height"]) for video in videos)
    graph = f"[0:v]split={len(videos)}" + "".join(f"[s{video['id']}]" for video in videos)
    for video in videos:
        same = (video["width"], video["height"]) == full
        size = "null" if same else f"scale={video['width']}:{video['height']}:flags=lanczos"
        graph += f";[s{video['id']}]{size},format=yuv420p[{video['id']}]"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-filter_complex", graph]
    for rendition in plan["renditions"]:
        video = next(video for video in videos if video["id"] == rendition["video"]["encoded"])
        audio = next(audio for audio in plan["audios"] if audio["id"] == rendition["audio"])
        gop = video["gop_frames"]
        command += ["-map", f"[{video['id']}]", "-map", "0:a:0", "-c:v", "libx264", "-preset", frozen.PRESET, "-profile:v", "high",
                    "-crf", frozen.CRF[rendition["name"]], "-maxrate", f"{video['max_bitrate_kbps']}k", "-bufsize", f"{video['buffer_kbit']}k",
                    "-x264-params", f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:force-cfr=1", "-af", "volume=-6dB", "-c:a", "aac",
                    "-ar", "48000", "-ac", "2", "-b:a", f"{audio['bitrate_kbps']}k", "-movflags", "+faststart",
                    to / f"{rendition['name']}.mp4"]
    return command


def one_of_ours(servers, source, number):
    """Enters the work and measures from the moment its parts of transcode exist to the last finished file."""
    with rig.Meter(servers.roots()) as meter:
        before = servers.child_seconds("qc")
        entry = servers.submit(source, f"ladder {number}")
        status = servers.await_state(entry, "awaiting_release", every=15)
        qc = servers.child_seconds("qc") - before
    parts = [part for part in status["parts"] if part["stage"] in ("transcode", "assemble")]
    began = min(rig.seconds_of(part["created_at"]) for part in parts)
    ended = max(rig.seconds_of(part["finished_at"]) for part in parts)
    timeline = [[part["stage"], part["part"], *(round(rig.seconds_of(part[key]) - began, 2) for key in ("started_at", "finished_at"))]
                for part in parts]
    return status, {**meter.figures(), "wall_s": ended - began, "qc_s": qc, "timeline": sorted(timeline, key=lambda row: row[2]),
                    "segments": sum(part["part"].startswith("segment/") for part in parts)}


def main():
    cores = rig.pin()
    seconds, pairs = rig.number("LENGTH_S", 24), rig.number("PAIRS", 5)
    size = tuple(int(side) for side in rig.number("SIZE", "1920x1080").split("x"))
    files, words = rig.footage("footage-bench.sh")
    with rig.work_dir() as work:
        work = rig.Path(work)
        catalogue = rig.catalogue(work / "catalogue", PARTNERS)
        source = rig.entry(work / "source.mp4", 0, seconds, rig.reel(work, size, seconds, files), rig.EXPORT)
        plan = rig.reelmill("plan", source, "--catalogue-dir", catalogue, "--output", "json")
        plan = plan.get("plan", plan)
        servers = rig.Servers(work, catalogue)
        try:
            # No more slots than cores: the peer has no more either.
            servers.serve("all", SLOTS=str(cores))
            ours, theirs, quality = [], [], {}
            for pair in range(pairs):
                (work / "peer").mkdir(exist_ok=True)
                # A new entry of the same picture: its bytes differ, so that no file is reused.
                copy = work / f"entry-{pair}.mp4"
                rig.ffmpeg("-v", "error", "-i", source, "-map", "0", "-c", "copy", "-metadata", f"comment={pair}", "-movflags", "use_metadata_tags", copy)
                for side in (0, 1) if pair % 2 == 0 else (1, 0):
                    if side == 0:
                        status, figures = one_of_ours(servers, copy, pair)
                        ours.append(figures)
                    else:
                        theirs.append(rig.run_peer([peer_command(source, plan, work / "peer")]))
                if pair == 0:
                    first = {rendition["name"]: rendition["key"] for rendition in status["renditions"]}
                    (work / "peer").rename(work / "first")
                print(f"pair {pair + 1}: ours {ours[-1]['wall_s']:.1f} s and {ours[-1]['qc_s']:.1f} s of it checking, peer {theirs[-1]['wall_s']:.1f} s",
                      file=sys.stderr)
            if rig.number("GUARD", 1):
                for name, key in first.items():
                    quality[name] = rig.guard(work / "s3" / "reelmill" / key, work / "first" / f"{name}.mp4", source)
        finally:
            servers.close()
    # Quality control runs in as many slots as there are cores; its wall time is at most its sum and at least its share.
    share = [figures["qc_s"] / cores for figures in ours]
    wall = rig.spread([o["wall_s"] / t["wall_s"] for o, t in zip(ours, theirs)])
    bare = rig.spread([(o["wall_s"] - qc) / t["wall_s"] for o, t, qc in zip(ours, theirs, share)])
    cpu = rig.spread([o["cpu_s"] / t["cpu_s"] for o, t in zip(ours, theirs)])
    print(f"footage {words}; {seconds} s at {size[0]}×{size[1]}, {ours[0]['segments']} segments, {cores} cores")
    print(f"wall, ours / peer, quality control included    {rig.shown(wall)}   target ≤ 0.72")
    print(f"wall, ours / peer, quality control apart       {rig.shown(bare)}")
    print(f"CPU, ours (probe, checks, servers too) / peer  {rig.shown(cpu)}   target ≤ 0.75")
    print(f"largest process: ours {max(o['largest_process_mib'] for o in ours):.0f} MiB, peer {max(t['largest_process_mib'] for t in theirs):.0f} MiB")
    for video in plan["videos"]:
        print(f"{video['id']}: {video['width']}×{video['height']}, {video['preset']}, CRF {video['crf']}")
    for name, both in quality.items():
        print(f"quality of {name}: ours {both['ours']}, peer {both['peer']}")
        purpose = RUNGS[name]["purpose"]
        both["compared"] = frozen.compared(purpose, both["ours"], both["peer"])
        print(f"  {frozen.words(purpose, both['compared'])}")
    data = {"machine": rig.machine(), "footage": words, "seconds": seconds, "size": size, "ours": ours, "peer": theirs,
            "ratios": {"wall": wall, "wall_without_qc": bare, "cpu": cpu}, "quality": quality}
    rig.report("ladder", data, [("ours, wall", rig.spread([o["wall_s"] for o in ours])["median"]),
                                ("of that, quality control", rig.spread(share)["median"]),
                                ("one ffmpeg command, wall", rig.spread([t["wall_s"] for t in theirs])["median"])],
               "One entry, four rungs", "s")


main()
