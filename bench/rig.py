"""The common parts of every benchmark: private servers, the real binary, peers, processor time, and a report.

CPU is user and system time of every process of a side, servers included. Wall is CLOCK_MONOTONIC. Both sides run on the same cores
(CORES, such as `0,1`; all by default) and on the same file system (WORK; tmpfs where it has room).
"""
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
REELMILL = Path(os.environ.get("REELMILL") or TARGET / "release" / "reelmill")
TICKS = os.sysconf("SC_CLK_TCK")

# Ending a benchmark ends its servers, too.
for _signal in (signal.SIGTERM, signal.SIGINT):
    signal.signal(_signal, lambda number, _: sys.exit(128 + number))


def number(name, default):
    """A number from the environment."""
    return type(default)(os.environ.get(name) or default)


def pin():
    """Keeps this process and all that it starts on CORES; returns their number."""
    cores = os.environ.get("CORES")
    if cores:
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    return len(os.sched_getaffinity(0))


def work_dir(needed_bytes=4 << 30):
    """A directory of this run, removed at the end: tmpfs if it has room, so that disks are not measured."""
    parent = os.environ.get("WORK")
    # What lies in tmpfs is missing to the measured processes.
    available = int(re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1]) << 10
    if not parent and min(shutil.disk_usage("/dev/shm").free, available) > needed_bytes:
        parent = "/dev/shm"
    directory = tempfile.TemporaryDirectory(prefix="reelmill-bench-", dir=parent)
    # PostgreSQL runs as its own user and must be able to enter.
    os.chmod(directory.name, 0o755)
    return directory


# ── processes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stats():
    """pid → (parent, CPU seconds with reaped children, resident bytes) of every process."""
    found = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        cpu = sum(int(field) for field in fields[11:15]) / TICKS
        found[int(entry.name)] = (int(fields[1]), cpu, int(fields[21]) * page)
    return found


def _tree(roots, stats):
    """The live roots and all their descendants."""
    wanted = {pid for pid in roots if pid in stats}
    grew = True
    while grew:
        more = {pid for pid, (parent, _, _) in stats.items() if parent in wanted} - wanted
        wanted |= more
        grew = bool(more)
    return wanted


class Meter:
    """CPU, wall and peak memory of these process trees from `with` to its end."""

    def __init__(self, roots):
        self.roots, self.peak_bytes, self.largest_bytes = list(roots), 0, 0
        self._over = threading.Event()

    def _cpu(self):
        stats = _stats()
        return sum(stats[pid][1] for pid in _tree(self.roots, stats))

    def _watch(self):
        # Not more often: polling takes processor time from the measured side.
        while not self._over.wait(2):
            stats = _stats()
            sizes = [stats[pid][2] for pid in _tree(self.roots, stats)]
            self.peak_bytes = max(self.peak_bytes, sum(sizes))
            self.largest_bytes = max([self.largest_bytes, *sizes])

    def __enter__(self):
        self._before, self._began = self._cpu(), time.monotonic()
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()
        return self

    def __exit__(self, *_):
        self.wall = time.monotonic() - self._began
        self.cpu = self._cpu() - self._before
        self._over.set()
        self._watching.join()

    def cpu_so_far(self):
        return self._cpu() - self._before

    def figures(self):
        return {"cpu_s": self.cpu, "wall_s": self.wall, "peak_mib": self.peak_bytes / (1 << 20),
                "largest_process_mib": self.largest_bytes / (1 << 20)}


