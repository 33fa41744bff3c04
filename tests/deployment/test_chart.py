"""The chart for the three sets of values in helm/examples: against Kubernetes' schemas, the "restricted" pod security, and the code."""
import functools
import json
import re
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import facts
import kubernetes_validate
import yaml

CHART = facts.ROOT / "helm"
EXAMPLES = sorted(path.stem for path in (CHART / "examples").glob("*.yaml"))
KUBERNETES = "1.35"
# Roles that receive requests from people and partners.
CALLED = {"upload", "desk", "publish"}


def helm(*args):
    done = subprocess.run([facts.HELM, *map(str, args)], cwd=facts.ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr if done.returncode else done.stdout


@functools.cache
def rendered(example, *more):
    """All objects, including hooks, of one set of values."""
    code, text = helm("template", "rel", CHART, "-n", "contest", "-f", CHART / f"examples/{example}.yaml", *more)
    assert code == 0, text
    return [it for it in yaml.safe_load_all(text) if it]


def of_kind(example, kind):
    return {it["metadata"]["name"]: it for it in rendered(example) if it["kind"] == kind}


def pods(example):
    """Name → pod template of every workload."""
    return {f"{it['kind']} {it['metadata']['name']}": it["spec"]["template"] for it in rendered(example) if it["kind"] in ("Deployment", "Job")}


def environment(pod):
    return {it["name"]: it for it in pod["spec"]["containers"][0]["env"]}


def roles_of(pod):
    arguments = pod["spec"]["containers"][0]["args"]
    return arguments[2].split(",") if arguments[0] == "serve" else []


class Examples(unittest.TestCase):
    def each(self):
        for example in EXAMPLES:
            with self.subTest(example):
                yield example


class Charts(Examples):
    def test_there_are_three_sets_of_values(self):
        self.assertEqual(EXAMPLES, ["minimal", "production", "single-node"])

    def test_lint_is_content(self):
        for example in self.each():
            code, text = helm("lint", "--strict", CHART, "-f", CHART / f"examples/{example}.yaml")
            self.assertEqual(code, 0, text)
            self.assertNotRegex(text, r"\[(WARNING|ERROR)\]")

    def test_every_object_keeps_kubernetes_schema_strictly(self):
        checked = set()
        for example in self.each():
            for resource in rendered(example):
                if resource["apiVersion"].split("/")[0] not in ("keda.sh", "monitoring.coreos.com"):
                    kubernetes_validate.validate(resource, KUBERNETES, strict=True)
                    checked.add(resource["kind"])
        self.assertLessEqual({"Deployment", "Job", "Service", "NetworkPolicy", "PodDisruptionBudget", "Ingress", "ConfigMap"}, checked)

    def test_custom_resources_keep_their_definitions(self):
        customs = [it for example in EXAMPLES for it in rendered(example)
                   if it["apiVersion"].split("/")[0] in ("keda.sh", "monitoring.coreos.com")]
        self.assertEqual({it["kind"] for it in customs}, {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"})
        # Shows that the check can fail: a required value is missing.
        broken = json.loads(json.dumps(next(it for it in customs if it["kind"] == "ScaledObject")))
        del broken["spec"]["triggers"][0]["type"]
        for resources, complaints in ((customs, 0), ([broken], 1)):
            done = subprocess.run(["node", "custom_resources.mjs"], cwd=facts.ROOT / "tests/deployment", input=json.dumps(resources),
                                  capture_output=True, text=True, check=True)
            self.assertEqual(len(done.stdout.splitlines()), complaints, done.stdout)

    def test_no_two_objects_have_one_name_and_all_belong_to_the_release(self):
        for example in self.each():
            names = [(it["kind"], it["metadata"]["name"]) for it in rendered(example)]
            self.assertEqual(len(names), len(set(names)))
            for resource in rendered(example):
                self.assertEqual(resource["metadata"]["labels"]["app.kubernetes.io/instance"], "rel")

    def test_wrong_values_are_refused(self):
        minimal = ("template", "rel", CHART, "-f", CHART / "examples/minimal.yaml")
        for wrong, why in (
            ("env.DATABASE_URL=postgres://u:p@h/d", "secrets come from Secrets"),
            ("env.DATABASE_OWNER_URL=postgres://u:p@h/d", "secrets come from Secrets"),
            ("env.PARTNER_DOUYIN_CLIENT_SECRET=x", "secrets come from Secrets"),
            ("roles.transcode.serves={encode}", "an unknown role"),
            ("roles.transcode.replica=3", "an unknown key"),
            ("stopGraceSeconds=60", "all is handed back after 10 s"),
            ("terminationGracePeriodSeconds=5", "killed before parts are handed back"),
            ("networkPolicy.s3.to=null", "the object store is not named"),
            ("image.digest=latest", "no digest"),
            ("env.DESK_LISTEN=0.0.0.0:80", "the chart's own ports"),
            ("networkPolicy.callers=null", "the callers are not named"),
            ("autoscaling.managementUrl=http://user:secret@rabbitmq", "a password in plain sight"),
        ):
            with self.subTest(why):
                code, _ = helm(*minimal, "--set", wrong)
                self.assertNotEqual(code, 0, wrong)
        for host in ("entries.example.org", "partners.example.org"):
            code, text = helm("template", "rel", CHART, "-f", CHART / "examples/production.yaml", "--set", f"ingress.desk.host={host}")
            self.assertNotEqual(code, 0)
            self.assertIn("host name of its own", text)
        self.assertEqual(helm(*minimal)[0], 0)
        # The chart requires values for who may be reached; it does not guess them.
        self.assertNotEqual(helm("template", "rel", CHART)[0], 0)


class Pods(Examples):
    def test_pod_security_is_restricted(self):
        for example in self.each():
            for name, pod in pods(example).items():
                spec = pod["spec"]
                self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"}, name)
                self.assertTrue(spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0)
                self.assertFalse(spec["automountServiceAccountToken"])
                for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
                    self.assertNotIn(forbidden, spec)
                for container in spec["containers"] + spec.get("initContainers", []):
                    context = container["securityContext"]
                    self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                    self.assertTrue(context["readOnlyRootFilesystem"] and context["runAsNonRoot"])
                    self.assertFalse(context["allowPrivilegeEscalation"])
                for volume in spec.get("volumes", []):
                    self.assertLessEqual(set(volume) - {"name"}, {"emptyDir", "configMap"})

    def test_the_user_and_the_scratch_are_the_images(self):
        dockerfile = (facts.ROOT / "deploy/Dockerfile").read_text()
        user = int(re.search(r"\nUSER (\d+):", dockerfile)[1])
        for example in self.each():
            for name, pod in pods(example).items():
                self.assertEqual(pod["spec"]["securityContext"]["runAsUser"], user)
                if name.startswith("Deployment"):
                    self.assertEqual(environment(pod)["SCRATCH_DIR"]["value"], pod["spec"]["containers"][0]["volumeMounts"][0]["mountPath"])

    def test_the_ingress_controller_is_counted_as_a_proxy_where_people_call(self):
        for example in self.each():
            for name, pod in pods(example).items():
                called = CALLED & set(roles_of(pod))
                hops = environment(pod).get("FORWARDED_HOPS", {}).get("value")
                if called:
                    self.assertEqual(hops, "1", name)
        for more, expected in (([], "1"), (["--set", "env.FORWARDED_HOPS=2"], "2"), (["--set", "ingress.enabled=false"], None)):
            objects = rendered("single-node", *more)
            all_roles = next(it for it in objects if it["kind"] == "Deployment")["spec"]["template"]
            self.assertEqual(environment(all_roles).get("FORWARDED_HOPS", {}).get("value"), expected, more)

    def test_every_role_is_served_by_one_deployment(self):
        for example in self.each():
            self.assertEqual(sorted(role for pod in pods(example).values() for role in roles_of(pod)), sorted(facts.roles()))

    def test_every_variable_is_one_that_the_command_reads(self):
        for example in self.each():
            for name, pod in pods(example).items():
                command = pod["spec"]["containers"][0]["args"][:1]
                given = environment(pod)
                # The parts that AMQP_URL is made of.
                parts = set(re.findall(r"\$\((\w+)\)", given.get("AMQP_URL", {}).get("value", "")))
                unread = set(given) - parts - facts.variables(*command)
                self.assertEqual({it for it in unread if not facts.is_partner_variable(it)}, set(), name)

    def test_what_is_put_together_was_named_before(self):
        pod = pods("production")["Deployment rel-transcode"]
        order = [it["name"] for it in pod["spec"]["containers"][0]["env"]]
        parts = re.findall(r"\$\((\w+)\)", environment(pod)["AMQP_URL"]["value"])
        self.assertEqual(len(parts), 4)
        for part in parts:
            self.assertLess(order.index(part), order.index("AMQP_URL"))

    def test_each_role_gets_the_secrets_that_it_reads_and_no_other(self):
        for example in self.each():
            for name, pod in pods(example).items():
                roles, variables = set(roles_of(pod)), environment(pod)
                self.assertEqual("PERSONAL_DATA_KEYS" in variables, bool(roles & {"upload", "desk", "publish"}), name)
                self.assertEqual("envFrom" in pod["spec"]["containers"][0], "publish" in roles and example != "minimal", name)
                for variable in ("DATABASE_URL", "S3_SECRET_ACCESS_KEY", "PERSONAL_DATA_KEYS"):
                    if variable in variables:
                        self.assertIn("secretKeyRef", variables[variable]["valueFrom"], f"{name}: {variable}")

    def test_only_the_migration_logs_in_as_the_owner(self):
        for example in self.each():
            values = yaml.safe_load((CHART / f"examples/{example}.yaml").read_text())
            for name, pod in pods(example).items():
                variables = environment(pod)
                if name == "Job rel-migrate":
                    self.assertEqual(set(variables), {"DATABASE_OWNER_URL"} | (set(values["env"]) & {"ALLOW_PLAINTEXT"}), example)
                    owner = variables["DATABASE_OWNER_URL"]["valueFrom"]["secretKeyRef"]
                else:
                    self.assertNotIn("DATABASE_OWNER_URL", variables, name)
                    service = variables["DATABASE_URL"]["valueFrom"]["secretKeyRef"]
            # No other key of the same Secret either: permission to read one does not imply the other.
            self.assertNotEqual(owner["name"], service["name"])
        job = next(it for it in rendered("minimal", "--set", "env.DATABASE_SERVICE_ROLE=workers") if it["kind"] == "Job")
        self.assertEqual(environment(job["spec"]["template"])["DATABASE_SERVICE_ROLE"]["value"], "workers")

    def test_the_operators_broker_is_reached_by_tls_unless_it_has_none(self):
        self.assertTrue(environment(pods("production")["Deployment rel-probe"])["AMQP_URL"]["value"].startswith("amqps://"))
        plain = rendered("production", "--set", "secrets.broker.tls=false")
        pod = next(it for it in plain if it["kind"] == "Deployment")["spec"]["template"]
        self.assertTrue(environment(pod)["AMQP_URL"]["value"].startswith("amqp://"))

    def test_a_migration_that_never_ends_ends_before_services_give_up(self):
        patience = int(re.search(r"SCHEMA: Duration = Duration::from_secs\((\d+)\)", facts.source("runtime/src"))[1])
        for example in self.each():
            self.assertLessEqual(of_kind(example, "Job")["rel-migrate"]["spec"]["activeDeadlineSeconds"], patience)

    def test_the_chart_makes_no_secret(self):
        for example in self.each():
            self.assertNotIn("Secret", {it["kind"] for it in rendered(example)})

    def test_ports_are_those_that_are_listened_on(self):
        for example in self.each():
            for pod in pods(example).values():
                container = pod["spec"]["containers"][0]
                listens = {it["value"].rsplit(":", 1)[1] for name, it in environment(pod).items() if name.endswith("LISTEN")}
                for port in container.get("ports", []):
                    self.assertIn(str(port["containerPort"]), listens)
                named = {port["name"] for port in container.get("ports", [])}
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    if probe in container:
                        self.assertIn(container[probe]["httpGet"]["port"], named)
                        self.assertIn(f'"{container[probe]["httpGet"]["path"]}"', facts.source("runtime/src"))

    def test_services_find_the_pods_that_have_the_role(self):
        for example in self.each():
            for name, service in of_kind(example, "Service").items():
                wanted = service["spec"]["selector"]
                found = [pod for pod in pods(example).values() if wanted.items() <= pod["metadata"]["labels"].items() and roles_of(pod)]
                self.assertTrue(found, name)
                for pod in found:
                    ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
                    self.assertIn(service["spec"]["ports"][0]["targetPort"], ports, name)

    def test_a_stopping_replica_has_the_time_to_hand_its_parts_back(self):
        for example in self.each():
            for name, pod in pods(example).items():
                if not roles_of(pod):
                    continue
                container = pod["spec"]["containers"][0]
                before = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                self.assertGreater(pod["spec"]["terminationGracePeriodSeconds"], before + facts.stop_deadline_s(), name)
                self.assertLess(float(environment(pod)["STOP_GRACE_S"]["value"]), 8, name)
                # A pod with outside clients leaves the balancer before it stops listening.
                self.assertEqual(before > 0, bool(set(roles_of(pod)) & CALLED), name)

    def test_every_deployment_may_lose_one_pod_at_a_time(self):
        for example in self.each():
            budgets = of_kind(example, "PodDisruptionBudget")
            for name, deployment in of_kind(example, "Deployment").items():
                self.assertEqual(budgets[name]["spec"]["selector"], deployment["spec"]["selector"])
                self.assertEqual(budgets[name]["spec"]["maxUnavailable"], 1)

    def test_the_schema_is_brought_up_to_date_before_anything_starts(self):
        for example in self.each():
            job = of_kind(example, "Job")["rel-migrate"]
            self.assertEqual(job["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade")
            facts.help_of(*job["spec"]["template"]["spec"]["containers"][0]["args"])


class Ways(Examples):
    def test_the_desk_has_an_ingress_and_a_host_of_its_own_and_links_lead_there_by_https(self):
        for example in ("production", "single-node"):
            ways = of_kind(example, "Ingress")
            hosts = {name: way["spec"]["rules"][0]["host"] for name, way in ways.items()}
            self.assertEqual(len(set(hosts.values())), 3, hosts)
            backend = ways["rel-desk"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
            self.assertEqual(backend, {"name": "rel-desk", "port": {"name": "http"}})
            self.assertEqual(ways["rel-desk"]["spec"]["tls"][0]["hosts"], [hosts["rel-desk"]])
            for pod in pods(example).values():
                if roles_of(pod):
                    self.assertEqual(environment(pod)["DESK_URL"]["value"], f"https://{hosts['rel-desk']}")
        classes = {name: way["spec"]["ingressClassName"] for name, way in of_kind("production", "Ingress").items()}
        self.assertEqual(classes, {"rel-upload": "nginx", "rel-publish": "nginx", "rel-desk": "nginx-internal"})

    def test_answers_of_the_desk_are_not_buffered_so_that_pages_stay_live(self):
        ways = {name: way["metadata"]["annotations"] for name, way in of_kind("production", "Ingress").items()}
        buffering = "nginx.ingress.kubernetes.io/proxy-buffering"
        self.assertEqual({name: way.get(buffering) for name, way in ways.items()}, {"rel-desk": "off", "rel-upload": None, "rel-publish": None})
        # Additions of one kind, beside what all have.
        self.assertEqual({key for key in ways["rel-desk"]} - {buffering}, set(ways["rel-upload"]))

    def test_without_a_host_the_desk_is_reached_from_inside_alone(self):
        kinds = [(it["kind"], it["metadata"]["name"]) for it in rendered("production", "--set", "ingress.desk.host=")]
        self.assertIn(("Service", "rel-desk"), kinds)
        self.assertIn(("Ingress", "rel-upload"), kinds)
        self.assertNotIn(("Ingress", "rel-desk"), kinds)


class Network(unittest.TestCase):
    def policies(self, example="production"):
        return of_kind(example, "NetworkPolicy")

    def test_transcode_reaches_postgres_rabbitmq_s3_and_names_and_nobody_else(self):
        values = yaml.safe_load((CHART / "examples/production.yaml").read_text())["networkPolicy"]
        for name in ("rel-transcode", "rel-probe"):
            egress = {tuple(port["port"] for port in rule["ports"]): rule["to"] for rule in self.policies()[name]["spec"]["egress"]}
            # Traces go to a collector if one is configured.
            self.assertEqual(set(egress), {(53, 53), (5432,), (5671,), (443,), (4318,)})
            for neighbour, port in (("postgres", 5432), ("rabbitmq", 5671), ("s3", 443), ("traces", 4318)):
                self.assertEqual(egress[port,], values[neighbour]["to"])
        without_traces = {port["port"] for rule in self.policies("minimal")["rel-transcode"]["spec"]["egress"] for port in rule["ports"]}
        self.assertEqual(without_traces, {53, 5432, 5672, 9000})

    def test_only_who_sends_mail_knows_and_reaches_the_mail_server(self):
        given = ("--set", "secrets.mail.name=mail", "--set", "networkPolicy.mail.to[0].ipBlock.cidr=10.20.2.0/28")
        objects = rendered("production", *given)
        reach = {it["metadata"]["name"] for it in objects if it["kind"] == "NetworkPolicy" for rule in it["spec"]["egress"] if rule["ports"][0]["port"] == 465}
        know = {it["metadata"]["name"] for it in objects if it["kind"] == "Deployment" and "SMTP_URL" in environment(it["spec"]["template"])}
        self.assertEqual((reach, know), ({"rel-upload"}, {"rel-upload"}))
        code, text = helm("template", "rel", CHART, "-f", CHART / "examples/production.yaml", *given[:2])
        self.assertNotEqual(code, 0)
        self.assertIn("networkPolicy.mail.to", text)

    def callers(self, example, name):
        """Port → who may call it, by one policy."""
        rules = self.policies(example)[name]["spec"]["ingress"]
        return {port["port"]: rule["from"] for rule in rules for port in rule["ports"]}

    def test_each_port_admits_the_callers_that_are_named_for_it(self):
        values = yaml.safe_load((CHART / "examples/production.yaml").read_text())["networkPolicy"]
        scraped = {9090: values["scrapers"]}
        self.assertNotEqual(values["callers"], values["deskCallers"])
        for name, expected in (("upload", {8080: values["callers"]}), ("publish", {8081: values["callers"]}),
                               ("desk", {8082: values["deskCallers"]}), ("probe", {}), ("transcode", {})):
            self.assertEqual(self.callers("production", f"rel-{name}"), scraped | expected, name)
        # By default the desk has the same callers as the other ports.
        values = yaml.safe_load((CHART / "examples/minimal.yaml").read_text())["networkPolicy"]
        self.assertEqual(self.callers("minimal", "rel-desk")[8082], values["callers"])

    def test_no_rule_is_for_everybody(self):
        for example in ("minimal", "production"):
            for name, policy in self.policies(example).items():
                self.assertEqual(policy["spec"]["policyTypes"], ["Ingress", "Egress"])
                for rule in policy["spec"].get("ingress", []):
                    self.assertTrue(rule["from"], name)
                for rule in policy["spec"]["egress"]:
                    self.assertTrue(rule["to"] and rule["ports"], name)

    def test_only_publish_reaches_the_world_and_never_what_is_inside(self):
        for name, policy in self.policies().items():
            blocks = [peer["ipBlock"] for rule in policy["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
            world = [block for block in blocks if block["cidr"] in ("0.0.0.0/0", "::/0")]
            self.assertEqual(bool(world), name == "rel-publish", name)
            for block in world:
                self.assertTrue({"10.0.0.0/8", "169.254.0.0/16"} <= set(block["except"]) or "fc00::/7" in block["except"])

    def test_every_pod_has_its_policy_and_the_migration_has_it_first(self):
        for example in ("minimal", "production"):
            for name, pod in pods(example).items():
                chosen = [policy for policy in self.policies(example).values()
                          if policy["spec"]["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()]
                self.assertEqual(len(chosen), 1, name)
        hook = self.policies()["rel-migrate"]["metadata"]["annotations"]
        self.assertLess(int(hook["helm.sh/hook-weight"]), int(of_kind("production", "Job")["rel-migrate"]["metadata"]["annotations"]["helm.sh/hook-weight"]))

    def test_traces_without_a_collector_are_refused(self):
        code, text = helm("template", "rel", CHART, "-f", CHART / "examples/minimal.yaml", "--set", "env.OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318")
        self.assertNotEqual(code, 0)
        self.assertIn("name the collector", text)


class Autoscaling(unittest.TestCase):
    def test_each_stage_scales_the_one_deployment_that_does_it(self):
        queues = {}
        for scaled in of_kind("production", "ScaledObject").values():
            deployment = of_kind("production", "Deployment")[scaled["spec"]["scaleTargetRef"]["name"]]
            pod = deployment["spec"]["template"]
            # Otherwise Kubernetes and KEDA would both set the number of replicas.
            self.assertNotIn("replicas", deployment["spec"])
            self.assertLessEqual(scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"])
            for trigger in scaled["spec"]["triggers"]:
                meta = trigger["metadata"]
                queues[meta["queueName"]] = roles_of(pod)[0]
                # One replica handles as many messages at once as it has slots, and messages in progress count.
                self.assertEqual(meta["value"], environment(pod)["SLOTS"]["value"])
                self.assertEqual((meta["protocol"], meta["mode"], meta["excludeUnacknowledged"]), ("http", "QueueLength", "false"))
                self.assertIn(trigger["authenticationRef"]["name"], of_kind("production", "TriggerAuthentication"))
        expected = {facts.queue(stage): role for role, stages in facts.stages().items() for stage in stages}
        self.assertEqual(queues, expected)

    def test_without_it_replicas_are_the_values(self):
        self.assertEqual(of_kind("minimal", "Deployment")["rel-transcode"]["spec"]["replicas"], 2)
        self.assertEqual(of_kind("minimal", "ScaledObject"), {})

    def test_queues_that_share_a_vhost_keep_their_prefix(self):
        prefixed = rendered("production", "--set", "env.AMQP_PREFIX=b.")
        names = {trigger["metadata"]["queueName"] for it in prefixed if it["kind"] == "ScaledObject" for trigger in it["spec"]["triggers"]}
        self.assertEqual(names, {f"b.{facts.queue(stage)}" for stages in facts.stages().values() for stage in stages})


class Monitoring(unittest.TestCase):
    def test_rules_and_dashboards_are_the_files_that_compose_mounts(self):
        def here(file):
            """A file of deploy/ with the runbook's address of these values."""
            text = file.read_text()
            self.assertIn("http://localhost:9090/runbook", text, file)
            return text.replace("http://localhost:9090/runbook", "https://runbook.example.org/reelmill")

        rule = next(iter(of_kind("production", "PrometheusRule").values()))
        self.assertEqual(rule["spec"], yaml.safe_load(here(facts.ROOT / "deploy/prometheus/rules.yml")))
        boards = {}
        for config in of_kind("production", "ConfigMap").values():
            if config["metadata"]["labels"].get("grafana_dashboard"):
                boards |= config["data"]
        files = sorted((facts.ROOT / "deploy/grafana/dashboards").glob("*.json"))
        self.assertTrue(files)
        self.assertEqual(boards, {file.name: here(file) for file in files})
        # etcd accepts no larger object.
        self.assertLess(max(map(len, boards.values())), 1 << 20)

    def test_a_packaged_chart_carries_them_too(self):
        with tempfile.TemporaryDirectory() as directory:
            code, text = helm("package", CHART, "-d", directory)
            self.assertEqual(code, 0, text)
            with tarfile.open(next(Path(directory).glob("*.tgz"))) as package:
                packed = {member.name: package.extractfile(member).read() for member in package.getmembers() if member.isfile()}
        self.assertEqual(packed["reelmill/rules.yml"], (facts.ROOT / "deploy/prometheus/rules.yml").read_bytes())
        for file in (facts.ROOT / "deploy/grafana/dashboards").glob("*.json"):
            self.assertEqual(packed[f"reelmill/dashboards/{file.name}"], file.read_bytes())

    def test_every_pod_that_serves_is_scraped(self):
        monitor = of_kind("production", "ServiceMonitor")["rel"]
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        services = [it for it in of_kind("production", "Service").values() if wanted <= it["metadata"]["labels"].items()]
        self.assertEqual([it["metadata"]["name"] for it in services], ["rel-admin"])
        self.assertEqual(services[0]["spec"]["ports"][0]["name"], monitor["spec"]["endpoints"][0]["port"])
        for name, pod in pods("production").items():
            if roles_of(pod):
                self.assertLessEqual(services[0]["spec"]["selector"].items(), pod["metadata"]["labels"].items(), name)


class Catalogue(unittest.TestCase):
    def test_files_of_ones_own_lie_where_the_service_reads_them(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
            built_in = facts.ROOT / "services/pipeline/catalogue"
            files = {str(path.relative_to(built_in)): path.read_text() for path in built_in.rglob("*.toml")}
            yaml.safe_dump({"catalogue": files}, values)
            values.flush()
            found = rendered("minimal", "-f", values.name)
        pod = next(it for it in found if it["kind"] == "Deployment")["spec"]["template"]["spec"]
        volume = next(it for it in pod["volumes"] if it["name"] == "catalogue")["configMap"]
        data = next(it for it in found if it["kind"] == "ConfigMap" and it["metadata"]["name"] == volume["name"])["data"]
        self.assertEqual({item["path"]: data[item["key"]] for item in volume["items"]}, files)


if __name__ == "__main__":
    unittest.main()
