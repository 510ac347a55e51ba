"""The reward for JSON that satisfies a schema."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from .answer import MISSING_RULES, Opening, check_opening
from .graded import graded
from .json_answer import JSON_RULES, NotJSON, find_json, identity, read_json
from .reward import Reward, text_list
from .verdict import Status, Verdict

__all__ = [
    "RULES",
    "BadSchema",
    "SchemaReward",
    "TooSlow",
    "check_schema",
    "schema_reward",
    "violation",
]

#: Every rule that can decide, and the sentence that explains it.
RULES = {
    "valid": "the JSON satisfies the schema",
    "invalid": "the JSON does not satisfy the schema",
    "too_large": "the JSON is too large or too deep to judge",
    "bad_reference": "the schema cannot be read",
    **JSON_RULES,
    **MISSING_RULES,
}


class BadSchema(ValueError):
    """The schema is none, or refers to what is not there."""


class TooSlow(Exception):
    """The check is past its time limit, or too deep."""


class SchemaReward(Reward):
    """1.0 where the final answer is JSON that satisfies a JSON schema, else 0.0.

    The JSON is all that stands after the thinking, or what stands there in an answer tag or in a
    code fence; a second, different fence is no answer. A key that stands twice in an object, NaN
    and Infinity are not JSON. Needs the extra `schema`.

    Args:
        schema: the schema of every row; by default that of each row, from `column`.
        time_limit: seconds for one check; what takes longer is wrong.
        opening: where the opening thinking tag stands; `"prompt"` if the chat template wrote it.
        name: as for every `Reward`.
        column: the column of schemas: mappings, or JSON text; `None` is unscored.

    Raises:
        ValueError: if `schema` is none.
        ImportError: if jsonschema is not installed, with the command that installs it.

    >>> reward = SchemaReward({"type": "object", "required": ["city"]})
    >>> reward(['{"city": "Oslo"}', '```json\\n{"town": "Oslo"}\\n```', "Oslo"])
    [1.0, 0.0, 0.0]
    >>> reward.verdicts(['{"town": "Oslo"}'])[0].reason
    "the JSON does not satisfy the schema: $: 'city' is a required property"
    """

    default_name = "schema_reward"

    def __init__(
        self,
        schema: Mapping[str, Any] | bool | None = None,
        *,
        time_limit: float = 2.0,
        opening: Opening = "completion",
        name: str | None = None,
        column: str = "schema",
    ) -> None:
        super().__init__(name=name, column=column)
        if not time_limit > 0:
            raise ValueError(f"time_limit must be positive, got {time_limit}")
        self.schema = schema
        self.time_limit = time_limit
        self.opening = check_opening(opening)
        if schema is not None:
            self.needs_reference = False
            _validator(_schema_text(schema, "schema"))

    def judge(self, completions: Sequence[str], references: Sequence[Any]) -> list[Verdict]:
        return [
            self._judge_one(text, self.schema if self.schema is not None else reference, index)
            for index, (text, reference) in enumerate(
                zip(text_list(completions), references, strict=True)
            )
        ]

    def _judge_one(self, text: str, schema: Any, index: int) -> Verdict:
        if schema is None:
            return _bad_reference("there is none")
        try:
            schema_text = _schema_text(schema, f"references[{index}]")
            _validator(schema_text)
        except BadSchema as error:
            return _bad_reference(str(error))
        found = find_json(text, self.opening)
        if isinstance(found, Verdict):
            return found
        try:
            wrong = violation(read_json(found.text), schema_text, self.time_limit)
        except NotJSON as error:
            rule, reason = "not_json", f"{RULES['not_json']}: {error}"
        except TooSlow:
            rule, reason = "too_large", RULES["too_large"]
        except BadSchema as error:
            return _bad_reference(str(error))
        else:
            rule = "invalid" if wrong else "valid"
            reason = f"{RULES[rule]}: {wrong}" if wrong else RULES[rule]
        return graded(
            float(rule == "valid"), worst=0.0, best=1.0, rule=rule, reason=reason, **found.facts
        )


def _bad_reference(why: str) -> Verdict:
    reason = f"{RULES['bad_reference']}: {why}"
    return Verdict(Status.BAD_REFERENCE, None, rule="bad_reference", reason=reason)


def _schema_text(schema: Any, where: str) -> str:
    if isinstance(schema, str):
        return schema
    if isinstance(schema, (Mapping, bool)):
        try:
            return json.dumps(schema, sort_keys=True)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadSchema(f"it is not JSON: {error}") from None
    raise TypeError(f"{where} must be a mapping or JSON text, got {type(schema).__name__}")


def check_schema(schema: str) -> None:
    """Do nothing where `schema` is the JSON of a schema whose references all lead somewhere.

    Raises:
        BadSchema: if it is not.
    """
    _validator(schema)


def violation(value: Any, schema: str, time_limit: float) -> str | None:
    """Return how `value` violates `schema`, and `None` if it does not.

    Raises:
        BadSchema: if the schema cannot be read, or refers to what is not there.
        TooSlow: if this takes longer than `time_limit` seconds, or is too deep.
    """
    import regex
    from referencing.exceptions import Unresolvable

    validator = _validator(schema)
    _deadline.at = time.monotonic() + time_limit
    try:
        error = next(validator.iter_errors(value), None)
    except (Unresolvable, regex.error, re.error) as fault:
        raise BadSchema(f"{type(fault).__name__}: {fault}"[:300]) from None
    except (RecursionError, OverflowError):  # of a value: the schema has been checked
        raise TooSlow from None
    return None if error is None else f"{error.json_path}: {error.message}"[:300]


def _check_references(schema: Any, known: Any) -> None:
    """Look up every reference, so that no value decides whether the schema can be read."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import specification_with

    specification = specification_with(
        known.META_SCHEMA.get("$schema", known.META_SCHEMA.get("id"))
    )
    root = specification.create_resource(schema)
    waiting = [(root, Registry().resolver_with_root(root))]
    seen: set[int] = set()
    while waiting:
        resource, resolver = waiting.pop()
        contents = resource.contents
        if not isinstance(contents, dict) or id(contents) in seen:
            continue
        seen.add(id(contents))
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if isinstance(contents.get(keyword), str):
                try:
                    found = resolver.lookup(contents[keyword])
                except Unresolvable as fault:
                    reason = f"{keyword} {contents[keyword]!r} leads nowhere"
                    raise BadSchema(reason[:300]) from fault
                waiting.append((specification.create_resource(found.contents), found.resolver))
        waiting += [(part, resolver.in_subresource(part)) for part in resource.subresources()]


