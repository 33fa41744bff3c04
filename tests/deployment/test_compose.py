"""compose.yaml against the specification's schema, and against the code that it starts."""
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import facts
import yaml

DEPLOY = facts.ROOT / "deploy"
OURS = ("upload", "desk", "probe", "transcode", "publish", "migrate", "s3")


def command_of(service):
    """The part of a command line that names a command of reelmill."""
    return service["command"][:1]


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
        cls.services = cls.file["services"]
        cls.temporary = tempfile.TemporaryDirectory()
        subprocess.run([DEPLOY / "secrets.sh", cls.temporary.name], check=True, capture_output=True)
        cls.secrets = {path.name: dict(line.split("=", 1) for line in path.read_text().splitlines() if line and line[0] != "#")
                       for path in Path(cls.temporary.name).iterdir()}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_it_keeps_the_specification(self):
        done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_role_is_served_by_one_service(self):
        served = [service["command"][2] for service in self.services.values() if service.get("command", [""])[0] == "serve"]
        self.assertEqual(sorted(served), sorted(facts.roles()))

    def test_every_variable_is_one_that_the_command_reads(self):
        for name in OURS:
            service = self.services[name]
            given = set(service.get("environment") or {})
            for file in service["env_file"]:
                given |= set(self.secrets[Path(file).name])
            wrong = {it for it in given - facts.variables(*command_of(service)) if not facts.is_partner_variable(it)}
            self.assertEqual(wrong, set(), name)

    def test_partners_examples_are_read_too(self):
        text = Path(self.temporary.name, "partners.env").read_text()
        named = re.findall(r"PARTNER_[A-Z0-9_]+(?==)", text)
        self.assertTrue(named)
        for name in named:
            self.assertTrue(facts.is_partner_variable(name), name)
        self.assertFalse(facts.is_partner_variable("PARTNER_TIANGONG_S3_BUKET"))

    def test_every_service_is_checked_limited_and_without_privileges(self):
        for name, service in self.services.items():
            with self.subTest(name):
                limits = service["deploy"]["resources"]["limits"]
                # Without pids_limit: Docker Compose regards the two as a contradiction.
                self.assertEqual(set(limits), {"cpus", "memory", "pids"})
                self.assertTrue(service["read_only"] and service["cap_drop"] == ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                # Our services use the image's health check unless they define one.
                self.assertTrue("healthcheck" in service or service.get("image") == "reelmill")
                self.assertNotIn(service.get("user"), ("root", "0", "0:0"))

    def test_whoever_waits_waits_for_health(self):
        for name, service in self.services.items():
            for other, how in service.get("depends_on", {}).items():
                self.assertIn(other, self.services)
                wanted = "service_completed_successfully" if other == "migrate" else "service_healthy"
                self.assertEqual(how["condition"], wanted, f"{name} waits for {other}")

    def test_a_worker_has_the_time_to_hand_its_parts_back(self):
        for name in facts.roles():
            self.assertGreater(int(self.services[name]["stop_grace_period"].removesuffix("s")), facts.stop_deadline_s())

    def test_only_those_that_speak_to_the_world_reach_it(self):
        self.assertTrue(self.file["networks"]["inside"]["internal"])
        outside = {name for name, service in self.services.items() if "outside" in service["networks"]}
        self.assertEqual(outside, {"upload", "desk", "publish", "prometheus", "grafana"})

    def test_secrets_come_from_files_and_reach_those_alone_who_need_them(self):
        text = (DEPLOY / "compose.yaml").read_text()
        self.assertNotRegex(text, r"(?i)(password|secret_access_key|_pass)\s*:")
        readers = {}
        for name, service in self.services.items():
            for file in service.get("env_file", []):
                self.assertIn(Path(file).name, self.secrets, "secrets.sh makes it")
                readers.setdefault(Path(file).stem, set()).add(name)
        self.assertEqual(readers["partners"], {"publish"})
        self.assertEqual(readers["personal"], {"upload", "desk", "publish"})
        self.assertEqual(readers["owner"], {"migrate"})
        self.assertEqual(readers["postgres"], {"postgres"})
        self.assertEqual(set(readers), {Path(name).stem for name in self.secrets})

    def test_a_second_run_of_secrets_changes_none(self):
        before = {path: path.read_text() for path in Path(self.temporary.name).iterdir()}
        subprocess.run([DEPLOY / "secrets.sh", self.temporary.name], check=True, capture_output=True)
        self.assertEqual(before, {path: path.read_text() for path in Path(self.temporary.name).iterdir()})
        for path in before:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_what_the_services_are_told_of_each_other_agrees(self):
        shared, postgres = self.secrets["services.env"], self.secrets["postgres.env"]
        self.assertEqual(shared["DATABASE_URL"], f"postgres://reelmill_app:{postgres['REELMILL_APP_PASSWORD']}@postgres/reelmill")
        self.assertEqual(self.secrets["owner.env"]["DATABASE_OWNER_URL"],
                         f"postgres://reelmill_owner:{postgres['REELMILL_OWNER_PASSWORD']}@postgres/reelmill")
        self.assertIn(f":{self.secrets['rabbitmq.env']['RABBITMQ_DEFAULT_PASS']}@rabbitmq/", shared["AMQP_URL"])
        self.assertEqual(self.file["x-environment"]["S3_ENDPOINT"], "http://s3:" + self.services["s3"]["command"][-1].rsplit(":", 1)[1])

    def test_nobody_logs_in_as_the_superuser(self):
        superuser = self.services["postgres"]["environment"]["POSTGRES_USER"]
        password = self.secrets["postgres.env"]["POSTGRES_PASSWORD"]
        for name, values in self.secrets.items():
            for variable, value in values.items():
                self.assertFalse(value.startswith(f"postgres://{superuser}:"), f"{name}: {variable}")
                self.assertTrue(variable == "POSTGRES_PASSWORD" or password not in value, f"{name}: {variable}")
        # The logins are those that the image creates on an empty volume, with the role that `migrate` grants.
        sql = (DEPLOY / "postgres/roles.sql").read_text()
        self.assertIn("./postgres/roles.sql:/docker-entrypoint-initdb.d/roles.sql:ro", self.services["postgres"]["volumes"])
        for variable in re.findall(r"\\getenv \w+ (\w+)", sql):
            self.assertIn(variable, self.secrets["postgres.env"])
        for login in ("reelmill_app", "reelmill_owner"):
            self.assertIn(f"create role {login} login", sql)
        default = re.search(r'DEFAULT_SERVICE_ROLE: &str = "(\w+)"', facts.source("runtime/src"))[1]
        self.assertIn(f"in role {default}'", sql)
        statements = re.sub(r"(?m)^--.*$", "", sql)
        self.assertNotRegex(statements, r"(?i)\b(superuser|createrole|createdb|bypassrls|replication)\b")

    def test_secrets_of_before_still_lead_to_the_one_login_that_there_was(self):
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "postgres.env").write_text("POSTGRES_PASSWORD=old\n")
            subprocess.run([DEPLOY / "secrets.sh", directory], check=True, capture_output=True)
            self.assertEqual(Path(directory, "owner.env").read_text(), "DATABASE_OWNER_URL=postgres://reelmill:old@postgres/reelmill\n")

    def test_plaintext_is_allowed_to_the_inner_networks_servers_alone(self):
        for name, service in self.services.items():
            allowed = (service.get("environment") or {}).get("ALLOW_PLAINTEXT")
            for host in allowed.split(",") if allowed else []:
                self.assertEqual(self.services[host]["networks"], ["inside"], f"{name}: {host}")
            if service.get("command", [""])[0] in ("serve", "migrate"):
                named = {url.split("@")[1].split("/")[0] for file in service["env_file"]
                         for variable, url in self.secrets[Path(file).name].items() if variable.endswith("_URL") and "@" in url}
                # Set for `doctor`, which requires TLS to the object store.
                endpoint = service["environment"].get("S3_ENDPOINT")
                named |= {endpoint.split("//")[1].split(":")[0]} if endpoint else set()
                self.assertEqual(set(allowed.split(",")), named, name)

    def test_those_whom_people_call_count_the_proxy_before_them(self):
        counted = {name for name, service in self.services.items() if "FORWARDED_HOPS" in (service.get("environment") or {})}
        self.assertEqual(counted, {"upload", "desk", "publish"})
        for name in counted:
            self.assertEqual(self.services[name]["environment"]["FORWARDED_HOPS"], "${FORWARDED_HOPS:-1}")
            # Allowed because only this machine can reach them without TLS.
            self.assertTrue(all(port.startswith("127.0.0.1:") for port in self.services[name]["ports"]))

    def test_published_ports_are_those_that_are_listened_on_and_only_this_machine_has_them(self):
        image = (DEPLOY / "Dockerfile").read_text()
        for name, port in (("upload", "LISTEN"), ("publish", "PUBLISH_LISTEN"), ("desk", "DESK_LISTEN")):
            listens = re.search(rf"\b{port}=0\.0\.0\.0:(\d+)", image)[1]
            self.assertEqual(self.services[name]["ports"][0], f"127.0.0.1:{listens}:{listens}")
            # Links begin with these until a proxy has other addresses.
            url = {"upload": "PUBLIC_URL", "publish": "PUBLISH_URL", "desk": "DESK_URL"}[name]
            self.assertEqual(self.services[name]["environment"][url], f"${{{url}:-http://127.0.0.1:{listens}}}")
        # The alerts' links lead to pages that every process serves.
        runbook = re.search(r"http://localhost:(\d+)/runbook", (DEPLOY / "prometheus/rules.yml").read_text())[1]
        self.assertIn(f"127.0.0.1:{runbook}:{re.search(r'ADMIN_LISTEN=0.0.0.0:([0-9]+)', image)[1]}", self.services["upload"]["ports"])
        for service in self.services.values():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_mounted_files_exist(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((DEPLOY / source).exists(), f"{name} mounts {source}")
                elif source.startswith("/"):
                    # Access to the machine itself, read-only.
                    self.assertEqual((name, volume), ("node-exporter", "/:/host:ro,rslave"))
                else:
                    self.assertIn(source, self.file["volumes"])

    def test_prometheus_hears_of_the_machines_disks(self):
        config = yaml.safe_load((DEPLOY / "prometheus/compose.yml").read_text())
        [target] = next(job for job in config["scrape_configs"] if job["job_name"] == "node")["static_configs"][0]["targets"]
        name, port = target.split(":")
        exporter = self.services[name]
        self.assertIn(f":{port}/", exporter["healthcheck"]["test"][-1])
        self.assertIn("--collector.filesystem", exporter["command"])
        self.assertTrue(set(exporter["networks"]) & set(self.services["prometheus"]["networks"]))

    def test_prometheus_scrapes_every_role_and_grafana_asks_it(self):
        config = yaml.safe_load((DEPLOY / "prometheus/compose.yml").read_text())
        scraped = config["scrape_configs"][0]["dns_sd_configs"][0]
        self.assertEqual(sorted(scraped["names"]), sorted(facts.roles()))
        self.assertIn(f"ADMIN_LISTEN=0.0.0.0:{scraped['port']}", (DEPLOY / "Dockerfile").read_text())
        main = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
        self.assertEqual((config["rule_files"], config["global"]), (main["rule_files"], main["global"]))
        for config_file in [argument for argument in self.services["prometheus"]["command"] if "config.file" in argument]:
            self.assertTrue((DEPLOY / "prometheus" / Path(config_file).name).exists())
        # The directory that its provisioning reads, and the variable with Prometheus' address.
        grafana = self.services["grafana"]
        mounted = {volume.split(":")[0]: volume.split(":")[1] for volume in grafana["volumes"]}
        for provider in yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/reelmill.yaml").read_text())["providers"]:
            self.assertEqual(provider["options"]["path"], mounted["./grafana/dashboards"])
        for source in yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"]:
            named = re.fullmatch(r"\$\{(\w+)\}", source["url"])[1]
            self.assertEqual(grafana["environment"][named], "http://prometheus:9090")


if __name__ == "__main__":
    unittest.main()
