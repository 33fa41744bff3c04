"""P6: many uploads at once to one S3 server, ours against @tus/server with @tus/s3-store, in alternating pairs; then kill -9 of the
server in the middle. The S3 server is Garage, an independent program, new and empty for each run; client, network and disk are the
same. UPLOADS (16), MIB (256), PAIRS (5), CORES, WORK.

Time is from the first form to the last answer that everything is stored; ours also reads each object back and computes its digest,
which is reported separately. Memory is the server's own peak, by the kernel. Every object is read back and compared with what was sent.
"""
import concurrent.futures
import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import rig

PEER = rig.ROOT / "bench/tus-peer"
BLOCK = 1 << 20
FORM = {"contest": "demo", "title": "upload", "theme": "digital", "entrant": {"name": "bench", "contact": {"email": "b@example.com"}},
        "declarations": {"originality": True, "rights": True, "ai_use": "none"}}


class Film:
    """Random bytes without a block in common with another film: a server that stores equal blocks once must gain nothing."""

    base = None

    def __init__(self, blocks):
        Film.base = Film.base or os.urandom(BLOCK)
        self.stamps = [os.urandom(16) for _ in range(blocks)]
        self.bytes = blocks * BLOCK

    def pieces(self, offset=0):
        """Everything from `offset` on, as buffers."""
        rest = memoryview(Film.base)[16:]
        for index in range(offset // BLOCK, len(self.stamps)):
            skip = offset - index * BLOCK if index == offset // BLOCK else 0
            if skip < 16:
                yield self.stamps[index][skip:]
            yield rest[max(0, skip - 16):]

    def sha256(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


# ── the client ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Refused(Exception):
    """An answer without success."""

    def __init__(self, words, status):
        super().__init__(words)
        self.status = status


class Connection:
    """One kept-alive HTTP connection; bodies are streamed from memory."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.host = f"{parts.hostname}:{parts.port}"
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=900)
        self.file = self.socket.makefile("rb")

    def ask(self, method, path, headers=(), body=(), length=0):
        """Status, headers and body of the answer."""
        head = [f"{method} {path} HTTP/1.1", f"host: {self.host}", f"content-length: {length}", *(f"{name}: {value}" for name, value in headers)]
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        for piece in body:
            self.socket.sendall(piece)
        status = self.file.readline().split()
        if len(status) < 2:
            raise ConnectionError("the connection was cut")
        answered = {}
        while line := self.file.readline().strip():
            name, value = line.decode().split(":", 1)
            answered[name.lower()] = value.strip()
        text = self.file.read(int(answered.get("content-length", 0))) if method != "HEAD" else b""
        if answered.get("transfer-encoding") == "chunked" and method != "HEAD":
            while size := int(self.file.readline().strip() or b"0", 16):
                text += self.file.read(size)
                self.file.readline()
            self.file.readline()
        if int(status[1]) >= 300:
            raise Refused(f"{method} {path}: {status[1].decode()} {text[:300]}", int(status[1]))
        return answered, text

    def close(self):
        self.file.close()
        self.socket.close()


def capped(pieces, most):
    """The first `most` bytes of pieces."""
    for piece in pieces:
        if most <= 0:
            return
        yield piece[:most]
        most -= len(piece)


class Upload:
    """One film on its way, by the tus protocol: the same requests to both."""

    def __init__(self, side, film):
        self.side, self.film, self.promised = side, film, 0
        self.id = self.token = None

    def headers(self, *more):
        return [("tus-resumable", "1.0.0"), *([("authorization", f"Bearer {self.token}")] if self.token else []), *more]

    def create(self):
        connection = Connection(self.side.url)
        if self.side.forms:
            body = json.dumps(FORM).encode()
            _, text = connection.ask("POST", "/api/v1/submissions", [("content-type", "application/json")], [body], len(body))
            self.id, self.token = json.loads(text)["id"], json.loads(text)["token"]
        answered, _ = connection.ask("POST", "/files", self.headers(("upload-length", self.film.bytes)))
        self.path = urlsplit(answered["location"]).path
        return connection

    def send(self, chunk=None, connection=None):
        """Sends what is missing, `chunk` bytes a request or all in one; records every acknowledged offset."""
        connection = connection or Connection(self.side.url)
        with contextlib.closing(connection):
            while self.promised < self.film.bytes:
                size = min(chunk or self.film.bytes, self.film.bytes - self.promised)
                answered, _ = connection.ask("PATCH", self.path, self.headers(("upload-offset", self.promised), ("content-type", "application/offset+octet-stream")),
                                         capped(self.film.pieces(self.promised), size), size)
                self.promised = int(answered["upload-offset"])

    def whole(self):
        self.send(connection=self.create())

    def offset(self):
        with contextlib.closing(Connection(self.side.url)) as connection:
            return int(connection.ask("HEAD", self.path, self.headers())[0]["upload-offset"])

    def verified(self):
        """The digest that our service has read back, once available."""
        with contextlib.closing(Connection(self.side.url)) as connection:
            _, text = connection.ask("GET", f"/api/v1/submissions/{self.id}", [("authorization", f"Bearer {self.token}")])
        return (json.loads(text).get("upload") or {}).get("sha256")


# ── the servers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Garage:
    """A new, empty S3 server."""

    def __init__(self, work):
        self.dir = work / "garage"
        self.tell("start")
        self.env = dict(line.split("=", 1) for line in (self.dir / "env").read_text().splitlines())
        self.pid = int((self.dir / "pid").read_text())

    def tell(self, command):
        subprocess.run([rig.ROOT / "deploy/local/garage.sh", command, self.dir], check=True, stdout=subprocess.DEVNULL)

    def objects(self):
        done = subprocess.run(["node", PEER / "objects.mjs"], env={**os.environ, **self.env}, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def close(self):
        self.tell("stop")
        shutil.rmtree(self.dir)


class Ours:
    name, forms = "reelmill", True

    def __init__(self, servers, garage):
        self.servers, self.env = servers, garage.env
        self.start()

    def start(self):
        self.process = self.servers.serve("upload", "upload", **self.env)
        self.url = self.servers.env["REELMILL_SERVER"]

    def roots(self):
        # Database and broker count for our side; the S3 server is common to both.
        return self.servers.roots()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.servers.processes.remove(self.process)
        self.servers.serving.remove(self.process)

    def close(self):
        self.servers.stop(self.process)


class Peer:
    name, forms = "@tus/server", False

    def __init__(self, work, garage):
        self.work, self.env, self.port = work, garage.env, rig.free_port()
        (work / "peer-tmp").mkdir(exist_ok=True)
        self.start()

    def start(self):
        environment = {**os.environ, **self.env, "TMPDIR": str(self.work / "peer-tmp"), "PORT": str(self.port), "NODE_ENV": "production"}
        self.process = subprocess.Popen(["node", PEER / "server.mjs"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=open(self.work / "peer.log", "ab"), text=True)
        first = self.process.stdout.readline()
        if not first:
            sys.exit((self.work / "peer.log").read_text()[-3000:])
        self.url = first.split()[0]

    def roots(self):
        return [self.process.pid]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def peak_mib(pid):
    """Largest resident size that a process ever had."""
    return int(re.search(r"VmHWM:\s*(\d+)", open(f"/proc/{pid}/status").read())[1]) / 1024


def at_once(films, work):
    with concurrent.futures.ThreadPoolExecutor(len(films)) as pool:
        return list(pool.map(work, films))


# ── what is measured ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def measured(side, garage, films):
    """All films at once, each in one request."""
    uploads = [Upload(side, film) for film in films]
    with rig.Meter([garage.pid]) as store, rig.Meter(side.roots()) as meter:
        at_once(uploads, Upload.whole)
    figures = {**meter.figures(), "s3_cpu_s": store.cpu, "peak_mib": peak_mib(side.process.pid)}
    figures["mib_per_s"] = sum(film.bytes for film in films) / (1 << 20) / figures["wall_s"]
    if side.forms:
        began = time.monotonic()
        for upload in uploads:
            rig.wait(upload.verified, 600, "our service has read back what it stored")
        figures["verified_after_s"] = time.monotonic() - began
        figures["peak_mib"] = peak_mib(side.process.pid)
    compare(garage, films, side.name)
    return figures


def compare(garage, films, name):
    wanted, found = sorted(film.sha256() for film in films), sorted(it["sha256"] for it in garage.objects())
    if wanted != found:
        sys.exit(f"{name}: {len(set(wanted) - set(found))} of {len(wanted)} films are not in the object store as they were sent")


def killed(side, garage, films, chunk):
    """Kills the server in the middle; bytes it had acknowledged must not be requested again."""
    uploads = [Upload(side, film) for film in films]
    for upload in uploads:
        upload.create().close()

    def until_cut(upload):
        with contextlib.suppress(OSError, ConnectionError, Refused):
            upload.send(chunk)

    with concurrent.futures.ThreadPoolExecutor(len(films)) as pool:
        running = [pool.submit(until_cut, upload) for upload in uploads]
        half = sum(film.bytes for film in films) // 2
        rig.wait(lambda: sum(upload.promised for upload in uploads) >= half, 600, "half of it is promised", every=0.02)
        side.kill()
        for work in running:
            work.result()
    side.start()
    offsets = [rig.wait(lambda upload=upload: offset_or_none(upload), 120, "an interrupted upload reports its offset") - 1 for upload in uploads]
    again = sum(max(0, upload.promised - offset) for upload, offset in zip(uploads, offsets))
    figures = {"promised_bytes": sum(upload.promised for upload in uploads), "asked_again_bytes": again,
               "kept_beyond_the_promise_bytes": sum(max(0, offset - upload.promised) for upload, offset in zip(uploads, offsets))}
    for upload, offset in zip(uploads, offsets):
        upload.promised = offset
    at_once(uploads, lambda upload: resumed(upload, chunk))
    for upload in uploads:
        if side.forms:
            rig.wait(upload.verified, 600, "our service has read back what was resumed")
    compare(garage, films, f"{side.name}, killed")
    return figures


def resumed(upload, chunk, patience=120):
    """Continues as clients do: an upload that the killed server still holds (423) is tried again, and so is one whose answer came while
    the body was still being sent, which cuts the connection."""
    until = time.monotonic() + patience
    while True:
        try:
            return upload.send(chunk)
        except Refused as refused:
            if refused.status != 423 or time.monotonic() > until:
                raise
        except ConnectionError:
            if time.monotonic() > until:
                raise
        time.sleep(0.25)
        offset = offset_or_none(upload)
        upload.promised = offset - 1 if offset else upload.promised


def offset_or_none(upload):
    """One more than the offset, so that zero counts; nothing while the server does not answer (a lock, a start)."""
    try:
        return upload.offset() + 1
    except (OSError, Refused):
        return None


def main():
    cores = rig.pin()
    count, mib, pairs = rig.number("UPLOADS", 16), rig.number("MIB", 256), rig.number("PAIRS", 5)
    ours, theirs, kills = [], [], {}
    with rig.work_dir(needed_bytes=count * mib * (3 << 20)) as work:
        work = rig.Path(work)
        servers = rig.Servers(work, rig.catalogue(work / "catalogue"))
        # Garage is the store here, not ours.
        embedded = servers.processes.pop(0)
        embedded.terminate()
        embedded.wait(20)

        @contextlib.contextmanager
        def running(kind):
            garage = Garage(work)
            try:
                side = Ours(servers, garage) if kind is Ours else Peer(work, garage)
                try:
                    yield side, garage
                finally:
                    side.close()
            finally:
                garage.close()

        try:
            for pair in range(pairs):
                for kind, into in ((Ours, ours), (Peer, theirs)) if pair % 2 == 0 else ((Peer, theirs), (Ours, ours)):
                    with running(kind) as (side, garage):
                        into.append(measured(side, garage, [Film(mib) for _ in range(count)]))
                print(f"pair {pair + 1}: ours {ours[-1]['mib_per_s']:.0f} MiB/s, {ours[-1]['peak_mib']:.0f} MiB; peer {theirs[-1]['mib_per_s']:.0f} MiB/s, "
                      f"{theirs[-1]['peak_mib']:.0f} MiB", file=sys.stderr)
            for kind in (Ours, Peer):
                with running(kind) as (side, garage):
                    kills[side.name] = killed(side, garage, [Film(max(4, mib // 4)) for _ in range(count)], max(BLOCK, mib // 32 * BLOCK))
        finally:
            servers.close()
    report(ours, theirs, kills, count, mib, cores)


def report(ours, theirs, kills, count, mib, cores):
    gib = count * mib / 1024
    rate = rig.spread([o["mib_per_s"] / t["mib_per_s"] for o, t in zip(ours, theirs)])
    print(f"{count} uploads of {mib} MiB at once to one Garage, {cores} cores; every object as it was sent")
    print(f"throughput, ours / peer       {rig.shown(rate)}   target ≥ 1; ours {rig.shown(rig.spread([o['mib_per_s'] for o in ours]), ' MiB/s')}, "
          f"peer {rig.shown(rig.spread([t['mib_per_s'] for t in theirs]), ' MiB/s')}")
    print(f"CPU for a GiB, servers of each side  ours {rig.shown(rig.spread([o['cpu_s'] / gib for o in ours]), ' s')} with database and broker, "
          f"peer {rig.shown(rig.spread([t['cpu_s'] / gib for t in theirs]), ' s')}")
    print(f"CPU for a GiB, S3 server             ours {rig.shown(rig.spread([o['s3_cpu_s'] / gib for o in ours]), ' s')}, "
          f"peer {rig.shown(rig.spread([t['s3_cpu_s'] / gib for t in theirs]), ' s')}")
    print(f"peak memory of the server     ours {max(o['peak_mib'] for o in ours):.0f} MiB (target ≤ 128), peer {max(t['peak_mib'] for t in theirs):.0f} MiB")
    print(f"ours has read every object back and taken its digest {rig.shown(rig.spread([o['verified_after_s'] for o in ours]), ' s')} after the last answer")
    for name, found in kills.items():
        print(f"kill -9 of {name}: {found['promised_bytes'] >> 20} MiB were promised, {found['asked_again_bytes'] / BLOCK:.1f} MiB of it asked for again")
    rig.report("upload", {"machine": rig.machine(), "uploads": count, "mib": mib, "ours": ours, "peer": theirs, "killed": kills, "ratio": rate},
               [("ours", rig.spread([o["mib_per_s"] for o in ours])["median"]), ("@tus/server", rig.spread([t["mib_per_s"] for t in theirs])["median"])],
               f"{count} uploads at once", "MiB/s")
    if kills[Ours.name]["asked_again_bytes"]:
        sys.exit("what was promised was asked for again")


main()
