"""P9: pages of staff with WORKS (10000) works waiting for review and as many released to every partner, beside a running encode: the
queue and lists ≤ 100 ms and a card ≤ 150 ms at p99, and at most 60 KB until the first paint. CLIENTS (2) browsers at once open REQUESTS
(500) of each page, on connections that stay open. CORES and WORK as in rig.py; ENCODE=0 leaves the encode out.

The encode is x264 at its default preset with its default number of threads, at the same priority. A time is from the request's first byte to
the answer's last. The bytes of a page are HTML, style sheets and modules as they were transferred. Written: target/bench/pages.json and .svg.
"""
import concurrent.futures
import gzip
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

import rig

BUDGET_KB = 60
# The probe's result for one film, used for every work here.
MEDIA_INFO = (rig.ROOT / "tests/support/reviewed/media_info.json").read_text()
# As stored by screening: rule, measured, limit, outcome, texts in both languages.
RULES = [
    ("format", "mp4", "mp4", "pass", "格式符合要求。", "The format is as the contest asks."),
    ("duration", "12.0 s", "1–8 min", "pass", "时长符合要求。", "The length is as the contest asks."),
    ("resolution", "1920×1080", "≥ 1080", "pass", "分辨率符合要求。", "The resolution is as the contest asks."),
    ("aspect", "16:9", "16:9, 9:16", "pass", "画幅符合要求。", "The aspect is as the contest asks."),
    ("decode_errors", "3", "0", "warn", "解码时发现 3 处错误。", "Three errors while decoding."),
    ("loudness", "-31.2 LUFS", "≥ -30 LUFS", "warn", "声音较小。", "The sound is quiet."),
    ("black", "2.6 s", "2 s", "warn", "有 2.6 秒黑场。", "The picture is black for 2.6 s."),
    ("frozen", "3.5 s", "3 s", "warn", "有 3.5 秒静止画面。", "The picture stands still for 3.5 s."),
    ("silent", "2.4 s", "2 s", "warn", "有 2.4 秒无声。", "There is no sound for 2.4 s."),
    ("duplicate", "none", "picture < 60 %, sound < 60 %", "pass", "未发现重复。", "It resembles no other entry."),
]


