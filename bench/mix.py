"""P1: a contest's mix. Ten entries for nine partners: four that platforms accept unchanged, five that they do not, one that is entered
again. Ours against (a) a script that runs one ffmpeg for each partner and rendition, and (b) one multi-output ffmpeg command for each
entry, with equal outputs made once for all partners; both with the settings of frozen.py. CPU of everything, servers, probing and quality
control included on our side; neither peer checks anything. PEAK_KBPS (6000) is the peak of the conforming sources: up to 6000 all partners
accept them, up to 10000 all but the three sites. LENGTH_S (4), PAIRS (5), SIZE (1920x1080), PEERS (ab), GRAIN (0), FOOTAGE, CORES.
"""
import shutil
import sys
import tomllib

import frozen
import rig

CATALOGUE = rig.ROOT / "services/pipeline/catalogue"


def wishes():
    """(partner, rung) of every file that a partner gets, and the ladder, from the catalogue."""
    ladder = tomllib.loads((CATALOGUE / "ladders.toml").read_text())
    contest = tomllib.loads((CATALOGUE / "contests/demo.toml").read_text())
    wanted = []
    for partner in contest["partners"]:
        for rung in tomllib.loads((CATALOGUE / f"partners/{partner}.toml").read_text())["rungs"]:
            wanted.append((partner, rung))
    return wanted, ladder


def encode(ladder, name, picture, sound, to):
    """Output options of one rung."""
    rung, gop = ladder["rungs"][name], 25 * ladder["gop_s"]
    return ["-map", picture, "-map", sound, "-c:v", "libx264", "-preset", frozen.PRESET, "-profile:v", "high", "-crf", frozen.CRF[name],
            "-maxrate", f"{rung['max_bitrate_kbps']}k", "-bufsize", f"{round(rung['max_bitrate_kbps'] * ladder['buffer_s'])}k",
            "-x264-params", f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0", "-c:a", "aac", "-ar", "48000", "-ac", "2", "-b:a",
            f"{rung['audio_bitrate_kbps']}k", "-movflags", "+faststart", to]


def scaled(ladder, name):
    return f"scale=-2:{ladder['rungs'][name]['short_side']}:flags=lanczos,format=yuv420p"


def loud(ladder, name):
    rung = ladder["rungs"][name]
    return f"loudnorm=I={rung['loudness_lufs']}:TP={rung['true_peak_dbtp']}"


def script(source, wanted, ladder, to):
    """(a): a command for each partner and rendition."""
    for partner, name in wanted:
        yield ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-filter_complex",
               f"[0:v]{scaled(ladder, name)}[v];[0:a]{loud(ladder, name)}[a]",
               *encode(ladder, name, "[v]", "[a]", to / f"{partner}-{name}.mp4")]


def one_command(source, wanted, ladder, to):
    """(b): a command for the entry, each distinct rung once, each distinct loudness once."""
    rungs = list(dict.fromkeys(name for _, name in wanted))
    levels = list(dict.fromkeys(loud(ladder, name) for name in rungs))
    users = {level: [name for name in rungs if loud(ladder, name) == level] for level in levels}
    label = lambda kind, name: f"[{kind}{rungs.index(name)}]"
    graph = [f"[0:v]split={len(rungs)}" + "".join(label("s", name) for name in rungs)]
    graph += [f"{label('s', name)}{scaled(ladder, name)}{label('v', name)}" for name in rungs]
    graph.append(f"[0:a]asplit={len(levels)}" + "".join(f"[l{index}]" for index in range(len(levels))))
    graph += [f"[l{index}]{level},asplit={len(users[level])}" + "".join(label("a", name) for name in users[level])
              for index, level in enumerate(levels)]
    outputs = [encode(ladder, name, label("v", name), label("a", name), to / f"{name}.mp4") for name in rungs]
    return ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-filter_complex", ";".join(graph), *sum(outputs, [])]


def ours(servers, entries, pair):
    with rig.Meter(servers.roots()) as meter:
        ids = [servers.submit(file, f"mix {pair} {index}", contest) for index, (file, contest) in enumerate(entries[:-1])]
        done = [servers.await_state(entry, "awaiting_release") for entry in ids]
        # Resubmitted after the first one was processed, as entrants do.
        again = servers.submit(*[entries[-1][0], f"mix {pair} again", entries[-1][1]])
        done.append(servers.await_state(again, "awaiting_release"))
    return done, meter.figures()


