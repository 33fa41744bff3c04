"""P5: the control plane with the media work stubbed: entries through all five stages with PostgreSQL and RabbitMQ on the same cores, nothing
lost or doubled, and two peers on the same servers: a bare publish–consume–ack loop (quorum queue, confirms) and a plain `skip locked`
queue. ENTRIES (100000), SHAPE (`line`: 6 parts an entry, or `contest`: a minute of film for nine partners), BACKLOG (2000 entries under
way at most), SLOTS (8 a stage), RATE (50 parts/s) and SECONDS (60) of the hops, CORES, WORK (a directory; its file system is reported).
STATEMENTS=1 adds the cost of each statement (pg_stat_statements), which adds a little itself.

PostgreSQL is as deploy/local/neighbours.sh starts it: fsync and synchronous_commit are on. Written: target/bench/control.json and .svg.
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import rig

PROGRAM = Path(os.environ.get("PROGRAM") or rig.TARGET / "release/examples/control-plane")


class Neighbours:
    """A private PostgreSQL and RabbitMQ, new and empty."""

    def __init__(self, work):
        self.dir = Path(work) / "servers"
        self._ask("start")
        self.env = dict(line.split("=", 1) for line in (self.dir / "env").read_text().splitlines())
        data = Path((self.dir / "pg_data_path").read_text().strip())
        self.roots = {"postgres": int((data / "data/postmaster.pid").read_text().split()[0]),
                      "rabbitmq": int((self.dir / "rabbitmq.pid").read_text())}
        self.data = data

    def _ask(self, command):
        subprocess.run([rig.ROOT / "deploy/local/neighbours.sh", command, self.dir], check=True, stdout=subprocess.DEVNULL)

    def sql(self, query, database="reelmill"):
        url = self.env["DATABASE_URL"].rsplit("/", 1)[0] + "/" + database
        done = subprocess.run(["psql", "-qAtX", "-F", "\t", url, "-c", query], capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def fresh(self):
        """An empty database."""
        self.sql("drop database if exists reelmill with (force)", "postgres")
        self.sql("create database reelmill", "postgres")
        if os.environ.get("STATEMENTS"):
            self.sql("create extension pg_stat_statements")

    def observe(self):
        """Counts statements from now on; restarts the server, which loads the library at its start."""
        self.sql("alter system set shared_preload_libraries = 'pg_stat_statements'", "postgres")
        subprocess.run([rig.ROOT / "deploy/local/neighbours.sh", "stop", self.dir, "postgres"], check=True)
        self._ask("start")
        self.roots["postgres"] = int((self.data / "data/postmaster.pid").read_text().split()[0])
        # The setting exists only with the library.
        self.sql("alter system set pg_stat_statements.track_planning = on", "postgres")
        self.sql("select pg_reload_conf()", "postgres")

    def wal(self):
        """WAL records, bytes, writes and syncs, and commits so far."""
        row = self.sql("select wal_records, wal_bytes, wal_sync from pg_stat_wal")[0]
        commits = self.sql("select sum(xact_commit) from pg_stat_database")[0][0]
        return {"records": int(row[0]), "bytes": int(row[1]), "syncs": int(row[2]), "commits": int(commits)}

    def close(self):
        self._ask("stop")


def cpu_of(roots):
    """CPU seconds of each side so far."""
    stats = rig._stats()
    return {name: sum(stats[pid][1] for pid in rig._tree([root], stats)) for name, root in roots.items()}


def resident_of(root):
    stats = rig._stats()
    return sum(stats[pid][2] for pid in rig._tree([root], stats)) / (1 << 20)


def run(neighbours, work, args, **env):
    """Runs the program; returns its output lines, the CPU of each side, and the broker's memory at the end."""
    env = {**os.environ, **neighbours.env, "RUST_LOG": os.environ.get("RUST_LOG", "warn"), "S3_ENDPOINT": "http://127.0.0.1:9",
           "ADMIN_LISTEN": "127.0.0.1:0", "LISTEN": "127.0.0.1:0", "DESK_LISTEN": "127.0.0.1:0", "SCRATCH_DIR": str(Path(work) / "scratch"), **env}
    before, wal = cpu_of(neighbours.roots), neighbours.wal()
    process = subprocess.Popen([PROGRAM, *map(str, args)], env=env, stdout=subprocess.PIPE, text=True)
    ours, lines = [0.0], []

    def watch():
        while process.poll() is None:
            seen = rig._stats().get(process.pid)
            ours[0] = seen[1] if seen else ours[0]
            time.sleep(0.2)
    watching = threading.Thread(target=watch)
    watching.start()
    for line in process.stdout:
        lines.append(json.loads(line))
        said = lines[-1]
        if sys.stderr.isatty() and "at_s" in said:
            print(f"\r{said['at_s']:8.0f} s {said['parts']:9} parts {said['resident_mib']:6.0f} MiB ", end="", file=sys.stderr, flush=True)
    if process.wait() != 0:
        sys.exit(f"{PROGRAM} {args} ended with {process.returncode}")
    watching.join()
    after, now = cpu_of(neighbours.roots), neighbours.wal()
    cpu = {"ours": ours[0], **{name: after[name] - before[name] for name in before}}
    return lines, cpu, {name: now[name] - wal[name] for name in wal}


