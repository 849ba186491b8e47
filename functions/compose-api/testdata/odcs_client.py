"""Makes every call of ODCS's own client, and says on each line what it did.

Usage: odcs_client.py ADDRESS. The server moves a compose on each time it is
read: from wait to generating to done.
"""

import sys

import requests
from odcs.client.odcs import (
    ODCS,
    AuthMech,
    ComposeLog,
    ComposeSourceBuild,
    ComposeSourceGeneric,
    ComposeSourceModule,
    ComposeSourcePulp,
    ComposeSourceRawConfig,
    ComposeSourceTag,
)

client = ODCS(sys.argv[1], auth_mech=AuthMech.OpenIDC, openidc_token="alice")


def refused(status, words, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except requests.exceptions.HTTPError as error:
        assert error.response.status_code == status, error.response.text
        assert words in error.response.json()["message"], error.response.text
        return
    raise AssertionError("it is taken")


about = client.about()
assert about["auth_backend"] == "openidc" and about["sigkeys"] == ["f00d"], about
print("about")

old = client.new_compose("f45 f45-updates", "tag", seconds_to_live=600, packages=["bash", "bash"], flags=["no_deps"],
                         sigkeys=["fd431d51"], koji_event=7, results=["repository"], arches=["x86_64"], builds=["a-1-1"],
                         lookaside_repos=["https://mirror/$basearch"], label="RC-1.0", compose_type="test")
assert old["state_name"] == "wait" and old["owner"] == "alice" and old["koji_event"] == 7, old
assert old["source"] == "f45 f45-updates" and old["builds"] == "a-1-1" and old["sigkeys"] == "fd431d51", old
print("new_compose")

asked = {
    "tag": (ComposeSourceTag("f45", packages=["bash"], sigkeys=["", "fd431d51"]), 1),
    "module": (ComposeSourceModule(["perl:5.38", "nodejs:20"], sigkeys=["fd431d51"]), 2),
    "pulp": (ComposeSourcePulp(["rhel-9-baseos", "rhel-9-appstream"]), 4),
    "raw_config": (ComposeSourceRawConfig("fedora", "main", koji_event=7), 5),
    "build": (ComposeSourceBuild(["bash-5.2-1.fc45"], sigkeys=["fd431d51"]), 6),
    "generic": (ComposeSourceGeneric("f45", "tag", modular_koji_tags=["f45-modular"], module_defaults_url="https://x",
                                     module_defaults_commit="main", base_module_br_name="platform",
                                     base_module_br_stream="f45", base_module_br_stream_version_lte=9), 1),
}
made = {}
for name, (source, number) in asked.items():
    made[name] = client.request_compose(source, arches=["x86_64", "s390x"], flags=["no_reuse"])
    assert made[name]["source_type"] == number and made[name]["arches"] == "x86_64 s390x", made[name]
    assert made[name]["flags"] == ["no_reuse"] and made[name]["results"] == ["repository"], made[name]
    print("request_compose", name)

compose = client.wait_for_compose(made["tag"]["id"], timeout=60)
assert compose["state_name"] == "done" and compose["time_done"], compose
print("wait_for_compose")

again = client.get_compose(compose["id"])
assert again["id"] == compose["id"] and again["pungi_config_dump"] is None, again
print("get_compose")

longer = client.renew_compose(compose["id"])
assert longer["id"] == compose["id"], longer
longer = client.renew_compose(compose["id"], seconds_to_live=200000)
assert longer["id"] == compose["id"] and longer["time_to_expire"] > compose["time_to_expire"], longer
print("renew_compose")

found = client.find_composes(owner="alice", state=2, page=1, per_page=5, order_by="-id")
assert [c["id"] for c in found["items"]] == [compose["id"]] and found["meta"]["total"] == 1, found
assert client.find_composes(source_type=6)["items"][0]["id"] == made["build"]["id"]
page = client.find_composes(per_page=3)
ids = [c["id"] for c in page["items"]]
while page["meta"]["next"]:
    page = requests.get(page["meta"]["next"]).json()
    ids += [c["id"] for c in page["items"]]
assert ids == sorted(ids, reverse=True) and len(ids) == page["meta"]["total"], ids
print("find_composes")

answer = client.delete_compose(made["module"]["id"])
assert answer["status"] == 202 and "has been canceled" in answer["message"], answer
copy = client.renew_compose(made["module"]["id"])
assert copy["id"] != made["module"]["id"] and copy["source"] == made["module"]["source"], copy
print("delete_compose")

refused(404, "No such compose found.", client.get_compose, 999)
refused(404, "No compose with id 999 found", client.renew_compose, 999)
refused(403, "is not in role admins", client.delete_compose, compose["id"])
refused(400, 'Unknown source type "x"', client.new_compose, "f45", "x")
refused(400, "packages should be a list", client.request_compose, ComposeSourceTag("f45", packages="bash"))
nobody = ODCS(sys.argv[1])
refused(401, "Missing token passed to ODCS.", nobody.new_compose, "f45", "tag")
print("refusals")

log = ComposeLog({"toplevel_url": sys.argv[1] + "log"})
assert log.read() == "one line\n" and log.read() == "", log.offset
assert ComposeLog({"toplevel_url": sys.argv[1] + "nowhere"}).read() is None
print("ComposeLog")
