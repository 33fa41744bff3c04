"""Additions to schemathesis: a film's bytes are sent unchanged, and each request is sent with other credentials, too.

Making examples is most of the work, and they do not depend on the caller; so they are made once, sent by one caller, and then by all OTHERS: a
JSON list of `who`, `token` (null for none), the `work` that they use instead of WORK, and the `phases` in which they send requests.
"""
import json
import os
from collections import Counter

import requests
import schemathesis
from schemathesis.core.failures import Failure, FailureGroup

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

WORK = os.environ["WORK"]
OTHERS = json.loads(os.environ["OTHERS"])


@schemathesis.check
class whoever_asks:
    """The same request with other credentials passes the same checks."""

    def __init__(self):
        self.connection = requests.Session()
        self.answers = {other["who"]: Counter() for other in OTHERS}
        self.let_in = {other["who"]: set() for other in OTHERS}

    def after_response(self, ctx, response, case):
        checks = [check for check in ctx.internals.checks if check.__name__ != "whoever_asks"]
        others = [other for other in OTHERS if case.meta.phase.name.value in other["phases"]]
        found = [failure for other in others for failure in self.found(ctx, checks, case, other)]
        assert not found, "\n".join(found)

    def found(self, ctx, checks, case, other):
        """The checks' result for the answer to `other`."""
        about_the_work = case.path_parameters.get("id") == WORK
        first = case.headers.pop("Authorization", None)
        if about_the_work:
            case.path_parameters["id"] = other["work"]
        headers = {"Authorization": f"Bearer {other['token']}"} if other["token"] else None
        try:
            answer = case.call(session=self.connection, headers=headers, timeout=10)
            self.answers[other["who"]][answer.status_code] += 1
            if answer.status_code < 300:
                self.let_in[other["who"]].add(case.operation.label)
            for check in checks:
                try:
                    check(ctx, answer, case)
                except (Failure, FailureGroup, AssertionError) as failure:
                    yield f"{other['who']}: {case.method} {answer.request.url}: {answer.status_code}: {failure}"
        finally:
            if first:
                case.headers["Authorization"] = first
            if about_the_work:
                case.path_parameters["id"] = WORK

    def after_run(self, ctx):
        """A token that is never accepted tests nothing, and neither does one whose requests are mostly rate-limited."""
        for who, answers in self.answers.items():
            print(f"{who}: {dict(sorted(answers.items()))}")
        everyone = set().union(*(self.let_in[other["who"]] for other in OTHERS if not other["token"]))
        shut = [other["who"] for other in OTHERS if other["token"] and not self.let_in[other["who"]] - everyone]
        assert not shut, "opens nothing: " + ", ".join(shut)
        slowed = [who for who, answers in self.answers.items() if 2 * answers[429] > answers.total()]
        assert not slowed, "mostly asked to slow down: " + ", ".join(slowed)
