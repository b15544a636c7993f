"""`Policy`: a named way of doing something, recorded in provenance.

A *family* is a direct subclass of `Policy` (merge, pad, write, …); its subclasses are filed by the ``kind`` that they
name themselves, so that ``MergePolicy.resolve("strict")`` finds them, those that users define included. A family
without a kind of its own says by ``default_kind`` which member is meant where none is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from omio.errors import PolicyError
from omio.metadata.problems import UNKNOWN, problems
from omio.naming import listed

type Choice[P] = P | str | Mapping[str, Any]
"""How a policy is chosen: an instance, its kind, or its fields."""


class Policy(BaseModel):
    """Base of all policies: frozen, validated, JSON both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, ser_json_inf_nan="strings")

    kind: ClassVar[str] = ""
    default_kind: ClassVar[str] = ""
    homes: ClassVar[Mapping[str, str]] = {}
    """Kind -> module, of members that are imported when they are first named."""
    _members: ClassVar[dict[str, type[Policy]]] = {}

    def __init__(self, **fields: Any) -> None:
        """Check the fields; a wrong one is a `PolicyError` that names it."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise PolicyError(f"{type(self).__name__}: {problems(error)}", remedy=self._meant(error)) from None

    @classmethod
    def _meant(cls, error: ValidationError) -> str | None:
        """List the fields where one was named that there is not."""
        unknown = [item["loc"][0] for item in error.errors() if item["type"] == UNKNOWN and len(item["loc"]) == 1]
        return listed(cls.model_fields, unknown[0], verb="Its fields are") if unknown else None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """File the subclass under its kind."""
        super().__pydantic_init_subclass__(**kwargs)
        if Policy in cls.__bases__:
            cls._members = {}
        if cls.__dict__.get("kind"):  # a subclass that names no kind must not take its parent's place
            cls._members[cls.kind] = cls

    @classmethod
    def resolve(cls, choice: Choice[Self] | None, **fields: Any) -> Self:
        """Return the policy that `choice` means: an instance, a kind, a mapping with ``kind``, or None for the default.

        Raises
        ------
        PolicyError
            For an unknown kind or field, naming those that exist.
        """
        if isinstance(choice, cls):
            return type(choice)(**{**_fields(choice), **fields}) if fields else choice
        values = dict(choice) if isinstance(choice, Mapping) else {"kind": choice}
        kind = values.pop("kind", None)
        if isinstance(kind, str | None):
            kind = kind or (None if cls.kind else cls.default_kind or None)
        member = cls if kind is None else cls._member(kind)
        if odd := [name for name in values if not isinstance(name, str)]:
            remedy = listed(member.model_fields, verb="Its fields are")
            raise PolicyError(f"{member.__name__}: {odd[0]!r:.80} is no field", remedy=remedy)
        return member(**{**values, **fields})  # type: ignore[return-value]

    @classmethod
    def _member(cls, kind: object) -> type[Policy]:
        if isinstance(kind, str) and (home := cls.homes.get(kind)) is not None:
            import_module(home)
        if not isinstance(kind, str) or kind not in cls._members:
            known = sorted({*cls._members, *cls.homes})
            raise PolicyError(f"no policy {kind!r:.80} here", remedy=listed(known, kind))
        return cls._members[kind]

    def describe(self) -> dict[str, Any]:
        """Return JSON that `resolve` turns back into this policy."""
        nested = {name: value.describe() for name, value in _fields(self).items() if isinstance(value, Policy)}
        return {"kind": self.kind or self.default_kind, **self.model_dump(mode="json"), **nested}


def _fields(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in type(policy).model_fields}
