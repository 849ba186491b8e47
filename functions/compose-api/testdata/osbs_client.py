"""Makes every call of OSBS's client of ODCS (atomic-reactor), and says on each
line what it did.

Usage: osbs_client.py ADDRESS. The server moves a compose on each time it is
read, and answers the third POST with 503 once.
"""

import sys
import time

from atomic_reactor.utils.odcs import ODCSClient

client = ODCSClient(sys.argv[1] + "api/1", token="osbs")

tag = client.start_compose("tag", "f45", packages=["bash", "bash"], sigkeys=["FD431D51"], arches=["x86_64"])
assert tag["state_name"] == "wait" and tag["sigkeys"] == "FD431D51", tag
print("start_compose tag")

module = client.start_compose("module", "perl:5.38", sigkeys=["FD431D51"], arches=["x86_64"])
assert module["source_type"] == 2, module
began = time.time()
modular = client.start_compose("tag", "f45", sigkeys=[""], arches=["x86_64"], flags=["no_deps"], multilib_arches=["x86_64"], modular_koji_tags=["f45-modular"])
assert modular["multilib_method"] == 3 and modular["sigkeys"] == "" and time.time() - began < 30, modular
print("start_compose module, modular_koji_tags")
for arch in ["x86_64", "s390x"]:
    pulp = client.start_compose("pulp", "rhel-9-baseos", sigkeys=[], arches=[arch], flags=["include_unpublished_pulp_repos"])
    assert pulp["arches"] == arch, pulp
print("start_compose pulp")

assert client.get_compose_status(tag["id"]) == "generating"
done = client.wait_for_compose(tag["id"])
assert done["state_name"] == "done", done
time.strptime(done["time_to_expire"], "%Y-%m-%dT%H:%M:%SZ")
assert set(done["sigkeys"].split()) <= {"FD431D51"} and done["arches"].split() == ["x86_64"], done
assert done["result_repofile"].endswith("/odcs-%d.repo" % done["id"]), done
print("get_compose_status, wait_for_compose")

longer = client.renew_compose(tag["id"], ["FD431D51"])
assert longer["id"] == tag["id"], longer
other = client.renew_compose(tag["id"], ["A15B79CC"])
assert other["id"] != tag["id"] and other["sigkeys"] == "A15B79CC" and other["packages"] == "bash", other
print("renew_compose")

client.cancel_compose(other["id"])
try:
    client.wait_for_compose(other["id"])
    raise AssertionError("it was not cancelled")
except RuntimeError as error:
    assert "Canceled by osbs" in str(error), error
client.cancel_compose(999)
print("cancel_compose")
