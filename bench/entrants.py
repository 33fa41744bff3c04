"""P9: ENTRANTS (500) entrants over ADDRESSES (50) addresses within SECONDS (600): each reads the contest's page, fills in the form as it is
saved while typed, sends it, and uploads a film of MIB (9) over a line so slow that UPLOADS (64) films are uploading at once. No 5xx except 503
with Retry-After, after which the client succeeds; pages and forms ≤ 200 ms at p99; the service's memory ≤ 192 MiB; every digest right.
The server accepts MOST (60) unfinished uploads, fewer than there are, so that some have to wait. CORES and WORK as in rig.py; SEED (1) chooses the plan.

A time is from the request's first byte to the answer's last. An address is the one that the service's one proxy adds for its client. The client waits
between the pages as people do, not in the times. Written: target/bench/entrants.json and .svg. `ENTRANTS=40 SECONDS=40 UPLOADS=8 MOST=6` is a
short run.
"""
import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import re
import select
import socket
import sys
import threading
import time
from base64 import b64encode
from urllib.parse import urlencode, urlsplit

import rig

LIMIT_MS, LIMIT_MIB = 200, 192
BLOCK = 64 * 1024
# Between two polls of a person, seconds.
THINKS = 1.0
# Seconds without a request after which a connection is not reused.
IDLE = 5.0
ANSWERS = {"title": "一座工厂的早晨", "theme": "digital", "synopsis": "一部短片", "recommending_unit": "某省工信厅", "entrant.name": "张三",
           "entrant.contact.phone": "13812345678", "declarations.originality": "true", "declarations.rights": "true", "declarations.ai_use": "none"}


class Tally:
    """The answers that all entrants received."""

    def __init__(self):
        self.lock, self.times, self.statuses, self.wrong = threading.Lock(), {}, {}, []
        self.sending = self.most_sending = self.right = 0

    def saw(self, kind, status, ms):
        with self.lock:
            self.times.setdefault(kind, []).append(ms)
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def fail(self, words):
        with self.lock:
            self.wrong.append(words)

    def moves(self, by):
        with self.lock:
            self.sending += by
            self.most_sending = max(self.most_sending, self.sending)