def pace(lines, total):
    """Parts a second in each tenth of all parts, by the clock."""
    marks, want = [], 0
    points = [(line["at_s"], line["parts"]) for line in lines if "at_s" in line]
    final = next(line for line in lines if "elapsed_s" in line and "parts" in line)
    points.append((final["elapsed_s"], final["parts"]))
    for (t0, p0), (t1, p1) in zip(points, points[1:]):
        while want <= 10 and p0 <= total * want / 10 <= p1 and p1 > p0:
            marks.append(t0 + (t1 - t0) * (total * want / 10 - p0) / (p1 - p0))
            want += 1
    return [total / 10 / (later - earlier) for earlier, later in zip(marks, marks[1:])]


def drawing(lines, title):
    """Parts a second and memory over time, as SVG."""
    points = [line for line in lines if "at_s" in line]
    if len(points) < 3:
        return rig.chart([], title, "")
    wide, high, left = 760, 240, 60
    end = points[-1]["at_s"]
    window = max(1, len(points) // 120)
    pairs = list(zip(points[::window], points[window::window]))
    speeds = [(b["at_s"], (b["parts"] - a["parts"]) / max(b["at_s"] - a["at_s"], 1e-9)) for a, b in pairs]
    memory = [(point["at_s"], point["resident_mib"]) for point in points]

    def line(values, top, colour):
        at = " ".join(f"{left + wide * x / end:.1f},{40 + high - high * y / top:.1f}" for x, y in values)
        return f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    fastest, most = max(y for _, y in speeds) * 1.1, max(y for _, y in memory) * 1.1
    target = f"{40 + high - high * 300 / fastest:.1f}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide + left + 70}" height="{high + 90}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>', f'<text x="16" y="24" font-size="15">{rig.escape(title)}</text>',
        f'<rect x="{left}" y="40" width="{wide}" height="{high}" fill="none" stroke="#999"/>',
        f'<line x1="{left}" x2="{left + wide}" y1="{target}" y2="{target}" stroke="#b33" stroke-dasharray="4 3"/>',
        line(speeds, fastest, "#2f6f8f"), line(memory, most, "#8f6f2f"),
        f'<text x="4" y="52" fill="#2f6f8f">{fastest:.0f}/s</text><text x="{left + wide + 6}" y="52" fill="#8f6f2f">{most:.0f} MiB</text>',
        f'<text x="4" y="{44 + high}">0</text><text x="{left + wide - 60}" y="{60 + high}">{end:.0f} s</text>',
        f'<text x="{left}" y="{78 + high}"><tspan fill="#2f6f8f">parts a second</tspan>, <tspan fill="#8f6f2f">memory of our process</tspan>, '
        '<tspan fill="#b33">target 300/s</tspan></text>', "</svg>", ""])


