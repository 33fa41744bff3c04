#!/usr/bin/env python3
"""Writes the dashboards. `generate.py` writes dashboards/*.json, `--check` reports whether they are up to date, `--queries`
prints every query for the test that runs them.

One line per panel: title, kind, unit, description, and its queries with their legends. Figures of the whole installation are exported
by every process, so they are queried with `max by`; counts of single processes, with `sum`.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
# Every process serves the pages on its admin port, as of its build.
RUNBOOK = "http://localhost:9090/runbook/"
BAD, WARN, GOOD = "red", "orange", "green"


def panel(title, kind, unit, says, *queries, w=8, steps=None, page=None, empty=None, stack=False, **more):
    """`steps`: [(from, colour)]. `page`: the alert whose runbook page belongs to it. `empty`: why it has no data even in a working system, which the
    test accepts; there should be hardly any."""
    queries = [(query, "") if isinstance(query, str) else query for query in queries]
    return dict(title=title, kind=kind, unit=unit, says=says, queries=queries, w=w, steps=steps, page=page, empty=empty,
                stack=stack, **more)


def rate(metric, labels="", by=""):
    group = f" by ({by})" if by else ""
    return f"sum{group} (rate({metric}{{{labels}}}[$__rate_interval]))" if labels else f"sum{group} (rate({metric}[$__rate_interval]))"


def quantile(q, metric, by="", labels=""):
    inner = ", ".join(filter(None, ["le", by]))
    labels = f"{{{labels}}}" if labels else ""
    return f"histogram_quantile({q}, sum by ({inner}) (rate({metric}_bucket{labels}[$__rate_interval])))"


def whole(metric, by="", labels=""):
    labels = f"{{{labels}}}" if labels else ""
    return f"max by ({by}) ({metric}{labels})" if by else f"max({metric}{labels})"


# Of our processes only: Prometheus scrapes others, too.
def ours(metric):
    return f"{metric} and on (instance) reelmill_sample_age_seconds"


ONE = [(None, GOOD), (1, BAD)]
PARKED = 'status="parked"'
UNDER_WAY = 'state=~"uploading|probe|screen|awaiting_review|transcode|assemble|awaiting_release|publish"'

DASHBOARDS = {
    "overview": ("Overview", "Is everything fine, what is stuck, will we clear before the deadline?", [
        panel("Processes", "stat", "short", "Processes that are scraped.", "count(reelmill_sample_age_seconds)", w=4, page="ReelmillDown"),
        panel("Firing alerts", "stat", "short", "Alerts that fire now.", 'count(ALERTS{alertstate="firing"}) or vector(0)', w=4, steps=ONE),
        panel("Entries under way", "stat", "short", "Entries that are neither published nor ended.",
              f"sum({whole('reelmill_entries', 'state', UNDER_WAY)})", w=4),
        panel("Parked parts", "stat", "short", "Parts that failed too often, or would fail again: they wait for a person.",
              f"sum({whole('reelmill_queue_parts', 'stage', PARKED)})", w=4, steps=ONE, page="PartsParked"),
        panel("Backlog clears in", "stat", "s", "Estimated remaining work of all entries, divided by the work done in the last half hour. Infinite: there is work and none is done.",
              "reelmill:backlog_clears_seconds", w=4, steps=[(None, GOOD), (86400, WARN)], page="DeadlineAtRisk"),
        panel("Time to the next due date", "stat", "s", "Until the works of the next contest must be live.",
              "min(reelmill_contest_due_timestamp_seconds > time()) - time()", w=4, page="DeadlineAtRisk"),
        panel("Entries by state", "ts", "short", "The states of entries.", (whole("reelmill_entries", "state"), "{{state}}"), w=12, stack=True),
        panel("Longest without a change", "ts", "s", "By state: time since the last change of the entry that has been unchanged for longest. States of machines should stay flat; gates wait for people.",
              (whole("reelmill_entries_oldest_seconds", "state"), "{{state}}"), w=12, page="NoProgress"),
        panel("Forecast", "ts", "s", "Below the due dates, the machines will finish in time.",
              ("reelmill:backlog_clears_seconds", "backlog clears in"),
              ("min by (contest, what) (reelmill_contest_due_timestamp_seconds) - time() > 0", "{{contest}}: {{what}} due in"), w=12, page="DeadlineAtRisk"),
        panel("Backlog by state", "ts", "s", "Estimated remaining work of entries, seconds of one core.",
              (whole("reelmill_backlog_work_seconds", "state"), "{{state}}"), w=12, stack=True, page="DeadlineAtRisk"),
        panel("Works under way by contest", "ts", "short", "Works that are still being processed or delivered; after the contest's date they are late. Those that wait for people are not counted.",
              (whole("reelmill_contest_entries_under_way", "contest"), "{{contest}}"), w=12, stack=True, page="DeadlineMissed"),
        panel("Error budgets", "ts", "short", "Errors of the last hour relative to the budget: at 1 the budget lasts a month, at 14 two days.",
              ("reelmill:errors:ratio1h / on (slo) reelmill:error_budget", "{{slo}}"), w=12, page="ErrorBudgetBurnsFast"),
        panel("Deliveries by state", "ts", "short", "Of all partners.", (f"sum by (state) ({whole('reelmill_deliveries', 'partner, state')})", "{{state}}"), w=12, stack=True),
        panel("Refused entries by rule", "bars", "short", "Refused entries, by the rule that they broke or the reviewer's refusal.",
              (whole("reelmill_entries_rejected", "rule"), "{{rule}}"), w=12),
        panel("Age of these figures", "ts", "s", "One process counts the whole installation every 15 seconds.",
              ("max(reelmill_sample_age_seconds)", "age"), w=12, page="FiguresStale"),
    ]),
    "stages": ("Stages", "Probe, screen, transcode, assemble, publish: what waits, what runs, what fails and why.", [
        panel("Parts by status", "ts", "short", "Open parts in the database: pending is claimable, waiting will be.",
              (whole("reelmill_queue_parts", "stage, status"), "{{stage}} {{status}}"), w=12, page="QueueOld"),
        panel("Oldest pending part", "ts", "s", "Time since it became claimable.", (whole("reelmill_queue_age_seconds", "stage"), "{{stage}}"), w=12, page="QueueOld"),
        panel("Parts ended", "ts", "ops", "By stage and outcome, each second.", (rate("reelmill_parts_total", by="stage, outcome"), "{{stage}} {{outcome}}"), w=12),
        panel("Why parts failed or were refused", "ts", "ops", "Reasons; those of refusals are rules.",
              (rate("reelmill_parts_total", 'outcome=~"failed|parked|rejected|unrecorded"', "stage, outcome, reason"), "{{stage}} {{outcome}}: {{reason}}"), w=12, page="PartsParked"),
        panel("Running now", "ts", "short", "Parts that workers hold.", ("sum by (stage) (reelmill_parts_running)", "{{stage}}"), w=8),
        panel("Part seconds, median", "ts", "s", "From claim to commit.", (quantile(0.5, "reelmill_part_seconds", "stage"), "{{stage}}"), w=8),
        panel("Part seconds, 95 of 100", "ts", "s", "From claim to commit.", (quantile(0.95, "reelmill_part_seconds", "stage"), "{{stage}}"), w=8, page="NoProgress"),
        panel("Hop, 99 of 100", "ts", "s", "From claimable to claimed, while slots are free.", (quantile(0.99, "reelmill_hop_seconds", "stage"), "{{stage}}"), w=8),
        panel("Leases expired", "ts", "ops", "Claims whose worker did not renew its lease; their parts run again.", (rate("reelmill_leases_expired_total", by="stage"), "{{stage}}"), w=8, page="LeasesExpiring"),
        panel("Set going again", "ts", "short", "Wanted work without an open part, over the last hour. Always 0, except for defects of ours.",
              ("sum by (what) (increase(reelmill_unstuck_total[$__range]))", "{{what}}"), w=8, page="StuckWork"),
        panel("Estimated work done", "ts", "short", "Estimated seconds of one core that are done each second: the speed used by the forecast.",
              (rate("reelmill_work_seconds_total", by="stage"), "{{stage}}"), w=8, page="DeadlineAtRisk"),
    ]),
    "media": ("Media", "Encodes: speed, cost, avoided work, killed children.", [
        panel("Processor time per delivered minute", "stat", "s", "Seconds of processor time of all children for each minute of film that went live, over the panel's time.",
              "sum(increase(reelmill_children_cpu_seconds_total[$__range])) / (sum(increase(reelmill_delivered_media_seconds_total[$__range])) / 60)", w=8),
        panel("Wishes met without an encode", "stat", "percentunit", "Files for partners that were shared, passed through or reused.",
              'sum(increase(reelmill_wishes_total{met!="made"}[$__range])) / sum(increase(reelmill_wishes_total[$__range]))', w=8),
        panel("Encode speed", "stat", "x", "Seconds of film encoded in one second of encoding, all workers.",
              'sum(increase(reelmill_encoded_media_seconds_total{track="picture"}[$__range])) / sum(increase(reelmill_encoding_seconds_total{track="picture"}[$__range]))', w=8),
        panel("Speed of segments", "ts", "x", "Relative to real time, all encodes of a segment together.",
              (quantile(0.5, "reelmill_encode_speed_ratio"), "median"), (quantile(0.05, "reelmill_encode_speed_ratio"), "slowest of 20"), w=12),
        panel("Film encoded", "ts", "short", "Seconds of film each second; each encode counts.", (rate("reelmill_encoded_media_seconds_total", by="track"), "{{track}}"), w=12),
        panel("How wishes were met", "ts", "ops", "Shared: with another partner. Passed through: the source fits. Reused: made in an earlier run.",
              (rate("reelmill_wishes_total", by="met"), "{{met}}"), w=12, stack=True),
        panel("Processor time of children", "ts", "short", "Cores in use, by the kernel's accounting of ended children.",
              (rate("reelmill_children_cpu_seconds_total", by="mode"), "{{mode}}"), w=12, stack=True),
        panel("Children by end", "ts", "ops", "Rejected is the content's fault; crashed counts as such.", (rate("reelmill_children_total", by="end"), "{{end}}"), w=8, page="ChildrenKilled"),
        panel("Children killed, by cause", "ts", "ops", "sigkill: memory, most likely. sigsys and sigxcpu: the sandbox. timed_out: the deadline.",
              (rate("reelmill_children_killed_total", by="cause"), "{{cause}}"), w=8, page="ChildrenKilled"),
        panel("Child seconds, 95 of 100", "ts", "s", "By kind of job.", (quantile(0.95, "reelmill_child_seconds", "job"), "{{job}}"), w=8),
        panel("Largest child", "ts", "bytes", "Peak resident memory of any child so far, by process.", ("max by (instance) (reelmill_children_peak_bytes)", "{{instance}}"), w=12),
        panel("Film that went live", "ts", "short", "Seconds of film each second, by partner.", (rate("reelmill_delivered_media_seconds_total", by="partner"), "{{partner}}"), w=12),
    ]),
    "partners": ("Partners", "What each partner has, what is delayed, and whether it accepts our credentials.", [
        panel("Deliveries", "table", "short", "By partner and state.", (whole("reelmill_deliveries", "partner, state", 'partner=~"$partner"'), "{{partner}} {{state}}"), w=12, page="DeliveriesUnknown"),
        panel("Oldest under way", "ts", "s", "How long the oldest delivery has been in its state.",
              (whole("reelmill_deliveries_oldest_seconds", "partner, state", 'partner=~"$partner"'), "{{partner}} {{state}}"), w=12, page="DeliveriesUnknown"),
        panel("Refused and unknown", "ts", "short", "Refused: by the partner. Unknown: sent and not answered; it is read back before anything is sent again.",
              (whole("reelmill_deliveries", "partner, state", 'state=~"refused|unknown",partner=~"$partner"'), "{{partner}} {{state}}"), w=8, page="DeliveriesRefused",
              empty="nothing goes wrong in the story of the test"),
        panel("Recalls overdue", "stat", "short", "Works that should be gone, without proof.", whole("reelmill_recalls_overdue"), w=4, steps=ONE, page="RecallOverdue"),
        panel("Accounts that are refused", "stat", "short", "Partners that do not accept our credentials.", "sum(max by (partner) (reelmill_credentials_refused)) or vector(0)", w=4, steps=ONE, page="CredentialsRefused"),
        panel("Credentials end in", "ts", "s", "Time left; an automatic renewal raises it.", ("min by (partner) (reelmill_credentials_seconds_left)", "{{partner}}"), w=8, page="CredentialsEnding"),
        panel("Time to live, median", "ts", "s", "From a complete upload, or the start of a later run, until the work is public; gates included.",
              (quantile(0.5, "reelmill_time_to_live_seconds", "partner", 'partner=~"$partner"'), "{{partner}}"), w=12),
        panel("Time to live, 95 of 100", "ts", "s", "As in the panel beside it.", (quantile(0.95, "reelmill_time_to_live_seconds", "partner", 'partner=~"$partner"'), "{{partner}}"), w=12),
        panel("Calls", "ts", "ops", "By outcome. Lost: the call may have taken effect.",
              (rate("reelmill_partner_calls_total", 'partner=~"$partner"', "partner, outcome"), "{{partner}} {{outcome}}"), w=8, page="ErrorBudgetBurnsFast"),
        panel("Call seconds, 95 of 100", "ts", "s", "From the first byte sent to the last read.", (quantile(0.95, "reelmill_partner_call_seconds", "partner", 'partner=~"$partner"'), "{{partner}}"), w=8),
        panel("Webhooks", "ts", "ops", "Attempts to notify others of changes.", (rate("reelmill_webhook_attempts_total", by="outcome"), "{{outcome}}"), w=8, page="WebhooksGivenUp"),
    ]),
    "uploads": ("Uploads", "What entrants send, and what the public API and the desk answer.", [
        panel("In progress", "ts", "short", "Open: bytes are missing. Assembling: all are there, the object is made and read back.",
              (whole("reelmill_uploads_in_progress", "state"), "{{state}}"), w=8),
        panel("Bytes", "ts", "Bps", "Bytes that became durable.", (rate("reelmill_upload_bytes_total"), "in"), w=8),
        panel("What becomes of uploads", "ts", "ops", "Resumed: a client returned and asked for its offset. Interrupted: a client went silent or disconnected. Slow: it sent too little. Over budget and held off: refused. Expired, unjoinable, terminated and failed uploads were abandoned.",
              (rate("reelmill_uploads_total", by="event"), "{{event}}"), w=8, page="UploadsDamaged"),
        panel("Answers", "ts", "ops", "Of the public API and the desk, by class; 429 by itself.", (rate("reelmill_http_requests_total", by="port, code"), "{{port}} {{code}}"), w=8, page="ErrorBudgetBurnsFast"),
        panel("Turned away", "ts", "ops", "Connections and requests refused for lack of a slot, at the ports of entrants (public), staff (desk), partners and monitoring (admin). overloaded: all slots were taken. too_many_at_once: one address had its share.",
              (rate("reelmill_turned_away_total", by="port, code"), "{{port}} {{code}}"), w=8, page="Overloaded"),
        panel("Failed authentication", "ts", "ops", "Requests that were refused at a door. wrong, unknown, ended and malformed may be guesses; missing: no credential; forbidden: insufficient rights. The door organisers is at the desk. The log names credentials, and clients by pseudonyms.",
              (rate("reelmill_auth_failures_total", by="door, reason"), "{{door}} {{reason}}"), w=8, page="AuthFailures"),
        panel("Mails", "ts", "ops", "Attempts to send an entrant a new link. failed: tried again later; refused: the server takes it never.",
              (rate("reelmill_mails_total", by="outcome"), "{{outcome}}"), w=8, page="MailsFail"),
        panel("Failed answers by route", "ts", "ops", "Our own failures (5xx).", (rate("reelmill_http_requests_total", 'code="5xx"', "port, route"), "{{port}} {{route}}"), w=8, page="ErrorBudgetBurnsFast"),
        panel("Request seconds, 95 of 100", "ts", "s", "Until the answer begins. Of /files/{id} it is as long as the client takes to send.",
              (quantile(0.95, "reelmill_http_request_seconds", "port, route"), "{{port}} {{route}}"), w=8),
    ]),
    "infrastructure": ("Infrastructure", "Postgres, RabbitMQ, the object store, scratch, and our own processes.", [
        panel("Transactions", "ts", "ops", "Failed: the database's fault. Refused: a rule refused it. Retried: it conflicted with another one.",
              (rate("reelmill_transactions_total", by="outcome"), "{{outcome}}"), w=8, page="ErrorBudgetBurnsFast"),
        panel("Transaction seconds, 99 of 100", "ts", "s", "The ten slowest, retries included.",
              (f"topk(10, {quantile(0.99, 'reelmill_transaction_seconds', 'name')})", "{{name}}"), w=8, page="DatabaseSlow"),
        panel("Connections", "ts", "short", "Of our pools.", ("sum by (state) (reelmill_database_connections)", "{{state}}"), w=4),
        panel("Database", "ts", "bytes", "Size on disk.", (whole("reelmill_database_bytes"), "size"), w=4, page="DiskAlmostFull"),
        panel("Outbox", "ts", "short", "Messages that the broker has not confirmed.", (whole("reelmill_outbox_messages"), "messages"), w=6, page="OutboxLag"),
        panel("Outbox lag", "ts", "s", "Age of the oldest of them.", (whole("reelmill_outbox_lag_seconds"), "lag"), w=6, page="OutboxLag"),
        panel("Messages", "ts", "ops", "By the broker's answer.", (rate("reelmill_messages_sent_total", by="outcome"), "{{outcome}}"), w=6, page="OutboxLag"),
        panel("Broker", "ts", "s", "Confirms of a batch, and reconnections.", (quantile(0.99, "reelmill_broker_send_seconds"), "99 of 100, s"),
              (rate("reelmill_broker_reconnects_total"), "reconnects each second"), w=6, page="BrokerUnstable"),
        panel("Object store: calls", "ts", "ops", "Tries of one call are one call.", (rate("reelmill_s3_requests_total", by="operation, outcome"), "{{operation}} {{outcome}}"), w=12, page="ErrorBudgetBurnsFast"),
        panel("Object store: seconds, 95 of 100", "ts", "s", "Until the answer begins, tries included.", (quantile(0.95, "reelmill_s3_request_seconds", "operation"), "{{operation}}"), w=12),
        panel("Scratch", "ts", "bytes", "Free on the file system of SCRATCH_DIR, and all of it.", ("min by (instance) (reelmill_scratch_bytes{space=\"free\"})", "{{instance}} free"),
              ("max by (instance) (reelmill_scratch_bytes{space=\"total\"})", "{{instance}} all"), w=8, page="ScratchAlmostFull"),
        panel("Swept objects", "ts", "ops", "Deleted objects that are no longer needed.", (rate("reelmill_garbage_objects_total"), "deleted"), w=8),
        panel("Memory", "ts", "bytes", "Resident, without children.", (ours("process_resident_memory_bytes"), "{{instance}}"), w=8),
        panel("Processor time", "ts", "short", "Cores in use, without children.", ("rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) reelmill_sample_age_seconds", "{{instance}}"), w=6),
        panel("Open files", "ts", "short", "And how many there may be.", (ours("process_open_fds"), "{{instance}}"), (ours("process_max_fds"), "{{instance}} at most"), w=6),
        panel("Threads", "ts", "short", "Of our processes.", (ours("process_threads"), "{{instance}}"), w=6),
        panel("Up for", "ts", "s", "Since the process started.", (f"time() - ({ours('process_start_time_seconds')})", "{{instance}}"), w=6),
        panel("Address space", "ts", "bytes", "Virtual memory; large by design of the allocator, significant only if it grows without end.", (ours("process_virtual_memory_bytes"), "{{instance}}"), w=6),
    ]),
}

KINDS = {"stat": "stat", "ts": "timeseries", "bars": "bargauge", "table": "table"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def options(kind):
    if kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value", "graphMode": "area"}
    if kind == "bars":
        return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "horizontal", "displayMode": "basic"}
    if kind == "table":
        return {"showHeader": True}
    return {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}, "tooltip": {"mode": "multi", "sort": "desc"}}


def drawn(spec, number, place):
    instant = spec["kind"] in ("table", "bars")
    defaults = {"unit": spec["unit"], "min": 0} if spec["unit"] != "s" else {"unit": "s"}
    if spec["steps"]:
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"value": at, "color": colour} for at, colour in spec["steps"]]}
    if spec["kind"] == "ts":
        defaults["custom"] = {"fillOpacity": 30 if spec["stack"] else 5, "showPoints": "never", "stacking": {"mode": "normal" if spec["stack"] else "none"}}
    drawn = {
        "id": number,
        "title": spec["title"],
        "description": spec["says"],
        "type": KINDS[spec["kind"]],
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options(spec["kind"]),
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": DATASOURCE, "expr": expr, "legendFormat": legend or "__auto", "instant": instant,
             "range": not instant, **({"format": "table"} if spec["kind"] == "table" else {})}
            for at, (expr, legend) in enumerate(spec["queries"])
        ],
    }
    if spec["page"]:
        drawn["links"] = [{"title": f"Runbook: {spec['page']}", "url": RUNBOOK + spec["page"], "targetBlank": True}]
    return drawn


def places(specs):
    """The positions of panels from left to right; a row is as high as its highest panel."""
    x = y = height = 0
    for spec in specs:
        h = 4 if spec["kind"] == "stat" else 8
        if x + spec["w"] > 24:
            x, y, height = 0, y + height, 0
        yield {"x": x, "y": y, "w": spec["w"], "h": h}
        x, height = x + spec["w"], max(height, h)


def variables(name):
    found = [{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "refresh": 1}]
    if name == "partners":
        found.append({"name": "partner", "label": "Partner", "type": "query", "datasource": DATASOURCE, "query": "label_values(reelmill_deliveries, partner)",
                      "refresh": 2, "includeAll": True, "multi": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "sort": 1})
    return found


def dashboard(name):
    title, says, specs = DASHBOARDS[name]
    return {
        "uid": f"reelmill-{name}",
        "title": f"Reelmill: {title}",
        "description": says,
        "tags": ["reelmill"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": variables(name)},
        "annotations": {"list": [{"name": "Alerts", "enable": True, "iconColor": "red", "datasource": DATASOURCE,
                                  "expr": 'ALERTS{alertstate="firing"}', "titleFormat": "{{alertname}}"}]},
        "links": [
            {"title": "Dashboards", "type": "dashboards", "tags": ["reelmill"], "asDropdown": False, "includeVars": True, "keepTime": True},
            {"title": "Runbook", "type": "link", "url": RUNBOOK, "targetBlank": True, "icon": "doc"},
        ],
        "panels": [drawn(spec, number, place) for number, (spec, place) in enumerate(zip(specs, places(specs)), 1)],
    }


def files():
    return {HERE / "dashboards" / f"{name}.json": json.dumps(dashboard(name), indent=1, ensure_ascii=False) + "\n" for name in DASHBOARDS}


def main():
    if sys.argv[1:] == ["--queries"]:
        print(json.dumps([dict(dashboard=name, panel=spec["title"], expr=expr, empty=spec["empty"], page=spec["page"])
                          for name, (_, _, specs) in DASHBOARDS.items() for spec in specs for expr, _ in spec["queries"]]))
    elif sys.argv[1:] == ["--check"]:
        stale = [path.name for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        stale += [path.name for path in (HERE / "dashboards").iterdir() if path not in files()]
        if stale:
            sys.exit(f"not what generate.py writes: {', '.join(stale)}; run deploy/grafana/generate.py")
    elif not sys.argv[1:]:
        for path, text in files().items():
            path.write_text(text, encoding="utf-8")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
