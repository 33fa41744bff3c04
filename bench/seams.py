"""P3: the cost of a cut. The same encode in segments and in one piece, both by `reelmill render`: SSIM (and VMAF where PyPI's
imageio-ffmpeg is available) within 24 frames of each seam, bitrate, and the decoder's buffer over the joined stream, computed here independently.
LENGTH_S (48), SEGMENT (10), SIZE (1920x1080), PARTNERS (guangming), FOOTAGE, CORES.
"""
import json
import statistics

import rig

AROUND = 24


def render(source, catalogue, partners, out, work):
    env = {"SCRATCH_DIR": str(work / "scratch")}
    args = ["--catalogue-dir", catalogue, "--partners", partners, "--output", "json"]
    plan = rig.reelmill("plan", source, "--catalogue-dir", catalogue, "--output", "json", env=env)
    made = rig.reelmill("render", source, "--out", out, *args, env=env)
    return plan.get("plan", plan), {file["rendition"]: file for file in made}


def lowest_fill(file, video, rate):
    """Emptiest moment of the decoder's buffer, kbit, by the leaky bucket of H.264 annex C; the start as the whole's encoder had it."""
    size, fill = video["buffer_kbit"], video["buffer_kbit"] * video["buffer_start"]
    lowest = fill
    for _, length, _ in rig.packets(file):
        fill -= length * 8 / 1000
        lowest = min(lowest, fill)
        fill = min(fill + video["max_bitrate_kbps"] / rate, size)
    return lowest


def near(scores, seams):
    """Mean of the scores within AROUND frames of each seam."""
    return [statistics.mean(scores[max(0, seam - AROUND):seam + AROUND]) for seam in seams]


def main():
    rig.pin()
    seconds, segment, partners = rig.number("LENGTH_S", 48), rig.number("SEGMENT", 10), rig.number("PARTNERS", "guangming")
    size = tuple(int(side) for side in rig.number("SIZE", "1920x1080").split("x"))
    files, words = rig.footage()
    rows = []
    with rig.work_dir() as work:
        work = rig.Path(work)
        source = rig.entry(work / "source.mp4", 0, seconds, rig.reel(work, size, seconds, files), rig.EXPORT)
        cut, cut_files = render(source, rig.catalogue(work / "cut", segment_s=segment), partners, work / "out-cut", work)
        whole, whole_files = render(source, rig.catalogue(work / "whole", segment_s=0), partners, work / "out-whole", work)
        seams = [piece["first_frame"] for piece in cut["segments"][1:]]
        assert seams and len(whole["segments"]) == 1
        rate = cut["picture"]["frame_rate"]["num"] / cut["picture"]["frame_rate"]["den"]
        for name, made in cut_files.items():
            other = whole_files[name]
            planned = {plan_name: next(r for r in plan["renditions"] if r["name"] == name)["video"] for plan_name, plan in (("cut", cut), ("whole", whole))}
            if "encoded" not in planned["cut"]:
                continue
            video = {key: next(v for v in plan["videos"] if v["id"] == planned[key]["encoded"]) for key, plan in (("cut", cut), ("whole", whole))}
            one, two = rig.ssim(made["file"], source), rig.ssim(other["file"], source)
            assert len(one) == len(two) == cut["picture"]["frames"], "both have every frame"
            differences = [a - b for a, b in zip(near(one, seams), near(two, seams))]
            kbps = rig.bitrate_kbps(made["file"]), rig.bitrate_kbps(other["file"])
            row = {"rendition": name, "segments": len(seams) + 1, "ssim_at_seams": rig.spread(differences),
                   "ssim_overall": [statistics.mean(one), statistics.mean(two)], "kbps": kbps, "kbps_ratio": kbps[0] / kbps[1],
                   "cap_kbps": video["cut"]["max_bitrate_kbps"], "lowest_fill_kbit": lowest_fill(made["file"], video["cut"], rate),
                   "buffer_kbit": video["cut"]["buffer_kbit"]}
            scores = [rig.vmaf(file["file"], source, every=1) for file in (made, other)]
            if all(scores):
                row["vmaf_at_seams"] = rig.spread([a - b for a, b in zip(near(scores[0], seams), near(scores[1], seams))])
                row["vmaf_overall"] = [statistics.mean(score) for score in scores]
            rows.append(row)
    print(f"footage {words}; {seconds} s at {size[0]}×{size[1]} in segments of about {segment} s, against one piece")
    for row in rows:
        print(f"{row['rendition']}: {row['segments']} segments")
        print(f"  SSIM within {AROUND} frames of a seam, cut − whole  {rig.shown(row['ssim_at_seams'])}   target ≥ −0.002")
        if "vmaf_at_seams" in row:
            print(f"  VMAF there, cut − whole                       {rig.shown(row['vmaf_at_seams'])}   target ≥ −0.3")
        under = "yes" if row["kbps"][0] <= row["cap_kbps"] else "no"
        print(f"  bitrate {row['kbps'][0]:.0f} and {row['kbps'][1]:.0f} kbit/s: ×{row['kbps_ratio']:.4f}, under the cap: {under}   target within 1 % or under the cap")
        print(f"  emptiest moment of the buffer {row['lowest_fill_kbit']:.0f} of {row['buffer_kbit']} kbit   target ≥ 0")
    rig.report("seams", {"machine": rig.machine(), "footage": words, "seconds": seconds, "segment_s": segment, "size": size, "rows": rows},
               [(f"{row['rendition']}, {words}", value) for row in rows for words, value in (("cut", row["kbps"][0]), ("whole", row["kbps"][1]))],
               "Bitrate in segments and in one piece", "kbit/s")


main()
