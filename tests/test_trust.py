"""What the package never does with foreign content: run it."""

import ast
import hashlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "pipeline" / "oligocount"
FILES = sorted(PACKAGE.rglob("*.py"))
_RUNS_CODE = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib"}
_EVALUATES = {"eval", "exec", "compile", "__import__"}


@pytest.fixture(params=FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def tree(request: pytest.FixtureRequest) -> ast.Module:
    return ast.parse(request.param.read_text("utf-8"))


def test_nothing_that_unpickles_is_imported(tree: ast.Module) -> None:
    """The name of its error is all that may come from pickle: torch raises it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not is_name_of_error(node):
            names.add((node.module or "").split(".")[0])
    assert not names & _RUNS_CODE


def is_name_of_error(node: ast.ImportFrom) -> bool:
    return [alias.name for alias in node.names] == ["UnpicklingError"]


def test_nothing_is_evaluated(tree: ast.Module) -> None:
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & _EVALUATES


def calls(tree: ast.Module, owner: str, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == owner
    ]


def keywords(call: ast.Call) -> dict[str | None, str]:
    return {each.arg: ast.unparse(each.value) for each in call.keywords}


def test_weights_are_loaded_as_weights_alone(tree: ast.Module) -> None:
    for call in calls(tree, "torch", "load"):
        assert keywords(call).get("weights_only") == "True", ast.unparse(call)


def test_arrays_are_loaded_without_objects(tree: ast.Module) -> None:
    for call in calls(tree, "np", "load"):
        assert keywords(call).get("allow_pickle", "False") == "False", ast.unparse(call)


def test_yaml_makes_plain_values_alone(tree: ast.Module) -> None:
    """A loader of our own derives from the safe one."""
    safe = {"yaml.SafeLoader", "yaml.CSafeLoader"}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and "SafeLoader" in ast.unparse(node):
            safe.add(ast.unparse(node.target))
        elif isinstance(node, ast.ClassDef) and safe & {ast.unparse(base) for base in node.bases}:
            safe.add(node.name)
    for name in ("load", "load_all"):
        for call in calls(tree, "yaml", name):
            loader = keywords(call).get("Loader", ast.unparse(call.args[-1]))
            assert loader in safe, ast.unparse(call)


def test_no_command_goes_through_a_shell(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            assert keywords(node).get("shell") != "True", ast.unparse(node)
    assert not calls(tree, "os", "system")
    assert not calls(tree, "os", "popen")


def test_pages_escape_whatever_they_are_given(tree: ast.Module) -> None:
    for call in calls(tree, "jinja2", "Environment"):
        assert keywords(call).get("autoescape") == "True", ast.unparse(call)


def test_no_archive_is_unpacked_to_where_it_says(tree: ast.Module) -> None:
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & {"extractall", "unpack_archive"}


@pytest.mark.parametrize("bundle", sorted((PACKAGE.parents[1] / "models").iterdir()))
def test_each_shipped_weight_is_bound_to_its_checksum(bundle: Path) -> None:
    told = (bundle / "configs" / "metadata.json").read_text("utf-8")
    weights = sorted((bundle / "models").iterdir())
    assert weights
    for file in weights:
        assert hashlib.sha256(file.read_bytes()).hexdigest() in told, file.name