def run_peer(commands):
    """Runs commands one after the other; their CPU, wall and peak memory by the kernel's own account."""
    cpu, peak, began = 0.0, 0, time.monotonic()
    for command in commands:
        child = subprocess.Popen([str(arg) for arg in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        said = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: {said.decode(errors='replace')[-2000:]}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
    return {"cpu_s": cpu, "wall_s": time.monotonic() - began, "peak_mib": peak / 1024, "largest_process_mib": peak / 1024}


def reelmill(*args, env=None):
    """Runs the binary to its end; returns its output as JSON."""
    done = subprocess.run([str(REELMILL), *map(str, args)], capture_output=True, text=True, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        sys.exit(f"reelmill {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout) if done.stdout.strip() else None


# ── catalogue and servers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def catalogue(to, partners=None, contests=("demo",), **ladder):
    """A copy of the built-in catalogue whose contests accept short and small works, including duplicates, and have manual gates
    for review and release; `partners` of theirs, and ladder keys such as `segment_s`."""
    shutil.copytree(ROOT / "services/pipeline/catalogue", to)
    text = (to / "contests/demo.toml").read_text()
    text = re.sub(r"gates = .*", 'gates = { review = "automatic", release = "manual" }', text)
    text = re.sub(r"min_ms = \d[\d_]*, max_ms = \d[\d_]*", "min_ms = 500, max_ms = 480_000", text)
    # The same footage is entered again and again.
    text = re.sub(r"(?m)^duplicate = .*\n", "", text)
    text = re.sub(r"min_short_side = \d+", "min_short_side = 90", text)
    if partners:
        text = re.sub(r"partners = \[[^\]]*\]", "partners = " + json.dumps(list(partners)), text)
    for contest in contests:
        (to / f"contests/{contest}.toml").write_text(text)
    text = (to / "ladders.toml").read_text()
    for key, value in ladder.items():
        text, found = re.subn(rf"(?m)^{key} = .*", f"{key} = {value}", text)
        assert found == 1, f"the ladder has no {key}"
    (to / "ladders.toml").write_text(text)
    return to


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Servers:
    """PostgreSQL, RabbitMQ and S3 of this run, and the services on them."""

    def __init__(self, work, catalogue_dir):
        self.work, self.processes, self.serving = Path(work), [], []
        self.dir = self.work / "servers"
        self.neighbours("start")
        self.env = dict(line.split("=", 1) for line in (self.dir / "env").read_text().splitlines())
        s3 = f"127.0.0.1:{free_port()}"
        self.env |= {
            "S3_ENDPOINT": f"http://{s3}", "S3_ACCESS_KEY_ID": "bench", "S3_SECRET_ACCESS_KEY": "bench-secret",
            "PERSONAL_DATA_KEYS": "b:" + "Y" * 43 + "=", "CATALOGUE_DIR": str(catalogue_dir), "RUST_LOG": "warn",
            "ENTRIES_PER_MINUTE": "0", "XDG_STATE_HOME": str(self.work / "state"), "GARBAGE_DELAY_S": "5",
        }
        (self.work / "s3").mkdir()
        self.start("s3", ["s3", "--root", self.work / "s3", "--listen", s3])

    def neighbours(self, command):
        subprocess.run([ROOT / "deploy/local/neighbours.sh", command, self.dir], check=True, stdout=subprocess.DEVNULL)

    def start(self, name, args, cores=None, **env):
        log = open(self.work / f"{name}.log", "ab")
        process = subprocess.Popen([str(REELMILL), *map(str, args)], env={**os.environ, **self.env, **env}, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, preexec_fn=cores and (lambda: os.sched_setaffinity(0, cores)))
        self.processes.append(process)
        return process

    def serve(self, name, roles=None, cores=None, **env):
        """Starts a service, on these cores only if they are named, and waits until it is ready."""
        admin, api = free_port(), free_port()
        more = {"ADMIN_LISTEN": f"127.0.0.1:{admin}", "LISTEN": f"127.0.0.1:{api}", "PUBLISH_LISTEN": f"127.0.0.1:{free_port()}",
                "DESK_LISTEN": f"127.0.0.1:{free_port()}", "SCRATCH_DIR": str(self.work / "scratch" / name), **env}
        process = self.start(name, ["serve", *(["--roles", roles] if roles else [])], cores, **more)
        process.admin = f"http://127.0.0.1:{admin}"
        wait(lambda: process.poll() is not None or fetch(process.admin + "/readyz") is not None, 60, f"{name} is ready")
        if process.poll() is not None:
            sys.exit((self.work / f"{name}.log").read_text()[-3000:])
        if not roles or "upload" in roles:
            self.env["REELMILL_SERVER"] = f"http://127.0.0.1:{api}"
        self.serving.append(process)
        return process

    def stop(self, process):
        process.terminate()
        process.wait(30)
        self.processes.remove(process)
        self.serving.remove(process)

    def roots(self):
        """The processes whose trees are our side."""
        pids = [process.pid for process in self.processes]
        data = (self.dir / "pg_data_path").read_text().strip()
        pids.append(int(Path(data, "data/postmaster.pid").read_text().split()[0]))
        pids.append(int((self.dir / "rabbitmq.pid").read_text()))
        return pids

    def submit(self, file, title, contest="demo"):
        """Enters a work and returns its id once it is stored."""
        done = reelmill("submit", file, "--title", title, "--theme", "digital", "--contest", contest, "--name", "bench", "--phone",
                        "13800000000", "--original", "--rights", "--ai", "none", "--again", "--output", "json", env=self.env)
        return (done[0] if isinstance(done, list) else done)["id"]

    def status(self, entry):
        return reelmill("status", entry, "--output", "json", env=self.env)

    def await_state(self, entry, state, patience=7200, every=3):
        """Waits until an entry is in `state`; returns its status then. Each poll is a process and a connection, a fifth of a second of a
        core: where the times come from the parts' own stamps, rare polls leave the cores to the measured work."""
        def look():
            status = self.status(entry)
            stuck = [part for part in status["parts"] if part["status"] == "parked"]
            if stuck or status["state"] == "rejected":
                sys.exit(f"{entry} does not come to {state}: {json.dumps([status.get('reason'), stuck])[:2000]}")
            return status if status["state"] == state else None
        return wait(look, patience, f"{entry} is {state}", every)

    def child_seconds(self, job):
        """Wall time that all services' children of one kind took so far."""
        total = 0.0
        for process in self.serving:
            text = fetch(process.admin + "/metrics") or ""
            found = re.search(rf'^reelmill_child_seconds_sum{{job="{job}"}} (\S+)', text, re.M)
            total += float(found[1]) if found else 0.0
        return total

    def close(self):
        # A second signal (`timeout` sends one) must not interrupt this.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
        self.neighbours("stop")


def seconds_of(stamp):
    """An RFC 3339 time as seconds."""
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def fetch(url):
    done = subprocess.run(["curl", "-fsS", "-m", "5", url], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def wait(look, patience, what, every=0.2):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        seen = look()
        if seen:
            return seen
        time.sleep(every)
    sys.exit(f"waited {patience} s in vain until {what}")


# ── footage and what is measured of files ──────────────────────────────────────────────────────────────────────────────────────


def ffmpeg(*args):
    done = subprocess.run(["ffmpeg", "-hide_banner", "-nostdin", "-y", *map(str, args)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"ffmpeg {' '.join(map(str, args))}: {done.stderr[-2000:]}")
    return done.stderr


def footage(script="footage.sh"):
    """Files to make entries from, and their description with GRAIN: FOOTAGE=dir, else the real clips that a script of deploy/local fetches,
    else those of footage.sh, else synthetic ones."""
    directory = os.environ.get("FOOTAGE")
    for name in dict.fromkeys([script, "footage.sh"]):
        directory = directory or _fetched(ROOT / "deploy/local" / name)
    files = sorted(path for path in Path(directory).rglob("*") if path.suffix in {".mp4", ".mov", ".mkv", ".avi"}) if directory else []
    grain = f", with grain of strength {number('GRAIN', 0)}" if number("GRAIN", 0) else ", without added grain"
    if files:
        return files, "real (" + ", ".join(f"{path.name} {'×'.join(size_of(path))}" for path in files) + ")" + grain
    return [], "synthetic (testsrc2 with noise)" + grain


def _fetched(script):
    """The directory that a script fetched clips into; `None`, with its reason on stderr, if it can reach no registry (status 3)."""
    done = subprocess.run([script], capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1]
    print(done.stderr.strip(), file=sys.stderr)
    if done.returncode != 3:
        sys.exit(f"{script}: exit {done.returncode}")
    return None


def reel(work, size, seconds, files, grain=None):
    """All clips one after the other at `size` and 25 frames a second, nearly lossless, at least `seconds` long, by
    repetition if necessary; entries are cut from it. Clips of other sizes are scaled and cropped, those of other rates drop or repeat pictures.
    Film grain of this strength is added, GRAIN (0) by default, the same at each run."""
    width, height = size
    to = work / "reel.mp4"
    shape = f"scale={width}:{height}:flags=lanczos:force_original_aspect_ratio=increase,crop={width}:{height},fps=25,setsar=1,format=yuv420p"
    grain = number("GRAIN", 0) if grain is None else grain
    # Another pattern in each picture, evenly distributed, in luma and chroma.
    grainy = f"noise=alls={grain}:allf=t+u" if grain else "null"
    if files:
        # So short that an entry of this length has something of every clip.
        inputs, graph, each = [], "", max(2, min(8, seconds / len(files)))
        for index, file in enumerate(files):
            inputs += ["-t", each, "-i", file]
            graph += f"[{index}:v:0]{shape}[v{index}];"
        graph += "".join(f"[v{index}]" for index in range(len(files))) + f"concat=n={len(files)}:v=1,{grainy}[v]"
    else:
        inputs = ["-f", "lavfi", "-t", min(seconds, 40), "-i", f"testsrc2=s={width}x{height}:r=25,noise=alls=12:allf=t"]
        graph = f"[0:v]{grainy}[v]"
    ffmpeg(*inputs, "-filter_complex", graph, "-map", "[v]", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "6", "-pix_fmt",
           "yuv420p", "-an", to)
    return to


def entry(to, number, seconds, reel_file, codec):
    """Cuts an entry out of the reel, each from another position, and adds a sound."""
    tone = ["-f", "lavfi", "-i", f"sine=f={200 + 40 * number}:b=4:r=48000"]
    ffmpeg("-stream_loop", "-1", "-i", reel_file, *tone, "-ss", f"{number * 3.2:.1f}", "-t", seconds, "-map", "0:v:0", "-map", "1:a:0",
           *codec, "-c:a", "aac", "-b:a", "192k", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
           "-movflags", "+faststart", to)
    return to


def conforming(peak_kbps):
    """An entry that partners accept unchanged up to this peak: High, 4:2:0, key frames at a fixed pace of two seconds in closed GOPs, as phones and
    many cameras write them."""
    return ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "20",
            "-maxrate", f"{round(peak_kbps * 0.9)}k", "-bufsize", f"{round(peak_kbps * 0.1)}k", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0"]


# An editor's export in good quality: within every partner's codec limits, but the bitrate exceeds Douyin's.
EXPORT = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-b:v", "23M", "-maxrate", "30M",
          "-bufsize", "30M", "-g", "50"]
FOREIGN = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high422", "-pix_fmt", "yuv422p10le", "-b:v", "23M", "-maxrate",
           "30M", "-bufsize", "30M", "-g", "50"]


def packets(file):
    """(time, bytes, is key) of each picture packet, in the order of decoding."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time,size,flags", "-of",
                           "csv=p=0", str(file)], capture_output=True, text=True, check=True)
    rows = [line.split(",") for line in done.stdout.splitlines() if line]
    return [(float(row[0]), int(row[1]), "K" in row[2]) for row in rows]


def bitrate_kbps(file):
    found = packets(file)
    seconds = max(at for at, _, _ in found) * len(found) / max(1, len(found) - 1)
    return sum(size for _, size, _ in found) * 8 / 1000 / max(seconds, 0.001)


def size_of(file):
    """Width and height of the picture, as words."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of",
                           "csv=p=0:s=x", str(file)], capture_output=True, text=True, check=True)
    return done.stdout.strip().split("x")[:2]


# Files are compared with the source as their own side scales it, so that the encoders are measured and not the scalers.
OURS, PEERS = "zscale=w={}:h={}:f=lanczos", "scale=w={}:h={}:flags=lanczos"


def against(file, scaler):
    """The inputs of a comparison: [o] is the file's picture, [r] the source's at the same size."""
    return f"[1:v:0]{scaler.format(*size_of(file))},format=yuv420p[r];[0:v:0]format=yuv420p[o];[o][r]"


def ssim(file, source, scaler=OURS):
    """SSIM of each frame of `file` against the source scaled to its size, luma."""
    with tempfile.NamedTemporaryFile() as stats:
        graph = f"{against(file, scaler)}ssim=stats_file={stats.name}:shortest=1"
        ffmpeg("-i", file, "-i", source, "-lavfi", graph, "-an", "-f", "null", "-")
        return [float(found) for found in re.findall(r"Y:([0-9.]+)", Path(stats.name).read_text())]


def vmaf(file, source, scaler=OURS, every=3):
    """VMAF of each `every`th frame of `file` against the source scaled to its size, by the ffmpeg that VMAF_FFMPEG names; `None` without one."""
    program = os.environ.get("VMAF_FFMPEG")
    if not program:
        return None
    with tempfile.NamedTemporaryFile(suffix=".json") as log:
        graph = f"{against(file, scaler)}libvmaf=log_fmt=json:log_path={log.name}:n_threads=2:n_subsample={every}:shortest=1"
        done = subprocess.run([program, "-hide_banner", "-nostdin", "-i", str(file), "-i", str(source), "-lavfi", graph, "-an", "-f", "null", "-"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"no VMAF of {file}: {done.stderr[-500:]}")
        return [frame["metrics"]["vmaf"] for frame in json.loads(Path(log.name).read_text())["frames"]]


def quality(file, source, scaler=OURS):
    """Mean and 1st percentile of VMAF (of fewer than 100 scores the least); empty without a VMAF_FFMPEG."""
    scores = sorted(vmaf(file, source, scaler) or [])
    return {"vmaf": round(statistics.mean(scores), 3), "vmaf_p1": round(scores[len(scores) // 100], 3)} if scores else {}


def guard(ours, theirs, source):
    """Frames, bitrate, SSIM and VMAF of two files of one source."""
    def of(file, scaler):
        scores = ssim(file, source, scaler)
        return {"frames": len(packets(file)), "kbps": round(bitrate_kbps(file)), "ssim": round(statistics.mean(scores), 4),
                **quality(file, source, scaler)}
    return {"ours": of(ours, OURS), "peer": of(theirs, PEERS)}


# ── the report ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def spread(values):
    """Median, least and most."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "n": len(values)}


def shown(of, unit=""):
    return f"{of['median']:.3g}{unit} ({of['least']:.3g}–{of['most']:.3g}, n={of['n']})"


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout.split()[2]
    return {"cpu": cpu[1] if cpu else "unknown", "cores": len(os.sched_getaffinity(0)), "ffmpeg": version,
            "load_before": os.getloadavg()[0], "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def report(name, data, bars, title, unit):
    """Writes target/bench/NAME.json and NAME.svg; `bars` is a list of (label, value)."""
    to = TARGET / "bench"
    to.mkdir(parents=True, exist_ok=True)
    (to / f"{name}.json").write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    (to / f"{name}.svg").write_text(chart(bars, title, unit))
    print(f"written: {to / name}.json and .svg")


def chart(bars, title, unit):
    """A bar chart as SVG."""
    most, wide, row = max([value for _, value in bars] + [1e-9]), 420, 26
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{60 + row * len(bars)}" font-family="sans-serif" font-size="13">',
             '<rect width="100%" height="100%" fill="white"/>', f'<text x="16" y="26" font-size="15">{escape(title)}</text>']
    for index, (label, value) in enumerate(bars):
        y = 44 + index * row
        lines.append(f'<text x="280" y="{y + 14}" text-anchor="end">{escape(label)}</text>')
        lines.append(f'<rect x="290" y="{y}" width="{wide * max(value, 0) / most:.1f}" height="18" fill="#2f6f8f"/>')
        lines.append(f'<text x="{296 + wide * max(value, 0) / most:.1f}" y="{y + 14}">{value:.4g} {escape(unit)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
