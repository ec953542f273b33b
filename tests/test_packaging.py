"""What is published, and how: the workflows, the recipe and the forms agree with pyproject.toml, and are strict."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.needs import need_module

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = ("ci.yml", "release.yml")
FORMS = ("bug.yml", "idea.yml")
HARMLESS = {"contents": "read"}


def loaded(path: str) -> Any:
    """A file in YAML; its ``on`` is a truth value in YAML 1.1."""
    need_module("yaml")
    import yaml

    return yaml.safe_load((ROOT / path).read_text())


def steps(workflow: str) -> list[dict[str, Any]]:
    """Every step of every job."""
    jobs = loaded(f".github/workflows/{workflow}")["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_read_and_nothing_else(workflow: str) -> None:
    """What more a job needs, it alone has: an identity to publish, the right to make a release's page."""
    document = loaded(f".github/workflows/{workflow}")
    assert document["permissions"] == HARMLESS
    more = {name: job["permissions"] for name, job in document["jobs"].items() if "permissions" in job}
    allowed = {"publish": {"id-token": "write"}, "announce": {"contents": "write"}}
    assert more == (allowed if workflow == "release.yml" else {})


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_actions_are_pinned_and_few(workflow: str) -> None:
    """A major version each, of the platform's own actions and PyPA's; and no checkout leaves its token behind."""
    used = [step for step in steps(workflow) if "uses" in step]
    pinned = re.compile(r"actions/[\w-]+@v\d+|pypa/gh-action-pypi-publish@release/v\d+")
    assert [step["uses"] for step in used if not pinned.fullmatch(step["uses"])] == []
    checkouts = [step for step in used if step["uses"].startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_no_step_takes_words_of_others_into_a_shell(workflow: str) -> None:
    """A branch's or a title's name in ``${{ }}`` would be run; and no secret is kept."""
    assert all("${{" not in step.get("run", "") for step in steps(workflow))
    assert "secrets." not in (ROOT / ".github" / "workflows" / workflow).read_text()


def test_publishing_is_by_identity_and_in_an_environment() -> None:
    """Only a tag's build gets there, and the job that publishes runs nothing of ours."""
    document = loaded(".github/workflows/release.yml")
    assert document[True] == {"push": {"tags": ["v*"]}}
    publish = document["jobs"]["publish"]
    assert publish["environment"]["name"] == "pypi"
    assert publish["needs"] == "build"
    assert not any("checkout" in step.get("uses", "") for step in publish["steps"])


def test_ci_runs_what_decides() -> None:
    """The script that decides on every machine, and ``make test`` within it; the Pythons that it needs are set up."""
    document = loaded(".github/workflows/ci.yml")
    assert {"run": "bash .ci/run"} in document["jobs"]["all"]["steps"]
    assert "\nmake test" in (ROOT / ".ci" / "run").read_text()
    asked = document["jobs"]["all"]["steps"][1]["with"]["python-version"].split()
    claimed = [each.split(" :: ")[-1] for each in PROJECT["classifiers"] if ":: Python :: 3." in each]
    assert sorted(asked) == sorted(claimed)


def test_targets_of_workflows_exist() -> None:
    """Each ``make`` in a workflow has its rule."""
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = [
        step["run"] for name in WORKFLOWS for step in steps(name) if step.get("run", "").startswith("make ")
    ]
    assert called
    assert {target for line in called for target in line.split()[1:]} <= rules


def test_the_recipe_is_the_project_s() -> None:
    """Version, Python, requirements, command and words are those of pyproject.toml."""
    recipe = loaded("recipe/recipe.yaml")
    assert recipe["context"]["version"] == PROJECT["version"]
    assert f">={recipe['context']['python_min']}" == PROJECT["requires-python"]
    wanted = [re.sub(r"\[.*?\]|(?=>=)", " ", each).split() for each in PROJECT["dependencies"]]
    asked = [each.split() for each in recipe["requirements"]["run"] if not each.startswith("python ")]
    assert sorted(asked) == sorted([name.lower(), *rest] for name, *rest in wanted)
    scripts = [f"{name} = {place}" for name, place in PROJECT["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts
    about = recipe["about"]
    assert (about["summary"], about["license"]) == (PROJECT["description"], PROJECT["license"])
    assert about["repository"] == PROJECT["urls"]["Source"]
    assert about["documentation"] == PROJECT["urls"]["Documentation"]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_asks_for_the_report(form: str) -> None:
    """Every answer depends on it; each field has a name of its own."""
    body = loaded(f".github/ISSUE_TEMPLATE/{form}")["body"]
    fields = [each for each in body if each["type"] != "markdown"]
    assert len({each["id"] for each in fields}) == len(fields)
    assert any("jwks-auth check --json" in each["attributes"]["label"] for each in fields)


def test_vulnerabilities_are_sent_to_the_private_form() -> None:
    """From the list of forms, from SECURITY.md and from PyPI's page."""
    url = PROJECT["urls"]["Report a vulnerability"]
    assert url in {each["url"] for each in loaded(".github/ISSUE_TEMPLATE/config.yml")["contact_links"]}
    assert url in (ROOT / "SECURITY.md").read_text()


def test_the_bill_of_materials_is_the_library_s(tmp_path: Path) -> None:
    """With the options of ``make sbom``, of an environment that holds nothing yet."""
    need_module("cyclonedx_py")
    written = tmp_path / "bom.json"
    options = (ROOT / "Makefile").read_text().split("cyclonedx-py ")[1].split("--output-file")[0]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty"], check=True)
    command = [sys.executable, "-m", "cyclonedx_py", *options.replace("\\", " ").split()]
    about = ["--output-file", str(written), str(tmp_path / "empty" / "bin" / "python")]
    done = subprocess.run([*command, *about], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    bill = json.loads(written.read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", PROJECT["name"])