def statements(neighbours, parts):
    """The most expensive statements, per part: calls, milliseconds, and how often and for how long they were planned."""
    rows = neighbours.sql("select calls, total_exec_time, plans, total_plan_time, left(regexp_replace(query, '\\s+', ' ', 'g'), 60)"
                          " from pg_stat_statements where calls > 0 and dbid = (select oid from pg_database where datname = 'reelmill')"
                          " order by total_exec_time + total_plan_time desc limit 40")
    total = neighbours.sql("select sum(calls), sum(total_exec_time), sum(plans), sum(total_plan_time) from pg_stat_statements"
                           " where dbid = (select oid from pg_database where datname = 'reelmill')")[0]
    return {"calls_a_part": float(total[0]) / parts, "ms_a_part": float(total[1]) / parts,
            "plans_a_part": float(total[2]) / parts, "planning_ms_a_part": float(total[3]) / parts,
            "dearest": [{"statement": text, "calls_a_part": int(calls) / parts, "ms_a_part": float(ms) / parts,
                         "ms_a_call": float(ms) / int(calls), "plans_a_call": int(plans) / int(calls),
                         "planning_ms_a_part": float(planning) / parts} for calls, ms, plans, planning, text in rows]}


def main():
    cores = rig.pin()
    entries, shape = rig.number("ENTRIES", 100_000), os.environ.get("SHAPE") or "line"
    backlog, slots = rig.number("BACKLOG", 2000), rig.number("SLOTS", 8)
    rate, seconds = rig.number("RATE", 50.0), rig.number("SECONDS", 60)
    only = (os.environ.get("ONLY") or "parts,hops,broker,queue").split(",")
    parent = os.environ.get("WORK") or str(rig.ROOT / ".local")
    Path(parent).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-control-", dir=parent) as work:
        os.chmod(work, 0o755)
        neighbours = Neighbours(work)
        try:
            measure(neighbours, work, cores, entries, shape, backlog, slots, rate, seconds, only)
        finally:
            neighbours.close()


