"""deploy/k8s says what the services need. It was never applied to a cluster here: this holds it."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from kustomizing import Resource, build
from processes import (
    A_DATABASE,
    A_KEY,
    BY_NAME,
    ROOT,
    answers,
    check_hardened,
    check_told,
    check_topics,
    client_config,
    image_environment,
    instructions,
    roles,
    secret_settings,
)

from epep_local.topics import PARTITIONS
from epep_runtime.broker import BrokerError
from epep_runtime.service import DRAIN_SECONDS

K8S = ROOT / "deploy/k8s"
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
NOT_KUBERNETES_OWN = {"PodMonitor"}
LAST_REQUESTS_SECONDS = 8  # the portal's; a service's have 5
SECRETS = {"database-url": A_DATABASE, "secret-key": A_KEY, "master-key": A_KEY}
FOLDERS = sorted(path.parent for path in K8S.glob("overlays/*/kustomization.yaml"))


@pytest.fixture(scope="module")
def applied() -> list[Resource]:
    return build(K8S / "overlays/example")


def of(applied: list[Resource], *kinds: str) -> list[Resource]:
    found = [each for each in applied if each["kind"] in kinds]
    assert found
    return found


def ours(applied: list[Resource]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Return (service, role or "migrate", the object, its container) of all that runs our image."""
    for each in of(applied, "Deployment", "Job"):
        labels = each["spec"]["template"]["metadata"]["labels"]
        if labels[NAME] in BY_NAME:
            [container] = each["spec"]["template"]["spec"]["containers"]
            yield labels[NAME], labels[COMPONENT], each, container