class Desk:
    """The service with its database, a person who holds every role, and their session."""

    def __init__(self, servers):
        self.servers = servers
        api, desk = rig.free_port(), rig.free_port()
        self.address, self.api = f"127.0.0.1:{desk}", f"127.0.0.1:{api}"
        servers.serve("desk", "upload,desk", LISTEN=self.api, DESK_LISTEN=self.address, DESK_URL=f"http://{self.address}")
        roles = ["screener", "organiser", "operator", "auditor", "admin"]
        rig.reelmill("person", "add", "王审", "--login", "wang", "--role", *roles, "--output", "json", env=servers.env)
        bits = os.urandom(32)
        self.cookie = "rm=" + urlsafe_b64encode(bits).decode().rstrip("=")
        self.sql(f"insert into sessions (id, secret_sha256, person, factors) select '{uuid.uuid4()}', '\\x{hashlib.sha256(bits).hexdigest()}',"
                 " id, 'totp' from persons where login = 'wang'")

    def sql(self, query):
        done = subprocess.run(["psql", "-qAtX", self.servers.env["DATABASE_URL"], "-c", query], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr[-2000:])
        return done.stdout.split()

    def plant(self, works):
        """Enters one work and copies its rows, as stored by screening. All copies share the objects of one preview."""
        form = {"contest": "demo", "title": "一座工厂的早晨", "theme": "digital", "recommending_unit": "某省工信厅", "synopsis": "一部短片",
                "entrant": {"name": "张三", "contact": {"phone": "13812345678"}},
                "declarations": {"originality": True, "rights": True, "ai_use": "none"}}
        connection = http.client.HTTPConnection(self.api)
        connection.request("POST", "/api/v1/submissions", json.dumps(form), {"content-type": "application/json"})
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != 201:
            sys.exit(f"the form was answered with {answer.status}: {body}")
        one = json.loads(body)["id"]
        verdict = {"rules": [{"rule": rule, "measured": measured, "limit": limit, "outcome": outcome, "curable": True, "zh": zh, "en": en}
                             for rule, measured, limit, outcome, zh, en in RULES]}
        # Ids of version 7, a second apart, so that they have the order in which works are entered.
        ident = ("(lpad(to_hex((extract(epoch from now()) * 1000)::bigint - (%d - n) * 1000), 12, '0') || '7' || substr(md5(n::text), 1, 3)"
                 " || '8' || substr(md5(n::text), 4, 15))::uuid" % works)
        values = {
            "id": ident, "title": "one.title || ' ' || n", "token_sha256": "sha256(n::text::bytea)", "receipt": "null", "state": "'awaiting_review'",
            "machine": "jsonb_set(one.machine, '{state}', '{\"state\": \"awaiting_review\"}')",
            "media_info": quoted(MEDIA_INFO) + "::jsonb", "verdict": quoted(json.dumps(verdict)) + "::jsonb",
            "created_at": f"now() - make_interval(secs => {works} - n)",
            "recommending_unit": "(array['北京市经信局', '江苏省工信厅', '中国一重', '某省工信厅'])[1 + n % 4]",
        }
        columns = self.sql("select column_name from information_schema.columns where table_name = 'submissions' and is_generated = 'NEVER'")
        chosen = ", ".join(values.get(name, f"one.{name}") for name in columns)
        self.sql(f"insert into submissions ({', '.join(columns)}) select {chosen} from submissions one, generate_series(1, {works}) n"
                 f" where one.id = '{one}'")
        self.sql("insert into parts (submission, run, stage, part, status) select id, 1, stage::text, 'mezzanine', 'done'"
                 " from submissions, unnest(array['probe', 'screen']) stage where state = 'awaiting_review'")
        self.sql(f"insert into previews (submission, run, files) select id, 1, {quoted(json.dumps(self.preview()))}::jsonb"
                 " from submissions where state = 'awaiting_review'")
        waiting = self.sql("select id from submissions where state = 'awaiting_review' order by id")
        self.publish(waiting[0], columns, works)
        self.sql("vacuum analyze")
        return waiting

    def publish(self, one, columns, works):
        """As many works again that were released, each with a delivery to every partner: one in 50 waits for a person, one in 100 is recalled."""
        ident = "(overlay(one.id::text placing lpad(to_hex(n), 6, '0') from 31))::uuid"
        values = {
            "id": ident, "title": "one.title || ' ' || n", "token_sha256": "sha256((n || 'released')::bytea)", "receipt": "null", "state": "'published'",
            "machine": "jsonb_set(one.machine, '{state}', '{\"state\": \"published\"}')", "created_at": f"now() - make_interval(days => 1, secs => {works} - n)",
        }
        chosen = ", ".join(values.get(name, f"one.{name}") for name in columns)
        self.sql(f"insert into submissions ({', '.join(columns)}) select {chosen} from submissions one, generate_series(1, {works}) n where one.id = '{one}'")
        states = {
            "live": {"state": "live", "receipt": "known", "public_url": "https://partner.example/1"},
            "awaiting_operator": {"state": "awaiting_operator", "intent": str(uuid.uuid4())},
            "recalling": {"state": "recalling", "receipt": "known", "public_url": None, "by": "operator", "step": "requested"},
        }
        rows = "".join(f" when '{state}' then {quoted(json.dumps(observed))}::jsonb" for state, observed in states.items())
        wanted = "case state when 'recalling' then 'gone' else 'live' end"
        self.sql("insert into deliveries (submission, partner, machine, state, run, recall_due)"
                 f" select id, partner, jsonb_build_object('run', 1, 'desired', {wanted}, 'observed', case state{rows} end), state, 1,"
                 " case state when 'recalling' then now() + interval '1 day' end"
                 " from (select id, partner, case when n % 100 = 7 then 'recalling' when n % 50 = 3 then 'awaiting_operator' else 'live' end as state"
                 f" from (select id, partner, row_number() over () n from submissions, unnest(array[{', '.join(map(quoted, self.partners()))}]) partner"
                 " where state = 'published') each) chosen")

    def partners(self):
        """Every partner of the catalogue."""
        return sorted(path.stem for path in (rig.ROOT / "services/pipeline/catalogue/partners").glob("*.toml"))

    def preview(self):
        """Objects of every preview, written into the embedded store's directory."""
        cue = "\n00:00:{0:02}.000 --> 00:00:{1:02}.000\nstoryboard.jpg#xywh={2},{3},160,90\n"
        cues = "WEBVTT\n" + "".join(cue.format(n, n + 1, n % 4 * 160, n // 4 * 90) for n in range(12))
        files = {}
        for name, file, content in (("proxy", "proxy.mp4", b"film"), ("storyboard", "storyboard.jpg", b"sheet"), ("cues", "storyboard.vtt", cues.encode())):
            path = self.servers.work / "s3" / "reelmill" / "bench" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            files[name] = {"key": f"bench/{file}", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        return files


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Browser:
    """A connection that stays open, as a browser's."""

    def __init__(self, desk):
        self.desk, self.connection = desk, http.client.HTTPConnection(desk.address)

    def get(self, path):
        """Status, headers, body as transferred, and milliseconds; redirects are followed."""
        began = time.perf_counter()
        for _ in range(5):
            self.connection.request("GET", path, headers={"cookie": self.desk.cookie, "accept-encoding": "gzip", "accept-language": "zh-CN"})
            answer = self.connection.getresponse()
            body = answer.read()
            if answer.status != 303:
                break
            path = answer.getheader("location")
        return answer.status, answer.headers, body, 1000 * (time.perf_counter() - began)


def times(desk, paths, clients):
    """Milliseconds of each request, sorted; `clients` browsers share the paths."""
    def browse(share):
        browser, taken = Browser(desk), []
        for path in share:
            status, _, body, ms = browser.get(path)
            if status != 200:
                sys.exit(f"{path}: {status} {body[:400]}")
            taken.append(ms)
        return taken
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return sorted(ms for taken in pool.map(browse, [paths[at::clients] for at in range(clients)]) for ms in taken)


def figures(taken):
    at = lambda share: taken[min(len(taken) - 1, int(len(taken) * share))]
    return {"n": len(taken), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "most_ms": taken[-1]}


def first_paint(desk, path):
    """Bytes of a page, its style sheets and its modules, with those that these import."""
    browser, seen = Browser(desk), {}

    def take(at):
        if at in seen:
            return ""
        status, headers, body, _ = browser.get(at)
        if status != 200:
            sys.exit(f"{at}: {status}")
        seen[at] = len(body)
        return (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body).decode()
    html = take(path)
    parts = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html) + re.findall(r'<script type="module" src="([^"]+)"', html)
    while parts:
        part = parts.pop()
        text = take(urlsplit(part).path)
        if part.endswith(".js"):
            base = part.rsplit("/", 1)[0]
            parts += [found if found.startswith("/") else f"{base}/{found.removeprefix('./')}" for found in re.findall(r'(?:from|import)\s*"([^"]+)"', text)]
    return sum(seen.values()) / 1000


def cursors(desk, path, pages):
    """The addresses of the first `pages` pages of a list, by the links to the next page."""
    browser, found = Browser(desk), [path]
    while len(found) < pages:
        html = browser.get(found[-1])[2]
        html = gzip.decompress(html).decode() if html[:2] == b"\x1f\x8b" else html.decode()
        following = re.search(r'<a[^>]*rel="next"[^>]*href="([^"]+)"|<a[^>]*href="([^"]+)"[^>]*rel="next"', html)
        if not following:
            break
        found.append((following[1] or following[2]).replace("&amp;", "&"))
    return found


def main():
    cores = rig.pin()
    works, requests, clients = rig.number("WORKS", 10_000), rig.number("REQUESTS", 500), rig.number("CLIENTS", 2)
    encode = os.environ.get("ENCODE") != "0"
    with rig.work_dir(1 << 30) as work:
        servers = rig.Servers(work, rig.catalogue(rig.Path(work) / "catalogue"))
        encoder = None
        try:
            desk = Desk(servers)
            ids = desk.plant(works)
            some = [ids[len(ids) * n // requests] for n in range(requests)]
            pages = cursors(desk, "/works?state=awaiting_review", 20)
            again = lambda paths: [paths[n % len(paths)] for n in range(requests)]
            kinds = {
                "home": (100, ["/"] * requests),
                "queue, the next card": (150, ["/queue/screening"] * requests),
                "works, page by page": (100, again(pages)),
                "works, by a word of the title": (100, again([f"/works?state=awaiting_review&title={n}" for n in range(20)])),
                "deliveries": (100, ["/deliveries"] * requests),
                "deliveries that wait for a person": (100, ["/deliveries?waits=person"] * requests),
                "trouble": (100, ["/trouble"] * requests),
                "a card": (150, [f"/queue/screening/{one}" for one in some]),
                "a work": (150, [f"/works/{one}" for one in some]),
            }
            paint = {path: first_paint(desk, path) for path in ("/", "/works", f"/queue/screening/{ids[0]}", f"/works/{ids[0]}")}
            if encode:
                picture = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25,noise=alls=12:allf=t"]
                encoder = subprocess.Popen(["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", *picture, "-c:v", "libx264", "-f", "null", "-"])
            data = {"machine": rig.machine(), "cores": cores, "works": works, "clients": clients, "encode": encode, "first_paint_kb": paint, "pages": {}}
            for name, (limit, paths) in kinds.items():
                times(desk, paths[:20], clients)
                found = figures(times(desk, paths, clients))
                data["pages"][name] = {**found, "limit_ms": limit}
                verdict = "met" if found["p99_ms"] <= limit else "MISSED"
                print(f"{name}: median {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms, most {found['most_ms']:.0f} ms (p99 ≤ {limit} ms: {verdict})", flush=True)
            for path, kb in paint.items():
                print(f"first paint of {path}: {kb:.1f} KB (≤ {BUDGET_KB} KB: {'met' if kb <= BUDGET_KB else 'MISSED'})", flush=True)
        finally:
            if encoder:
                encoder.kill()
                encoder.wait()
            servers.close()
    bars = [(f"{name}, p99", found["p99_ms"]) for name, found in data["pages"].items()]
    rig.report("pages", data, bars, f"Pages with {works} works waiting{', beside an encode' if encode else ''}, on {cores} cores", "ms")


if __name__ == "__main__":
    main()
