#!/usr/bin/env python3
"""Checks the licence and the source of every crate that is built and of every script that is embedded, by the lists in .cargo/deny.toml.

Refuses a crate or a script whose licence is not allowed there, a crate that comes from elsewhere than crates.io or this workspace, a
dependency of ours on any version (`*`), and a script of no fixed version or without its digest. Reads `cargo metadata` for each target of
that file and services/pages/package-lock.json, and nothing else. Exit code 1, a line each, if anything is refused.
Licences are SPDX expressions (SPDX specification 2.3, annex D); `MIT/Apache-2.0` is Cargo's older way to write OR."""
import json
import re
import subprocess
import sys
import tomllib

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def tokens(expression):
    """Parentheses and words; `A WITH B` is one word."""
    words = re.findall(r"[()]|[^\s()/]+|/", expression.strip())
    joined = []
    for word in words:
        if joined and (word == "WITH" or joined[-1].endswith(" WITH")):
            joined[-1] += f" {word}"
        else:
            joined.append("OR" if word == "/" else word)
    return joined


def is_allowed(expression, allowed):
    """Whether the licences that we may choose by this expression are all allowed. AND binds closer than OR. ValueError if it is not an expression."""
    rest = tokens(expression)

    def atom():
        if not rest or rest[0] in (")", "AND", "OR"):
            raise ValueError(expression)
        word = rest.pop(0)
        if word != "(":
            return word in allowed
        inside = either()
        if not rest or rest.pop(0) != ")":
            raise ValueError(expression)
        return inside

    def chain(one, word, join):
        value = one()
        while rest and rest[0] == word:
            rest.pop(0)
            value = join([value, one()])
        return value

    def both():
        return chain(atom, "AND", all)

    def either():
        return chain(both, "OR", any)

    value = either()
    if rest:
        raise ValueError(expression)
    return value


def findings(metadata, allowed):
    """The refusals, one sentence each, for one answer of `cargo metadata`."""
    built = {node["id"] for node in metadata["resolve"]["nodes"]}
    ours = set(metadata["workspace_members"])
    for package in metadata["packages"]:
        name = f'{package["name"]} {package["version"]}'
        if package["id"] in ours:
            for dependency in package["dependencies"]:
                if dependency["req"] == "*" and not dependency.get("path"):
                    yield f'{name} takes any version of {dependency["name"]}'
            continue
        if package["id"] not in built:
            continue
        if package["source"] != CRATES_IO:
            yield f'{name} comes from {package["source"]}, not from crates.io'
        licence = package["license"]
        try:
            if not licence or not is_allowed(licence, allowed):
                yield f"{name} has the licence {licence}, which .cargo/deny.toml does not allow"
        except ValueError:
            yield f"{name} has a licence that is no SPDX expression: {licence}"


def scripts(lock, allowed):
    """The refusals for packages whose script is embedded. A script contains the parts of others that it needs, under its own licence."""
    packages = lock["packages"]
    for name, wanted in packages[""].get("dependencies", {}).items():
        found = packages[f"node_modules/{name}"]
        if wanted != found["version"]:
            yield f"{name} is asked for as {wanted}, which is no one version"
        if not found.get("integrity"):
            yield f"{name} has no digest in package-lock.json"
        try:
            if not is_allowed(found.get("license") or "", allowed):
                yield f'{name} has the licence {found["license"]}, which .cargo/deny.toml does not allow'
        except ValueError:
            yield f'{name} has a licence that is no SPDX expression: {found.get("license")}'


def main():
    with open(".cargo/deny.toml", "rb") as file:
        policy = tomllib.load(file)
    allowed = set(policy["licenses"]["allow"])
    refused, checked = set(), set()
    for target in policy["graph"]["targets"]:
        command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
        metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        refused.update(findings(metadata, allowed))
        checked.update(node["id"] for node in metadata["resolve"]["nodes"])
    with open("services/pages/package-lock.json") as file:
        refused.update(scripts(json.load(file), allowed))
    for line in sorted(refused):
        print(line, file=sys.stderr)
    print(f"{len(checked)} crates: {len(refused)} refused")
    return 1 if refused or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
