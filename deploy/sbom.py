"""Lists the contents of the image, as CycloneDX 1.6 on stdout: `sbom.py CRATES LOCK STATUS`.

CRATES is what `cargo tree -e normal --prefix none --format '{p}|{l}'` prints: linked crates, without build tools. LOCK is the
package-lock.json of the scripts that are embedded. STATUS is dpkg's /var/lib/dpkg/status of the running system. The same inputs give the same bytes: no time stamp, no random number.
"""
import json
import re
import sys
import uuid
from urllib.parse import quote


def crates(text):
    """Each linked crate once; `cargo tree` marks what it printed before with (*)."""
    found = {}
    for line in text.splitlines():
        package, _, licence = line.removesuffix(" (*)").partition("|")
        match = re.match(r"(\S+) v(\S+)", package)
        if match:
            found[match[1], match[2]] = licence.removesuffix(" (*)").strip()
    for (name, version), licence in sorted(found.items()):
        purl = f"pkg:cargo/{quote(name)}@{quote(version)}"
        component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        if licence:
            # The old way of writing "or".
            component["licenses"] = [{"expression": licence.replace("/", " OR ")}]
        yield component


def scripts(lock):
    """Each script that pages load. Its file holds the parts of others that it needs, so what npm installs beside it is not embedded."""
    packages = lock["packages"]
    for name in sorted(packages[""].get("dependencies", {})):
        found = packages[f"node_modules/{name}"]
        purl = f"pkg:npm/{quote(name)}@{quote(found['version'])}"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": found["version"], "purl": purl,
               "licenses": [{"expression": found["license"]}]}


def packages(status):
    """Each package of Debian's that is installed."""
    for stanza in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if re.match(r"[A-Z][A-Za-z-]*: ", line))
        if fields.get("Status") != "install ok installed":
            continue
        name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
        purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={architecture}"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def document(crates_text, lock, status):
    # The program itself heads the list of crates.
    name, version = re.match(r"(\S+) v(\S+)", crates_text).groups()
    linked = [crate for crate in crates(crates_text) if crate["name"] != name]
    components = [*linked, *scripts(lock), *sorted(packages(status), key=lambda it: it["bom-ref"])]
    content = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name, "version": version}},
        "components": components,
    }


if __name__ == "__main__":
    with open(sys.argv[1]) as tree, open(sys.argv[2]) as lock, open(sys.argv[3]) as status:
        json.dump(document(tree.read(), json.load(lock), status.read()), sys.stdout, indent=1)
    print()
