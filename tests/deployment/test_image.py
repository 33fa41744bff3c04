"""The Dockerfile and its SBOM, as far as they can be checked without an engine: the text, not the built image."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import facts

DOCKERFILE = (facts.ROOT / "deploy/Dockerfile").read_text()
LAST_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM "):]

# The sonames of FFmpeg 7's libraries; Debian's package names are derived from them.
FFMPEG_7 = {"libavcodec61", "libavfilter10", "libavformat61", "libavutil59", "libswresample5", "libswscale8"}


class Image(unittest.TestCase):
    def test_hadolint_finds_nothing(self):
        done = subprocess.run(["hadolint", "--no-color", "deploy/Dockerfile"], cwd=facts.ROOT, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stdout + done.stderr)

    def test_it_runs_on_trixie_with_the_libraries_of_ffmpeg_7_and_nothing_of_the_build(self):
        self.assertRegex(DOCKERFILE, r"ARG DEBIAN=debian:trixie-slim\n")
        self.assertRegex(DOCKERFILE, r"ARG RUST=rust:[0-9.]+-trixie\n")
        system = DOCKERFILE[DOCKERFILE.index(" AS system"):DOCKERFILE.index(" AS sbom")]
        installed = set(re.findall(r"\blib[a-z]+[0-9]+\b", system))
        self.assertEqual(installed, FFMPEG_7)
        self.assertNotRegex(system, r"-dev\b")
        # Every FFmpeg library that the crate links is in the image, and in the build stage.
        for library in facts.ROOT.joinpath("deploy/local/install.sh").read_text().split():
            if re.fullmatch(r"lib(av|sw)\w+-dev", library):
                self.assertIn(library, DOCKERFILE)
                self.assertTrue(any(name.startswith(library.removesuffix("-dev")) for name in installed), library)

    def test_it_is_nobody_in_particular_and_writes_to_scratch_alone(self):
        self.assertRegex(LAST_STAGE, r"\nUSER 10001:10001\n")
        self.assertEqual(re.findall(r"\nVOLUME (.*)", LAST_STAGE), ['["/scratch"]'])
        self.assertIn("install -d -o 10001 -g 10001 /scratch", DOCKERFILE)

    def test_its_variables_are_read_and_its_ports_are_those_that_it_listens_on(self):
        set_here = dict(pair.split("=", 1) for line in re.findall(r"\nENV (.*)", LAST_STAGE.replace("\\\n", "")) for pair in line.split())
        self.assertLessEqual(set(set_here), facts.variables("serve"))
        listens = {value.rsplit(":", 1)[1] for name, value in set_here.items() if name.endswith("LISTEN")}
        self.assertEqual(set(re.search(r"\nEXPOSE (.*)", LAST_STAGE)[1].split()), listens)

    def test_its_commands_exist(self):
        for line in re.findall(r'(?:HEALTHCHECK .* CMD|RUN) (\[".*\])|\nCMD (\[.*\])', LAST_STAGE):
            command = json.loads(line[0] or line[1])
            if command[0] == "reelmill":
                command = command[1:]
            if command != ["--version"]:
                facts.help_of(*command)

    def test_no_secret_and_nothing_else_that_it_does_not_need_goes_into_it(self):
        self.assertEqual(facts.ROOT.joinpath(".dockerignore").read_text().split("\n")[1], "*")
        for secret in (facts.variables("serve") - {"S3_ENDPOINT"}) & {"DATABASE_URL", "AMQP_URL", "S3_SECRET_ACCESS_KEY", "PERSONAL_DATA_KEYS"}:
            self.assertNotIn(secret, DOCKERFILE)
        ignored = subprocess.run(["git", "check-ignore", "-q", "deploy/.secrets/services.env"], cwd=facts.ROOT)
        self.assertEqual(ignored.returncode, 0)


class Sbom(unittest.TestCase):
    """The SBOM of this machine's packages and this lock file: other versions than in the image, the same program."""

    @classmethod
    def setUpClass(cls):
        dependencies = subprocess.run(["cargo", "tree", "--locked", "--offline", "-p", "reelmill", "-e", "normal", "--prefix", "none",
                               "--format", "{p}|{l}"], cwd=facts.ROOT, check=True, capture_output=True, text=True).stdout
        with tempfile.NamedTemporaryFile("w") as crates:
            crates.write(dependencies)
            crates.flush()
            runs = [subprocess.run([sys.executable, facts.ROOT / "deploy/sbom.py", crates.name,
                                    facts.ROOT / "services/pages/package-lock.json", "/var/lib/dpkg/status"], check=True,
                                   capture_output=True, text=True).stdout for _ in range(2)]
        cls.runs, cls.dependencies = runs, dependencies

    def test_it_names_what_is_linked_and_what_is_installed(self):
        found = {(it["purl"].split("/")[0], it["name"]): it for it in json.loads(self.runs[0])["components"]}
        self.assertIn("MIT", found["pkg:cargo", "tokio"]["licenses"][0]["expression"])
        self.assertIn(("pkg:cargo", "ffmpeg-next"), found)
        self.assertIn(("pkg:deb", "libc6"), found)
        self.assertEqual(found["pkg:npm", "tus-js-client"]["licenses"], [{"expression": "MIT"}])
        # Packages of the build stage, not of the final image.
        self.assertNotIn(("pkg:cargo", "bindgen"), found)
        self.assertNotIn(("pkg:cargo", "reelmill"), found)

    def test_no_component_is_named_twice_and_equal_builds_have_equal_papers(self):
        references = [it["bom-ref"] for it in json.loads(self.runs[0])["components"]]
        self.assertEqual(len(references), len(set(references)))
        self.assertEqual(self.runs[0], self.runs[1])


class Snapshot(unittest.TestCase):
    def test_what_the_dockerfile_copies_reaches_the_build(self):
        allowed = [line[1:] for line in facts.ROOT.joinpath(".dockerignore").read_text().split("\n") if line.startswith("!")]
        for copied in re.findall(r"(?m)^COPY (deploy/\S+)|python3 (deploy/\S+)", DOCKERFILE):
            self.assertIn(copied[0] or copied[1], allowed)
        # Also files that code includes from outside its crate.
        tracked = subprocess.run(["git", "ls-files", "services/*.rs"], cwd=facts.ROOT, check=True, capture_output=True, text=True).stdout.split()
        for file in tracked:
            folder = facts.ROOT / file
            for path in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', folder.read_text()):
                included = (folder.parent / path).resolve().relative_to(facts.ROOT)
                self.assertTrue(any(included.is_relative_to(it) for it in allowed), f"{file} includes {included}")
        # Every member of the workspace has its manifest there; otherwise cargo reads none.
        members = [Path(path).parent.name for path in subprocess.run(
            ["git", "ls-files", "*/Cargo.toml"], cwd=facts.ROOT, check=True, capture_output=True, text=True).stdout.split()]
        self.assertTrue({"proto", "tests"} <= set(members) and {"proto", "services", "tests/Cargo.toml", "Cargo.lock"} <= set(allowed))


if __name__ == "__main__":
    unittest.main()
