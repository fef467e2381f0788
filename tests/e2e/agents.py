"""A host with an agent as the tests play it: the raw requester, a machine id and a key of its own."""
import base64
import gzip
import json
import secrets

from raw import Raw
from reports import account, report


class Host:
    """One installation of the agent, which enrols, polls and reports."""

    def __init__(self, server, name, machine=None):
        self.server, self.name = server, name
        self.machine = machine or secrets.token_hex(16)
        self.instance = secrets.token_hex(32)
        self.caller, self.quuid, self.answer = None, "", None

    def clone(self, name):
        """Another installation on a host with the same machine id."""
        return Host(self.server, name, self.machine)

    def enrolment(self, **more):
        return {"MachineId": self.machine, "InstanceKey": self.instance, "HostName": self.name,
                "AgentVersion": "1.0", "OsInfo": "Debian", **more}

    def enrol_code(self, token, **more):
        return requester(self.server, token).code("rollcall", "EnrolHost", self.enrolment(**more))

    def enrol(self, token):
        """Enrols; keeps the key when it gets one."""
        self.answer = requester(self.server, token).post("rollcall", "EnrolHost", self.enrolment())
        assert "Error" not in self.answer, self.answer
        if self.answer["State"] == "active":
            self.quuid = self.answer["Quuid"]
            self.caller = self.server.raw((self.answer["SecretId"], self.answer["SecretKey"]))
        return self.answer

    def facts(self, *names, at=None):
        """A report with these accounts and the machine id of the host."""
        made = report(self.name, [account(name, 1000 + i) for i, name in enumerate(names)], machine_id=self.machine)
        del made["host"]["quuid"]
        if at is not None:
            made["collected_at"] = at
        return made

    def packed(self, *names):
        """The parameters of ReportHost, as the program sends them."""
        return {"ReportGzip": pack(json.dumps(self.facts(*names)))}

    def report(self, *names, packed=False, **more):
        sent = self.packed(*names) if packed else {"Report": json.dumps(self.facts(*names))}
        return self.post("ReportHost", {**sent, **more})

    def poll(self, **more):
        return self.post("PollAgent", {"Quuid": self.quuid, "AgentVersion": "1.0", **more})

    def post(self, action, params):
        answer = self.caller.post("rollcall", action, params)
        assert "Error" not in answer, (action, answer)
        return answer

    def code(self, action, params):
        return self.caller.code("rollcall", action, params)


def requester(server, token):
    """A caller with the key in an enrolment token."""
    prefix, secret_id, secret_key = token.split(".")
    assert prefix == "rct1"
    return Raw(server.address, secret_id, secret_key)


def new_token(server, key=None, **more):
    return server.call("rollcall", "CreateEnrolmentToken", more, key=key)["Token"]


def enrolled(server, name, token=None, names=("root",)):
    """A host with an agent that has reported."""
    host = Host(server, name)
    assert host.enrol(token or new_token(server))["State"] == "active"
    host.report(*names)
    return host


def pack(text):
    return base64.b64encode(gzip.compress(text.encode() if isinstance(text, str) else text)).decode()