def measure(neighbours, work, cores, entries, shape, backlog, slots, rate, seconds, only):
    disk = subprocess.run(["findmnt", "-T", neighbours.data, "-no", "FSTYPE,SOURCE"], capture_output=True, text=True).stdout.split()
    data = {"machine": rig.machine(), "cores": cores, "entries": entries, "shape": shape, "backlog": backlog, "slots": slots,
            "disk": " ".join(disk), "load_before": os.getloadavg()[0],
            "settings": dict(neighbours.sql("select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', "
                                            "'full_page_writes', 'shared_buffers', 'max_wal_size', 'server_version')"))}
    bars = []
    observed = bool(os.environ.get("STATEMENTS"))
    if observed:
        neighbours.observe()
    ours = {"SLOTS": str(slots), "DATABASE_CONNECTIONS": os.environ.get("DATABASE_CONNECTIONS", "32")}
    if "hops" in only:
        neighbours.fresh()
        lines, cpu, _ = run(neighbours, work, ["--shape", shape, "hops", rate, seconds], **ours)
        data["hops"] = {**lines[-1], "cpu_s": cpu}
        print(f"hops at {lines[-1]['parts_per_s']:.0f} parts/s: median {lines[-1]['p50_ms']:.1f} ms, p99 {lines[-1]['p99_ms']:.1f} ms, most "
              f"{lines[-1]['most_ms']:.0f} ms (≤ 100 ms at p99)", flush=True)
    if "broker" in only:
        lines, cpu, _ = run(neighbours, work, ["broker", max(2000, min(entries, 50_000))])
        data["peer_broker"] = {**lines[-1], "cpu_s": cpu}
        bars.append(("publish–consume–ack alone", lines[-1]["messages_per_s"]))
        print(f"peer, bare broker loop: {lines[-1]['messages_per_s']:.0f} messages/s", flush=True)
    if "queue" in only:
        neighbours.fresh()
        lines, cpu, wal = run(neighbours, work, ["queue", max(2000, min(entries, 50_000)), "--workers", slots * 2])
        data["peer_queue"] = {**lines[-1], "cpu_s": cpu, "wal": wal}
        bars.append(("skip locked queue alone", lines[-1]["jobs_per_s"]))
        print(f"peer, bare skip locked queue: {lines[-1]['jobs_per_s']:.0f} jobs/s", flush=True)
    lines = []
    if "parts" in only:
        neighbours.fresh()
        if observed:
            neighbours.sql("select pg_stat_statements_reset()")
        lines, cpu, wal = run(neighbours, work, ["--shape", shape, "parts", entries, "--backlog", backlog], **ours)
        final = next(line for line in lines if "elapsed_s" in line)
        proof = next(line["proof"] for line in lines if "proof" in line)
        tenths = pace(lines, final["parts"])
        memory = [line["resident_mib"] for line in lines if "at_s" in line]
        tenth = max(1, len(memory) // 10)
        parts = final["parts"]
        data["parts"] = {
            **final, "parts_per_s": parts / final["elapsed_s"], "tenths_per_s": tenths, "cpu_s": cpu,
            "cpu_ms_a_part": {side: 1000 * value / parts for side, value in cpu.items()},
            "wal_a_part": {name: value / parts for name, value in wal.items()},
            "memory_mib": {"second_tenth": max(memory[tenth:2 * tenth] or memory), "last_tenth": max(memory[-tenth:]), "most": max(memory),
                           "rabbitmq_at_the_end": resident_of(neighbours.roots["rabbitmq"])},
            "proof": proof,
        }
        if observed:
            data["statements"] = statements(neighbours, parts)
        bars.insert(0, ("parts through the control plane", parts / final["elapsed_s"]))
        tell(data["parts"])
    data["load_after"] = os.getloadavg()[0]
    rig.report("control", data, bars, "Control plane, media stubbed, and what it stands on alone", "/s")
    if lines:
        (rig.TARGET / "bench/control-time.svg").write_text(drawing(lines, f"{entries} entries, {shape}, on {cores} cores"))
        if data["parts"]["proof"]["wrong"]:
            sys.exit("lost or doubled: " + "; ".join(data["parts"]["proof"]["wrong"]))


def tell(found):
    cpu, wal, memory = found["cpu_ms_a_part"], found["wal_a_part"], found["memory_mib"]
    tenths = found["tenths_per_s"] or [found["parts_per_s"]]
    print(f"parts: {found['parts']} in {found['elapsed_s']:.0f} s, {found['parts_per_s']:.0f} parts/s (≥ 300); first tenth {tenths[0]:.0f}/s, "
          f"last {tenths[-1]:.0f}/s")
    print(f"CPU a part: ours {cpu['ours']:.2f} ms, PostgreSQL {cpu['postgres']:.2f} ms, RabbitMQ {cpu['rabbitmq']:.2f} ms")
    print(f"PostgreSQL a part: {wal['commits']:.2f} commits, {wal['syncs']:.2f} syncs, {wal['records']:.1f} WAL records, "
          f"{wal['bytes'] / 1024:.1f} KiB")
    print(f"memory of our process: {memory['second_tenth']:.0f} MiB in the second tenth, {memory['last_tenth']:.0f} MiB in the last")
    wrong = found["proof"]["wrong"]
    print("lost or doubled: " + ("; ".join(wrong) if wrong else f"nothing ({json.dumps(found['proof']['facts'])})"), flush=True)


if __name__ == "__main__":
    main()