class Entrant:
    """One entrant with a browser of their own: its cookies, its connection, its address."""

    def __init__(self, host, address, film, tally, rate):
        self.host, self.address, self.film, self.tally, self.rate = host, address, film, tally, rate
        self.connection, self.cookies, self.asked = http.client.HTTPConnection(host, timeout=120), {}, 0.0

    def ask(self, kind, method, path, body=None, **headers):
        """The answer to one request; after a 503 it is repeated after Retry-After, as often as necessary."""
        sent = {"x-forwarded-for": self.address, "accept-language": "zh-CN", "accept-encoding": "identity", **headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        while True:
            # The server closes an idle connection; browsers open another one.
            if time.monotonic() - self.asked > IDLE:
                self.connection.close()
            began, self.asked = time.perf_counter(), time.monotonic()
            self.connection.request(method, path, body, sent)
            answer = self.connection.getresponse()
            answer.text = answer.read().decode(errors="replace")
            self.tally.saw(kind, answer.status, 1000 * (time.perf_counter() - began))
            for line in answer.headers.get_all("set-cookie") or []:
                name, value = line.split(";")[0].split("=", 1)
                self.cookies[name] = value
            if answer.status != 503:
                return answer
            self.wait(answer)

    def wait(self, answer):
        seconds = answer.getheader("retry-after")
        if not (seconds or "").isdigit():
            raise ValueError(f"503 without Retry-After: {answer.text[:200]}")
        time.sleep(int(seconds))

    def wants(self, answer, *statuses):
        if answer.status not in statuses:
            raise ValueError(f"{answer.status} instead of {statuses}: {answer.text[:300]}")
        return answer

    def enter(self):
        """From the contest's page to the receipt's; returns the entry's id and key."""
        page = "/contests/demo/enter"
        form = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{self.host}", "sec-fetch-site": "same-origin"}
        self.wants(self.ask("page", "GET", "/contests/demo"), 200)
        time.sleep(THINKS)
        self.wants(self.ask("form", "GET", page), 200)
        for count in (1, 4, len(ANSWERS)):
            time.sleep(THINKS)
            typed = dict(list(ANSWERS.items())[:count])
            self.wants(self.ask("draft", "POST", "/contests/demo/draft", urlencode(typed), **form), 204)
        entered = self.wants(self.ask("enter", "POST", page, urlencode(ANSWERS), **form), 303)
        path = urlsplit(entered.getheader("location")).path
        receipt = self.wants(self.ask("receipt", "GET", path), 200).text
        found = re.search(r'data-entry="([^"]+)" data-key="([^"]+)"', receipt)
        if not found:
            raise ValueError(f"{path} takes no film: {receipt[:300]}")
        return found.groups()

    def upload(self, key):
        auth = {"authorization": f"Bearer {key}", "tus-resumable": "1.0.0"}
        name = b64encode("影片.mp4".encode()).decode()
        made = self.ask("create", "POST", "/files", **auth, **{"upload-length": str(len(self.film)), "upload-metadata": f"filename {name}"})
        path = urlsplit(self.wants(made, 201).getheader("location")).path
        self.tally.moves(1)
        try:
            while True:
                offset = int(self.wants(self.ask("offset", "HEAD", path, **auth), 200).getheader("upload-offset"))
                if offset == len(self.film):
                    return
                self.send(path, offset, auth)
        finally:
            self.tally.moves(-1)

    def send(self, path, offset, auth):
        """Sends the rest at the speed of a home connection, until all is sent or the server answers earlier."""
        line = http.client.HTTPConnection(self.host, timeout=120)
        line.putrequest("PATCH", path)
        rest = memoryview(self.film)[offset:]
        for name, value in {**auth, "x-forwarded-for": self.address, "upload-offset": offset, "content-length": len(rest),
                            "content-type": "application/offset+octet-stream"}.items():
            line.putheader(name, str(value))
        line.endheaders()
        began, sent = time.monotonic(), 0
        try:
            while sent < len(rest) and not select.select([line.sock], [], [], max(0, began + sent / self.rate - time.monotonic()))[0]:
                line.send(rest[sent:sent + BLOCK])
                sent += BLOCK
            answer = line.getresponse()
            answer.text = answer.read().decode(errors="replace")
        except (ConnectionError, http.client.HTTPException, socket.timeout):
            # Cut while bytes were in flight: the offset shows how many arrived.
            return time.sleep(1)
        finally:
            line.close()
        self.tally.saw("bytes", answer.status, 1000 * (time.monotonic() - began))
        if answer.status in (503, 423, 409):
            return self.wait(answer) if answer.status == 503 else time.sleep(1)
        return self.wants(answer, 204)

    def verified(self, entry, key):
        """Waits until the server has read the film back, and compares digests."""
        wanted, until = hashlib.sha256(self.film).hexdigest(), time.monotonic() + 600
        while time.monotonic() < until:
            answer = self.ask("status", "GET", f"/api/v1/submissions/{entry}", authorization=f"Bearer {key}")
            found = json.loads(self.wants(answer, 200).text)["upload"].get("sha256")
            if found:
                return found == wanted
            time.sleep(2)
        return False

    def whole(self):
        try:
            entry, key = self.enter()
            self.upload(key)
            if not self.verified(entry, key):
                return self.tally.fail(f"{entry}: another digest, or none")
            with self.tally.lock:
                self.tally.right += 1
        except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
            self.tally.fail(f"{self.address}: {error!r}")
        finally:
            self.connection.close()


def figures(taken):
    taken = sorted(taken)
    at = lambda share: taken[min(len(taken) - 1, int(len(taken) * share))]
    return {"n": len(taken), "p50_ms": at(0.5), "p99_ms": at(0.99), "most_ms": taken[-1]}


def main():
    cores = rig.pin()
    entrants, addresses, seconds = rig.number("ENTRANTS", 500), rig.number("ADDRESSES", 50), rig.number("SECONDS", 600)
    uploads, mib, most = rig.number("UPLOADS", 64), rig.number("MIB", 9), rig.number("MOST", 60)
    dice, base = random.Random(rig.number("SEED", 1)), os.urandom(mib << 20)
    # The wanted number of simultaneous uploads, on average.
    rate = len(base) * entrants / (uploads * seconds)
    with rig.work_dir(needed_bytes=entrants * (mib + 1) << 20) as work:
        servers = rig.Servers(work, rig.catalogue(rig.Path(work) / "catalogue"))
        tally = Tally()
        try:
            # As in an installation: rig.py switches it off.
            servers.env.pop("ENTRIES_PER_MINUTE")
            service = servers.serve("upload", "upload", FORWARDED_HOPS="1", UPLOAD_MOST_UNFINISHED=str(most))
            host = urlsplit(servers.env["REELMILL_SERVER"]).netloc
            starts, began = sorted(dice.uniform(0, seconds) for _ in range(entrants)), time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(entrants) as pool:
                for number, start in enumerate(starts):
                    time.sleep(max(0, began + start - time.monotonic()))
                    film = number.to_bytes(8, "big") + base[8:]
                    one = Entrant(host, f"198.51.100.{1 + number % addresses}", film, tally, rate)
                    pool.submit(one.whole)
            peak = int(re.search(r"VmHWM:\s*(\d+)", rig.Path(f"/proc/{service.pid}/status").read_text())[1]) / 1024
        finally:
            servers.close()
    report(tally, peak, {"entrants": entrants, "addresses": addresses, "seconds": seconds, "uploads": uploads, "mib": mib, "most": most, "cores": cores})


def report(tally, peak, plan):
    kinds = {kind: figures(taken) for kind, taken in tally.times.items()}
    forms = figures([ms for kind in ("page", "form", "draft", "enter", "receipt") for ms in tally.times.get(kind, [])] or [float("inf")])
    wrong = {status: count for status, count in tally.statuses.items() if status >= 500 and status != 503}
    checks = [
        (f"pages and forms: median {forms['p50_ms']:.1f} ms, p99 {forms['p99_ms']:.1f} ms, most {forms['most_ms']:.0f} ms (p99 ≤ {LIMIT_MS} ms)", forms["p99_ms"] <= LIMIT_MS),
        (f"peak memory of the service {peak:.0f} MiB (≤ {LIMIT_MIB} MiB)", peak <= LIMIT_MIB),
        (f"digests right: {tally.right} of {plan['entrants']}", tally.right == plan["entrants"]),
        (f"5xx but 503: {wrong or 'none'}; 503 with Retry-After, obeyed: {tally.statuses.get(503, 0)}", not wrong),
        (f"uploads at once: {tally.most_sending} (of {plan['uploads']} wanted, {plan['most']} taken)", tally.most_sending >= min(plan["uploads"], plan["most"]) * 0.75),
    ]
    for words, met in checks:
        print(f"{words}: {'met' if met else 'MISSED'}", flush=True)
    for words in tally.wrong[:10]:
        print(words, file=sys.stderr)
    bars = [(f"{kind}, p99", found["p99_ms"]) for kind, found in kinds.items() if kind in ("page", "form", "draft", "enter", "receipt")]
    rig.report("entrants", {"machine": rig.machine(), **plan, "peak_mib": peak, "kinds": kinds, "forms": forms, "statuses": tally.statuses,
                            "most_sending": tally.most_sending, "wrong": tally.wrong}, bars, f"{plan['entrants']} entrants in {plan['seconds']} s", "ms")
    if not all(met for _, met in checks):
        sys.exit(1)


if __name__ == "__main__":
    main()
