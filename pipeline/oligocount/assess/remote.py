"""Another engine's verdicts on our counts, over HTTP.

The counts document goes out as JSON by POST; the answer is checked against `answer` of
configs/assessment.schema.json before anything is taken from it.
"""

import functools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import jsonschema

from oligocount.errors import ConfigError, ModelError
from oligocount.resources import shipped_folder
from oligocount.settings import EngineSettings


def ask_engine(
    url: str,
    document: dict[str, Any],
    settings: EngineSettings,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """The answer of the engine at `url` to the counts of one assessment document.

    Asked again after a pause that doubles, `retries` times, when nobody answers in time or the
    server fails; a refusal (4xx) is final. Raises ConfigError for a URL that is not HTTP,
    ModelError when no answer comes or it has not the right shape.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigError(f"engine {url!r}: expected a URL that begins with http:// or https://")
    body = json.dumps({"schema_version": "1.0", **_question(document)}).encode()
    for attempt in range(settings.retries + 1):
        if attempt:
            sleep(settings.backoff_s * 2 ** (attempt - 1))
        try:
            return _checked(url, _post(url, body, settings.timeout_s))
        except urllib.error.HTTPError as error:
            error.close()
            failure: OSError = error
            if not _is_worth_asking_again(error):
                break
        except OSError as error:  # nobody there, or no answer in time
            failure = error
    raise ModelError(
        f"engine {url}: no answer after {attempt + 1} attempts: {failure}"
    ) from failure


def _question(document: dict[str, Any]) -> dict[str, Any]:
    """Counts and what each lesion counted as; no verdict of ours."""
    return {name: document[name] for name in ("id", "counts", "lesions", "facts")}


def _post(url: str, body: bytes, timeout_s: float) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url, data=body, headers={"Content-Type": "application/json", "Accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - as above
        content: bytes = answer.read()
    return content


def _is_worth_asking_again(error: urllib.error.HTTPError) -> bool:
    return error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.REQUEST_TIMEOUT,
    )


def _checked(url: str, content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"engine {url}: expected JSON: {error}") from error
    problem = next(iter(_validator().iter_errors(answer)), None)
    if problem is not None:
        place = ".".join(map(str, problem.absolute_path)) or "the answer"
        raise ModelError(f"engine {url}: {place}: {problem.message}")
    checked: dict[str, Any] = answer
    return checked


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    file = shipped_folder("configs") / "assessment.schema.json"
    schema = json.loads(file.read_text("utf-8"))
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/answer", "$defs": schema["$defs"]})
