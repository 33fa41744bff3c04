"""Facts about deployment taken from the code: from the binary's help, or else from its source. Tests compare with them."""
import functools
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELM = os.environ["HELM"]
REELMILL = os.environ["REELMILL"]


@functools.cache
def help_of(*command):
    return subprocess.run([REELMILL, *command, "--help"], check=True, capture_output=True, text=True).stdout


@functools.cache
def source(*folders):
    """All Rust code under these folders of services/, without tests."""
    files = [file for folder in folders for file in (ROOT / "services" / folder).rglob("*.rs")]
    assert files, folders
    return "\n".join(file.read_text() for file in sorted(files) if "tests" not in file.parts)


@functools.cache
def variables(*command):
    """The environment variables that a command reads."""
    read = set(re.findall(r"\[env:\s+([A-Z0-9_]+)", help_of(*command)))
    # Two are read before the command line is parsed.
    telemetry = source("runtime/src")
    assert 'var("LOG_FORMAT")' in telemetry and "EnvFilter::DEFAULT_ENV" in telemetry
    return read | {"LOG_FORMAT", "RUST_LOG"}


@functools.cache
def partner_settings():
    """The X of PARTNER_<NAME>_X."""
    return set(re.findall(r'"([A-Z][A-Z0-9_]{2,})"', source("publish/src")))


def is_partner_variable(name):
    ids = [file.stem.upper() for file in (ROOT / "services/pipeline/catalogue/partners").glob("*.toml")]
    for partner in ids:
        if name.startswith(f"PARTNER_{partner}_"):
            return name.removeprefix(f"PARTNER_{partner}_").removesuffix("_FILE") in partner_settings()
    return False


@functools.cache
def roles():
    listed = re.search(r"--roles <ROLES>.*?Possible values:\n(.*?)\n\s*\n", help_of("serve"), re.S)[1]
    return re.findall(r"- ([a-z]+):", listed)


@functools.cache
def stages():
    """Role → the stages that its crate's workers serve."""
    by_role = {role: {stage.lower() for stage in re.findall(r"const STAGE: Stage = Stage::(\w+);", source(f"{role}/src"))} for role in roles()}
    known = set(re.findall(r'Stage::\w+ => "(\w+)"', source("pipeline/src")))
    assert set().union(*by_role.values()) == known, (by_role, known)
    return by_role


@functools.cache
def queue(stage):
    template = re.search(r'format!\("(reelmill\.work\.)\{stage\}"\)', source("runtime/src"))
    return template[1] + stage


@functools.cache
def stop_deadline_s():
    """The time limit for a process to end after the first signal."""
    return int(re.search(r"STOP_DEADLINE: Duration = Duration::from_millis\((\d+)\)", source("runtime/src"))[1]) / 1000 + 0.5