def chosen(applied: list[Resource], labels: dict[str, str]) -> list[Resource]:
    """Return what has pods with all of these labels."""
    return [
        each
        for each in of(applied, "Deployment", "Job")
        if labels.items() <= each["spec"]["template"]["metadata"]["labels"].items()
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_object_fits_its_published_schema(folder: Any) -> None:
    seen = set()
    for each in build(folder):
        if each["kind"] not in NOT_KUBERNETES_OWN:
            kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
        key = (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        assert key not in seen
        seen.add(key)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not there to compare with")
def test_kustomize_itself_says_the_same(applied: list[Resource]) -> None:
    command = ["kubectl", "kustomize", str(K8S / "overlays/example")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def sorted_out(objects: Any) -> list[Resource]:
        found = [yaml.safe_load(yaml.safe_dump(each)) for each in objects if each]
        for each in found:
            for container in _containers(each):
                for named in ("env", "volumeMounts"):
                    container.get(named, []).sort(key=lambda one: one["name"])
            pod = each.get("spec", {}).get("template", {}).get("spec", {})
            pod.get("volumes", []).sort(key=lambda one: one["name"])
        return sorted(found, key=lambda one: (one["kind"], one["metadata"]["name"]))

    assert sorted_out(applied) == sorted_out(yaml.safe_load_all(said))


def _containers(one: Resource) -> list[dict[str, Any]]:
    pod = one.get("spec", {}).get("template", {}).get("spec", {})
    return list(pod.get("containers", []))


def test_every_file_is_used() -> None:
    used = set()
    for path in K8S.rglob("kustomization.yaml"):
        said = yaml.safe_load(path.read_text("utf-8"))
        patches = [each["path"] for each in said.get("patches", []) if "path" in each]
        for name in (*said.get("resources", []), *said.get("components", []), *patches):
            used.add((path.parent / name).resolve())
    there = {path for path in K8S.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert there <= used
    assert {path.parent for path in K8S.rglob("kustomization.yaml")} - used == set(FOLDERS)


def test_every_service_runs_in_each_of_its_roles_and_migrates(applied: list[Resource]) -> None:
    found: dict[str, list[str]] = {}
    for name, part, each, container in ours(applied):
        said = {one["name"]: one.get("value") for one in container["env"]}
        if each["kind"] == "Job":
            assert container["args"] == ["migrate"]
        else:
            assert container["args"] == ["run"]
            assert said.get("EPEP_ROLES", "pages") == part
        assert container["command"] == ["python", "-m", BY_NAME[name].module]
        found.setdefault(name, []).append(part)
    assert {name: sorted(parts) for name, parts in found.items()} == {
        name: sorted([*(["pages"] if one.clients else roles(name)), "migrate"])
        for name, one in BY_NAME.items()
    }


def told(applied: list[Resource], container: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
    """Return a container's environment with made-up secrets, and which of it is secret."""
    maps = {each["metadata"]["name"]: each["data"] for each in of(applied, "ConfigMap")}
    said, secret = image_environment(), set()
    for source in container["envFrom"]:
        said |= maps[source["configMapRef"]["name"]]
    for each in container["env"]:
        if "value" in each:
            said[each["name"]] = each["value"]
        elif not (asked := each["valueFrom"]["secretKeyRef"]).get("optional"):
            said[each["name"]] = SECRETS[asked["key"]]
        if "valueFrom" in each:
            secret.add(each["name"])
    return said, secret


def test_every_process_is_told_what_it_must_know_and_nothing_unknown(
    applied: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, part, _, container in ours(applied):
        said, secret = told(applied, container)
        settings = check_told(name, said, monkeypatch)
        assert part in ("migrate", "pages") or settings.roles == part
        assert secret_settings(name) & set(said) <= secret


def test_a_process_is_given_its_own_secrets_and_the_keyrings(applied: list[Resource]) -> None:
    for name, part, _, container in ours(applied):
        given = {
            each["name"]: each["valueFrom"] for each in container["env"] if "value" not in each
        }
        places = {key: value["secretKeyRef"]["name"] for key, value in given.items()}
        assert places.pop("EPEP_DATABASE_URL") == places.pop("EPEP_SECRET_KEY") == f"{name}-secrets"
        keyring = {"EPEP_KEYRING_URL", "EPEP_KEYRING_MASTER_KEY"} if BY_NAME[name].events else set()
        assert {key for key, place in places.items() if place == "keyring-secrets"} == keyring
        mail = {"EPEP_SMTP_USERNAME", "EPEP_SMTP_PASSWORD"} if BY_NAME[name].mails else set()
        assert {key for key, place in places.items() if place == "mail-secrets"} == mail
        asks_kafka = BY_NAME[name].events and part != "migrate"
        kafka = {"EPEP_KAFKA_USERNAME", "EPEP_KAFKA_PASSWORD"} if asks_kafka else set()
        assert {key for key, place in places.items() if place == "kafka-secrets"} == kafka
        assert len(places) == len(keyring | mail | kafka)


def test_kafka_is_reached_by_tls_and_a_log_in(
    applied: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = {"EPEP_KAFKA_USERNAME": "epep", "EPEP_KAFKA_PASSWORD": "open sesame"}
    for name, part, each, container in ours(applied):
        if not BY_NAME[name].events or part == "migrate":
            continue
        said, _ = told(applied, container)
        with pytest.raises(BrokerError, match="asks for a log-in: set EPEP_KAFKA_USERNAME"):
            check_told(name, said, monkeypatch).broker()  # the Secret was not made
        broker = check_told(name, said | login, monkeypatch).broker()
        assert (broker.security, broker.mechanism) == ("SASL_SSL", "SCRAM-SHA-512")
        [mount] = [one for one in container["volumeMounts"] if one["name"] == "kafka-ca"]
        assert broker.ca_file == f"{mount['mountPath']}/ca.crt"
        volumes = each["spec"]["template"]["spec"]["volumes"]
        [volume] = [one for one in volumes if one["name"] == "kafka-ca"]
        assert volume["secret"] == {"secretName": "kafka-ca", "optional": True}


def test_no_secret_is_in_any_file(applied: list[Resource]) -> None:
    assert not [each for each in applied if each["kind"] == "Secret"]
    keys = re.compile(r"(?<![\w/+])[A-Za-z0-9+/]{43}=")
    files = [path for path in (ROOT / "deploy/docker").rglob("*") if path.suffix != ".lock"]
    for path in (*files, *K8S.rglob("*"), ROOT / "docker-compose.yml"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert not [each for each in keys.findall(text) if base64.b64decode(each)], path
            assert not re.findall(r"://[^\s/:$]+:(?!\$\{)[^\s@/]+@", text), path
            assert not re.findall(r"(?i)password[:=] *\"?(?!\$)[\w+/]{6,}", text), path


def test_probes_ask_for_routes_that_there_are(applied: list[Resource]) -> None:
    for name, part, each, container in ours(applied):
        if part == "migrate":
            continue
        [port] = container["ports"]
        assert str(port["containerPort"]) == image_environment()["EPEP_HTTP_PORT"]
        paths = {
            kind: container[f"{kind}Probe"]["httpGet"]
            for kind in ("startup", "liveness", "readiness")
        }
        assert {one["port"] for one in paths.values()} == {port["name"]}
        asked = {kind: one["path"] for kind, one in paths.items()}
        assert asked == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}, each
        assert all(answers(name, path) for path in asked.values())


def test_a_process_is_given_the_time_to_drain(applied: list[Resource]) -> None:
    longest = LAST_REQUESTS_SECONDS + 3 * DRAIN_SECONDS  # its work, its keyring, its database
    for _, part, each, container in ours(applied):
        if part != "migrate":
            [word, seconds] = container["lifecycle"]["preStop"]["exec"]["command"]
            assert word == "sleep"
            grace = each["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert grace >= int(seconds) + longest


def test_services_lead_to_the_processes_that_answer(applied: list[Resource]) -> None:
    found = {}
    for each in of(applied, "Service"):
        meant = chosen(applied, each["spec"]["selector"])
        [name] = [one["metadata"]["name"] for one in meant]
        [port] = each["spec"]["ports"]
        assert port["targetPort"] == _containers(meant[0])[0]["ports"][0]["name"]
        found[each["metadata"]["name"]] = name, port["port"]
    [portal] = [each for each in of(applied, "ConfigMap") if "portal-s" in each["metadata"]["name"]]
    for name, one in BY_NAME.items():
        if not one.clients:
            address = urlsplit(portal["data"][one.url_setting])
            assert found[str(address.hostname)] == (f"{name}-api", address.port)
    [way_in] = of(applied, "Ingress")
    [rule] = way_in["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert found[backend["name"]][0] == "portal"
    [address_map] = [e for e in of(applied, "ConfigMap") if "EPEP_PORTAL_URL" in e["data"]]
    assert urlsplit(address_map["data"]["EPEP_PORTAL_URL"]).hostname == rule["host"]
    assert way_in["spec"]["tls"][0]["hosts"] == [rule["host"]]


def test_selectors_choose_the_pods_of_one_deployment(applied: list[Resource]) -> None:
    for each in of(applied, "Deployment"):
        assert chosen(applied, each["spec"]["selector"]["matchLabels"]) == [each]


def test_what_people_wait_for_is_there_twice_and_never_all_away(applied: list[Resource]) -> None:
    kept = {}
    for each in of(applied, "PodDisruptionBudget"):
        [one] = chosen(applied, each["spec"]["selector"]["matchLabels"])  # and no migration
        kept[one["metadata"]["name"]] = each["spec"]["maxUnavailable"]
    asked = {f"{name}-api" if not one.clients else name for name, one in BY_NAME.items()}
    assert kept == dict.fromkeys(asked, 1)
    for each in of(applied, "Deployment"):
        if each["metadata"]["name"] in asked:
            assert each["spec"]["replicas"] >= 2


def test_mail_workers_scale_alone_and_nothing_beyond_the_partitions(
    applied: list[Resource],
) -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["maxReplicas"]
        for each in of(applied, "HorizontalPodAutoscaler")
    }
    assert scaled["notification-workers"] > PARTITIONS
    for name, part, each, _ in ours(applied):
        label = each["metadata"]["name"]
        most = scaled.get(label, each["spec"].get("replicas", 1))
        if part in ("projectors", "reactors", "board"):
            assert most <= PARTITIONS, label
        if label in scaled:
            assert "replicas" not in each["spec"], f"applying would undo the scaling of {name}"
    assert set(scaled) <= {each["metadata"]["name"] for each in of(applied, "Deployment")}


def test_topics_are_made_as_everywhere(applied: list[Resource]) -> None:
    [job] = [each for each in of(applied, "Job") if each["metadata"]["name"] == "topics"]
    [container] = _containers(job)
    shared = next(
        e["data"] for e in of(applied, "ConfigMap") if "EPEP_KAFKA_BOOTSTRAP" in e["data"]
    )
    assert container["command"] == ["sh", "-ceu"]
    login = {"EPEP_KAFKA_USERNAME": "epep", "EPEP_KAFKA_PASSWORD": r'a"b\c'}
    environment = shared | login | {"EPEP_TOPIC_PREFIX": "a-"}
    check_topics(container["args"][0], environment, replication=3)


def test_topics_are_made_by_whom_the_environment_says(applied: list[Resource]) -> None:
    """As `--command-config` wants it: JAAS in a file of properties, each with its own escaping."""
    [job] = [each for each in of(applied, "Job") if each["metadata"]["name"] == "topics"]
    [container] = _containers(job)
    assert {"EPEP_KAFKA_USERNAME", "EPEP_KAFKA_PASSWORD"} <= {e["name"] for e in container["env"]}
    [shared] = [e["data"] for e in of(applied, "ConfigMap") if "EPEP_KAFKA_BOOTSTRAP" in e["data"]]
    login = {"EPEP_KAFKA_USERNAME": "epep", "EPEP_KAFKA_PASSWORD": r'a"b\c'}
    plain = {"EPEP_KAFKA_SASL_MECHANISM": "PLAIN", "EPEP_KAFKA_CA_FILE": ""}
    bare = {"EPEP_KAFKA_SECURITY": "PLAINTEXT", "EPEP_KAFKA_CA_FILE": ""}
    jaas = 'sasl.jaas.config=org.apache.kafka.common.security.{} required username="epep"'
    word = r' password="a\\"b\\\\c";'
    script = container["args"][0]
    assert client_config(script, shared | login) == [
        "security.protocol=SASL_SSL",
        "ssl.truststore.type=PEM",
        "ssl.truststore.location=/etc/epep/kafka/ca.crt",
        "sasl.mechanism=SCRAM-SHA-512",
        jaas.format("scram.ScramLoginModule") + word,
    ]
    assert client_config(script, shared | login | plain) == [
        "security.protocol=SASL_SSL",
        "sasl.mechanism=PLAIN",
        jaas.format("plain.PlainLoginModule") + word,
    ]
    assert client_config(script, shared | bare) == ["security.protocol=PLAINTEXT"]
    with pytest.raises(subprocess.CalledProcessError) as without:
        client_config(script, shared)
    assert "EPEP_KAFKA_USERNAME" in without.value.stderr


def test_pods_may_do_no_more_than_they_must(applied: list[Resource]) -> None:
    of_image = int(instructions("USER")[0].split(":")[0])
    check_hardened(
        (
            (each["metadata"]["name"], each["spec"]["template"]["spec"])
            for *_, each, _ in ours(applied)
        ),
        of_image,
    )
    [job] = [each for each in of(applied, "Job") if each["metadata"]["name"] == "topics"]
    check_hardened([("topics", job["spec"]["template"]["spec"])], 1000)
    [namespace] = of(applied, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_what_waits_for_the_migrations_is_what_runs(applied: list[Resource]) -> None:
    waiting = [e for e in applied if e["metadata"].get("labels", {}).get("epep.step") == "run"]
    assert waiting == of(applied, "Deployment")


def test_images_are_of_a_version(applied: list[Resource]) -> None:
    for each in of(applied, "Deployment", "Job"):
        [container] = _containers(each)
        assert re.search(r":\d[\w.-]*$", container["image"])
    assert len({container["image"] for *_, container in ours(applied)}) == 1


def test_figures_are_collected_under_the_names_that_the_alarms_ask_for(
    applied: list[Resource],
) -> None:
    [monitor] = of(applied, "PodMonitor")
    [end] = monitor["spec"]["podMetricsEndpoints"]
    [choice] = monitor["spec"]["selector"]["matchExpressions"]
    watched = [(name, c) for name, part, _, c in ours(applied) if part in choice["values"]]
    assert {name for name, _ in watched} == {n for n, one in BY_NAME.items() if one.events}
    assert {one for name in BY_NAME if BY_NAME[name].events for one in roles(name)} == set(
        choice["values"]
    )
    for name, container in watched:
        assert end["port"] == container["ports"][0]["name"]
        assert answers(name, end["path"])
    [rename] = end["relabelings"]
    assert rename["sourceLabels"] == ["__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", NAME)]
    alarms = (ROOT / "deploy/prometheus/alarms.yml").read_text("utf-8")
    [jobs] = re.findall(r'up\{job=~"([^"]+)"\}', alarms)
    for name, _ in watched:
        job = re.sub(rename["regex"], rename["replacement"].replace("$", "\\"), name, count=1)
        assert re.fullmatch(jobs, job)
    assert rename["targetLabel"] == "job"


def test_the_page_names_what_must_be_there_before(applied: list[Resource]) -> None:
    page = (ROOT / "docs/deployment.md").read_text("utf-8")
    wanted = {each["spec"]["tls"][0]["secretName"] for each in of(applied, "Ingress")}
    for *_, container in ours(applied):
        for each in container["env"]:
            if "valueFrom" in each:
                asked = each["valueFrom"]["secretKeyRef"]
                wanted |= {asked["name"], asked["key"]}
    for policy in of(applied, "NetworkPolicy"):
        spaces = re.findall(r"'kubernetes.io/metadata.name': '([\w-]+)'", str(policy))
        wanted |= {each for each in spaces if each != "kube-system"}
    assert {each for each in wanted if f"`{each}`" not in page} == set()
