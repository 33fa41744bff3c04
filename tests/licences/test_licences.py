"""What deploy/local/licences.py refuses and accepts. Run by `make test` and `make check`: python3 -m unittest discover tests/licences."""
import importlib.util
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("licences", ROOT / "deploy/local/licences.py")
licences = importlib.util.module_from_spec(spec)
spec.loader.exec_module(licences)

ALLOWED = {"MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"}


def answer(licence="MIT", source=licences.CRATES_IO, req="^1"):
    """An answer of `cargo metadata` with one crate of ours and one of others."""
    ours = {"id": "ours", "name": "ours", "version": "0.1.0", "source": None, "license": None,
            "dependencies": [{"name": "theirs", "req": req, "path": None}]}
    theirs = {"id": "theirs", "name": "theirs", "version": "1.0.0", "source": source, "license": licence, "dependencies": []}
    return {"workspace_members": ["ours"], "packages": [ours, theirs], "resolve": {"nodes": [{"id": "ours"}, {"id": "theirs"}]}}


def lock(licence="MIT", wanted="1.0.0", integrity="sha512-x"):
    """A lock file of one script, with a package that is installed with it and not embedded."""
    theirs = {"version": "1.0.0", "license": licence, "integrity": integrity}
    return {"packages": {"": {"dependencies": {"theirs": wanted}}, "node_modules/theirs": theirs,
                         "node_modules/beside": {"version": "1.0.0", "license": "AGPL-3.0-only"}}}


class Expressions(unittest.TestCase):
    def test_one_may_choose_among_or_and_must_keep_all_of_and(self):
        for expression, allowed in [
            ("MIT", True), ("GPL-3.0-only", False), ("MIT OR GPL-3.0-only", True), ("MIT/GPL-3.0-only", True),
            ("MIT AND GPL-3.0-only", False), ("MIT AND ISC", True), ("GPL-3.0-only OR MIT AND ISC", True),
            ("(GPL-3.0-only OR MIT) AND ISC", True), ("(GPL-3.0-only OR MIT) AND AGPL-3.0-only", False),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only", True), ("Apache-2.0 WITH Classpath-exception-2.0", False),
        ]:
            self.assertEqual(licences.is_allowed(expression, ALLOWED), allowed, expression)

    def test_what_is_no_expression_is_an_error(self):
        for expression in ["", "(MIT", "MIT OR", "AND MIT", "MIT ISC", ")"]:
            with self.assertRaises(ValueError, msg=expression):
                licences.is_allowed(expression, ALLOWED)


class Findings(unittest.TestCase):
    def refused(self, **changed):
        return list(licences.findings(answer(**changed), ALLOWED))

    def test_an_allowed_crate_of_crates_io_is_let_through(self):
        self.assertEqual(self.refused(), [])

    def test_a_licence_a_source_and_a_version_are_each_refused_by_name(self):
        for changed, word in [
            ({"licence": "AGPL-3.0-only"}, "theirs 1.0.0 has the licence AGPL-3.0-only"), ({"licence": None}, "None"),
            ({"licence": "see file"}, "no SPDX expression"), ({"source": "git+https://example.org/theirs"}, "not from crates.io"),
            ({"req": "*"}, "any version of theirs"),
        ]:
            found = self.refused(**changed)
            self.assertEqual(len(found), 1, found)
            self.assertIn(word, found[0])

    def test_a_script_has_one_version_a_digest_and_an_allowed_licence(self):
        self.assertEqual(list(licences.scripts(lock(), ALLOWED)), [])
        for changed, word in [
            ({"licence": "AGPL-3.0-only"}, "AGPL-3.0-only"), ({"licence": None}, "no SPDX expression"),
            ({"wanted": "^1.0.0"}, "no one version"), ({"integrity": None}, "no digest"),
        ]:
            found = list(licences.scripts(lock(**changed), ALLOWED))
            self.assertEqual(len(found), 1, found)
            self.assertIn(word, found[0])


if __name__ == "__main__":
    unittest.main()