# ---- jsonschema, with a deadline -----------------------------------------------------------------

_deadline = threading.local()


def _seconds_left() -> float:
    left: float = _deadline.at - time.monotonic()
    if left <= 0:
        raise TooSlow
    return left


def _matches(pattern: str, text: str) -> bool:
    import regex  # the one engine with a time limit

    try:
        return regex.search(pattern, text, timeout=_seconds_left()) is not None
    except TimeoutError:
        raise TooSlow from None


@lru_cache(maxsize=256)
def _validator(text: str) -> Any:
    """Return what checks values against the schema that `text` is the JSON of."""
    try:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry
    except ImportError as error:
        raise ImportError(
            "JSON schemas need jsonschema, which is not installed: "
            "pip install 'rlvr-verifiers[schema]'"
        ) from error
    try:
        schema = read_json(text)
        if not isinstance(schema, (dict, bool)):
            raise BadSchema("it is neither an object nor a boolean")
        known = validator_for(schema)
        known.check_schema(schema)
        _check_references(schema, known)
    except NotJSON as error:
        raise BadSchema(f"it is not JSON: {error}") from None
    except SchemaError as error:
        raise BadSchema(f"{error.json_path}: {error.message}"[:300]) from None
    # An empty registry: no schema is ever fetched from anywhere.
    return _bounded(known)(schema, registry=Registry())


@lru_cache(maxsize=16)
def _bounded(known: Any) -> Any:
    """Return a validator class whose every loop that a model can lengthen looks at the clock."""
    from jsonschema import ValidationError
    from jsonschema.validators import extend

    def pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Iterator[Any]:
        if isinstance(value, str) and not _matches(wanted, value):
            yield ValidationError(f"{value[:100]!r} does not match {wanted!r}")

    def pattern_properties(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            for form, part in wanted.items():
                for key, item in value.items():
                    if _matches(form, key):
                        yield from validator.descend(item, part, path=key, schema_path=form)

    def additional_properties(
        validator: Any, wanted: Any, value: Any, schema: Any
    ) -> Iterator[Any]:
        if isinstance(value, dict):
            forms = schema.get("patternProperties", {})
            for key, item in value.items():
                if key in schema.get("properties", {}) or any(_matches(f, key) for f in forms):
                    continue
                if wanted is False:
                    yield ValidationError(f"{key[:100]!r} is one property too many")
                else:
                    yield from validator.descend(item, wanted, path=key)

    def unique_items(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        if wanted and isinstance(value, list) and len(set(map(identity, value))) != len(value):
            yield ValidationError("an item stands there twice")

    def multiple_of(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        # 0.3 is a multiple of 0.1: the decimals that are written count, not their binary forms.
        if validator.is_type(value, "number") and Fraction(repr(value)) % Fraction(repr(wanted)):
            yield ValidationError(f"{value!r} is not a multiple of {wanted!r}")

    def bounded(keyword: Any) -> Any:
        def check(validator: Any, wanted: Any, value: Any, schema: Any) -> Any:
            _seconds_left()
            return keyword(validator, wanted, value, schema)

        return check

    own = {
        "pattern": pattern,
        "patternProperties": pattern_properties,
        "additionalProperties": additional_properties,
        "uniqueItems": unique_items,
        "multipleOf": multiple_of,
    }
    keywords = {**known.VALIDATORS, **own}
    return extend(known, {name: bounded(keyword) for name, keyword in keywords.items()})


#: The reward for the schemas in the column `schema`.
schema_reward = SchemaReward()
