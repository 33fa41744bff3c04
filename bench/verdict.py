"""P7: how soon an entrant gets a result. From the last byte of a large film to the first look by its headers, and to the verdict after all of it
was decoded; and the cost of the full decode check, against `ffmpeg -f null`. LENGTH_S (175, about 500 MB), PAIRS (3), SIZE (1920x1080),
FOOTAGE, CORES.
"""
import http.client
import json
import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

import rig

FORM = {"contest": "demo", "title": "verdict", "theme": "digital", "entrant": {"name": "bench", "contact": {"email": "b@example.com"}},
        "declarations": {"originality": True, "rights": True, "ai_use": "none"}}


def ask(server, method, path, body=None, headers=()):
    """The answer's headers and its text; any answer but a success ends the benchmark."""
    connection = http.client.HTTPConnection(server, timeout=300)
    connection.request(method, path, body=body, headers=dict(headers))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {text[:500]}")
    return answer.headers, text


class LastByte:
    """A file to be sent, and when its last byte was."""

    def __init__(self, path):
        self.file, self.at = open(path, "rb"), None

    def read(self, size):
        # http.client asks for more only after it has sent what it got.
        data = self.file.read(max(size, 1 << 20))
        if not data:
            self.at = time.monotonic()
        return data


def one_of_ours(servers, film):
    """Enters the film by tus; seconds from its last byte to the first look and to the verdict, and CPU in between."""
    server = urlsplit(servers.env["REELMILL_SERVER"]).netloc
    _, text = ask(server, "POST", "/api/v1/submissions", json.dumps(FORM), {"content-type": "application/json"})
    entered = json.loads(text)
    token = {"authorization": f"Bearer {entered['token']}"}
    size = film.stat().st_size
    created, _ = ask(server, "POST", "/files", headers={**token, "tus-resumable": "1.0.0", "upload-length": str(size)})
    body, looked, status = LastByte(film), None, {}
    with rig.Meter(servers.roots()) as meter:
        ask(server, "PATCH", urlsplit(created["location"]).path, body,
            {**token, "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream", "content-length": str(size)})
        answered = time.monotonic() - body.at
        decoding = None
        while status.get("state") in (None, "uploading", "probe", "screen"):
            _, text = ask(server, "GET", f"/api/v1/submissions/{entered['id']}", headers=token)
            status = json.loads(text)
            if looked is None and status.get("first_look"):
                looked = time.monotonic() - body.at
                decoding = meter.cpu_so_far()
            if status["state"] == "rejected":
                sys.exit(f"refused: {status['rejection']}")
            time.sleep(0.02)
        verdict = time.monotonic() - body.at
        decoding = meter.cpu_so_far() - decoding
    # No encodes are started; they would run during the next measurement.
    subprocess.run([rig.REELMILL, "withdraw", entered["id"]], env={**os.environ, **servers.env}, check=True, stdout=subprocess.DEVNULL)
    return {"answered_s": answered, "first_look_s": looked, "verdict_s": verdict, "decoding_cpu_s": decoding, **meter.figures()}


def main():
    rig.pin()
    seconds, pairs = rig.number("LENGTH_S", 175), rig.number("PAIRS", 3)
    size = tuple(int(side) for side in rig.number("SIZE", "1920x1080").split("x"))
    files, words = rig.footage()
    runs = {"service": [], "probe": [], "ffmpeg": []}
    with rig.work_dir() as work:
        work = rig.Path(work)
        film = rig.entry(work / "film.mp4", 0, seconds, rig.reel(work, size, min(seconds, 60), files), rig.EXPORT)
        megabytes = film.stat().st_size / 1e6
        servers = rig.Servers(work, rig.catalogue(work / "catalogue"))
        try:
            servers.serve("all", SLOTS="1")
            for pair in range(pairs):
                sides = {
                    "service": lambda: one_of_ours(servers, film),
                    # Its scratch is on the film's file system, so that nothing is copied first.
                    "probe": lambda: rig.run_peer([["env", f"SCRATCH_DIR={work / 'probe'}", rig.REELMILL, "probe", film, "--catalogue-dir", work / "catalogue"]]),
                    "ffmpeg": lambda: rig.run_peer([["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", film, "-f", "null", "-"]]),
                }
                for side in sides if pair % 2 == 0 else reversed(sides):
                    runs[side].append(sides[side]())
                    print(f"pair {pair + 1}, {side}: {runs[side][-1]}", file=sys.stderr)
        finally:
            servers.close()
    spread = lambda side, key, of=lambda value: value: rig.spread([of(run[key]) for run in runs[side]])
    times = lambda cpu: seconds / cpu
    print(f"footage {words}; a film of {seconds} s at {size[0]}×{size[1]}, {megabytes:.0f} MB")
    print(f"from the last byte to the first look by the headers  {rig.shown(spread('service', 'first_look_s'), ' s')}   target ≤ 3 s")
    print(f"from the last byte to the verdict, all of it decoded  {rig.shown(spread('service', 'verdict_s'), ' s')}")
    check, plain = spread("probe", "cpu_s", times), spread("ffmpeg", "cpu_s", times)
    print(f"full decode check, × real time per core               {rig.shown(check, ' ×')}   target ≥ 4 ×")
    print(f"  with proxy, storyboard and covers, in the service   {rig.shown(spread('service', 'decoding_cpu_s', times), ' ×')}")
    print(f"  ffmpeg -f null with one thread                      {rig.shown(plain, ' ×')}")
    data = {"machine": rig.machine(), "footage": words, "seconds": seconds, "size": size, "megabytes": megabytes, "runs": runs}
    rig.report("verdict", data, [("first look", spread("service", "first_look_s")["median"]), ("verdict", spread("service", "verdict_s")["median"])],
               f"After the last byte of {megabytes:.0f} MB", "s")


main()