def main():
    rig.pin()
    seconds, pairs, peers = rig.number("LENGTH_S", 4), rig.number("PAIRS", 5), rig.number("PEERS", "ab")
    peak = rig.number("PEAK_KBPS", 6000)
    size = tuple(int(side) for side in rig.number("SIZE", "1920x1080").split("x"))
    files, words = rig.footage("footage-bench.sh")
    wanted, ladder = wishes()
    runs = {"ours": [], "a": [], "b": []}
    quality = {}
    with rig.work_dir() as work:
        work = rig.Path(work)
        catalogue = rig.catalogue(work / "catalogue", contests=("demo", "again"))
        reel = rig.reel(work, size, seconds + 30, files)
        sources = [rig.entry(work / f"entry-{number}.mp4", number, seconds, reel, rig.conforming(peak) if number < 4 else rig.FOREIGN)
                   for number in range(9)]
        sources.append(sources[4])
        servers = rig.Servers(work, catalogue)
        try:
            servers.serve("all", SLOTS="2")
            for pair in range(pairs):
                entries = []
                for number, source in enumerate(sources[:9]):
                    copy = work / f"pair-{number}.mp4"
                    rig.ffmpeg("-v", "error", "-i", source, "-map", "0", "-c", "copy", "-metadata", f"comment={pair}", "-movflags",
                               "use_metadata_tags", copy)
                    entries.append((copy, "demo"))
                entries.append((entries[4][0], "again"))
                out = work / "peer"
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                sides = ["ours", *peers]
                for side in sides if pair % 2 == 0 else reversed(sides):
                    if side == "ours":
                        done, figures = ours(servers, entries, pair)
                    elif side == "a":
                        figures = rig.run_peer(command for source in sources for command in script(source, wanted, ladder, out))
                    else:
                        figures = rig.run_peer(one_command(source, wanted, ladder, out) for source in sources)
                    runs[side].append(figures)
                    print(f"pair {pair + 1}, {side}: {figures['cpu_s']:.1f} s of CPU, {figures['wall_s']:.1f} s", file=sys.stderr)
                if pair == 0 and "b" in peers:
                    # A source for which every file is made.
                    rig.run_peer([one_command(sources[4], wanted, ladder, out)])
                    for rendition in done[4]["renditions"]:
                        if (out / f"{rendition['name']}.mp4").exists():
                            quality[rendition["name"]] = rig.guard(work / "s3/reelmill" / rendition["key"], out / f"{rendition['name']}.mp4",
                                                                   sources[4])
        finally:
            servers.close()
    print(f"footage {words}; ten entries of {seconds} s at {size[0]}×{size[1]} for {len(set(p for p, _ in wanted))} partners, {len(wanted)} files each")
    print(f"four of them conform, with peaks of {peak} kbit/s at most")
    data = {"machine": rig.machine(), "footage": words, "seconds": seconds, "size": size, "peak_kbps": peak, "runs": runs, "quality": quality, "ratios": {}}
    for peer, target in (("a", 5.5), ("b", 2.2)):
        if runs[peer]:
            ratio = {key: rig.spread([theirs[key] / own[key] for own, theirs in zip(runs["ours"], runs[peer])]) for key in ("cpu_s", "wall_s")}
            data["ratios"][peer] = ratio
            print(f"CPU of ({peer}) / ours:  {rig.shown(ratio['cpu_s'], '×')}   target ≥ {target}×")
            print(f"wall of ({peer}) / ours: {rig.shown(ratio['wall_s'], '×')}")
    for side in runs:
        if runs[side]:
            peaks = [max(run[key] for run in runs[side]) for key in ("peak_mib", "largest_process_mib")]
            print(f"memory of {side}: {peaks[0]:.0f} MiB of all processes at their peak, {peaks[1]:.0f} MiB the largest")
    for name, both in quality.items():
        print(f"quality of {name}: ours {both['ours']}, peer {both['peer']}")
        purpose = ladder["rungs"][name]["purpose"]
        both["compared"] = frozen.compared(purpose, both["ours"], both["peer"])
        print(f"  {frozen.words(purpose, both['compared'])}")
    bars = [(words, rig.spread([run["cpu_s"] for run in runs[side]])["median"]) for side, words in
            (("ours", "Reelmill"), ("b", "one command an entry"), ("a", "a command a file")) if runs[side]]
    rig.report("mix", data, bars, "Ten entries for nine partners", "s of CPU")


main()
