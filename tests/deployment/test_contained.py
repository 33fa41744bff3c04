"""The media sandbox inside a container like the chart's: an unprivileged user, no capability, no new privileges, a read-only root, and a
container engine's own default seccomp profile. A real container by crun, of this machine's own libraries; it needs root and crun."""
import json
import os
import platform
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import facts

PROFILE = Path("/usr/share/containers/seccomp.json")
LANDLOCK = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())

# crun needs the unified hierarchy of control groups that most machines have; if there are several it sees only that
# one.
UNIFIED = ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
           '[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup; exec "$@"', "sh"]


def profile(without=frozenset()):
    """The default profile of Podman and CRI-O, in the OCI format, for a container without capabilities."""
    stored = json.loads(PROFILE.read_text())
    rules = []
    for rule in stored["syscalls"]:
        includes = rule.get("includes") or {}
        if includes.get("caps") or (includes.get("arches") and MACHINE not in includes["arches"]):
            continue
        keys = ("action", "errnoRet", "args")
        rules.append({"names": [name for name in rule["names"] if name not in without], **{key: rule[key] for key in keys if rule.get(key)}})
    return {"defaultAction": stored["defaultAction"], "defaultErrnoRet": stored["defaultErrnoRet"], "syscalls": [rule for rule in rules if rule["names"]]}


class Container:
    """A container that is created for each command and removed after it."""

    def __init__(self, directory, without=frozenset()):
        self.bundle, self.without = Path(directory), without
        root = self.bundle / "rootfs"
        for name in ("usr", "etc", "proc", "dev", "sys", "in", "scratch"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "lib", "lib64"):
            if not (root / name).is_symlink():
                (root / name).symlink_to(f"usr/{name}")
        (root / "reelmill").touch()
        self.input = self.bundle / "in"
        self.input.mkdir(exist_ok=True)
        self.bundle.chmod(0o755)

    def run(self, *command):
        bind = lambda source, to: {"type": "bind", "source": str(source), "destination": to, "options": ["rbind", "ro", "nosuid", "nodev"]}
        (self.bundle / "config.json").write_text(json.dumps({
            "ociVersion": "1.0.2",
            "root": {"path": "rootfs", "readonly": True},
            "process": {
                "user": {"uid": 10001, "gid": 10001}, "cwd": "/", "args": list(command), "noNewPrivileges": True,
                "env": ["PATH=/usr/bin", "SCRATCH_DIR=/scratch", "TMPDIR=/scratch"],
                "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
            },
            "mounts": [
                {"type": "proc", "source": "proc", "destination": "/proc"},
                {"type": "tmpfs", "source": "tmpfs", "destination": "/dev", "options": ["nosuid", "strictatime", "mode=755", "size=64k"]},
                bind("/usr", "/usr"), bind("/etc", "/etc"), bind(self.input, "/in"), bind(facts.REELMILL, "/reelmill"),
                {"type": "tmpfs", "source": "tmpfs", "destination": "/scratch", "options": ["nosuid", "nodev", "uid=10001", "gid=10001"]},
            ],
            "linux": {
                "namespaces": [{"type": kind} for kind in ("pid", "mount", "network", "ipc", "uts")],
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
                "seccomp": profile(self.without),
            },
        }))
        name = f"reelmill-test-{os.getpid()}"
        return subprocess.run([*UNIFIED, "crun", "--root", self.bundle / "state", "--cgroup-manager=disabled", "run", "--bundle", self.bundle, name],
                              capture_output=True, text=True, timeout=120)


def crun_works():
    if not shutil.which("crun") or not PROFILE.exists() or os.geteuid() != 0 or not MACHINE:
        return False
    with tempfile.TemporaryDirectory() as directory:
        return Container(directory).run("/usr/bin/true").returncode == 0


@unittest.skipUnless(crun_works(), "no container can be started here")
class Contained(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name

    def container(self, without=frozenset()):
        container = Container(self.directory, without)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-f", "lavfi", "-i",
                        "sine=d=2:r=48000", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "superfast", "-c:a", "aac",
                        container.input / "film.mp4"], check=True)
        return container

    def test_it_is_as_restricted_as_a_pod(self):
        said = self.container().run("/usr/bin/sh", "-c", "cat /proc/self/status; id -u; touch /x /usr/x 2>&1; touch /scratch/x && echo scratch")
        self.assertRegex(said.stdout, r"CapEff:\s*0{16}\n")
        self.assertRegex(said.stdout, r"CapBnd:\s*0{16}\n")
        self.assertRegex(said.stdout, r"NoNewPrivs:\s*1\n")
        self.assertRegex(said.stdout, r"Seccomp:\s*2\n")
        self.assertIn("\n10001\n", said.stdout)
        self.assertEqual(said.stdout.count("Read-only file system"), 2, said.stdout)
        self.assertIn("\nscratch\n", said.stdout)

    def test_a_film_is_decoded_behind_all_walls(self):
        # The child refuses to work without Landlock, so an answer proves that the whole sandbox is in force.
        said = self.container().run("/reelmill", "probe", "/in/film.mp4", "--output", "json")
        info = json.loads(said.stdout)
        self.assertIn("320", json.dumps(info), said.stderr)

    def test_a_runtime_that_keeps_landlock_from_it_is_told(self):
        said = self.container(without=LANDLOCK).run("/reelmill", "probe", "/in/film.mp4", "--output", "json")
        self.assertNotEqual(said.returncode, 0)
        self.assertIn("Landlock", said.stderr)


if __name__ == "__main__":
    unittest.main()
