"""`Policy`: a named way of doing something, recorded in provenance.

A *family* is a direct subclass of `Policy` (merge, pad, write, …); its subclasses are filed by their ``kind``, so
that ``MergePolicy.resolve("strict")`` finds them, those that users define included.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from omio.errors import PolicyError


class Policy(BaseModel):
    """Base of all policies: frozen, validated, JSON both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    kind: ClassVar[str] = ""
    _members: ClassVar[dict[str, type[Policy]]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """File the subclass under its kind."""
        super().__pydantic_init_subclass__(**kwargs)
        if Policy in cls.__bases__:
            cls._members = {}
        if cls.kind:
            cls._members[cls.kind] = cls

    @classmethod
    def resolve(cls, choice: Self | str | dict[str, Any] | None, **fields: Any) -> Self:
        """Return the policy that `choice` means: an instance, a kind, a mapping with ``kind``, or None for the default.

        Raises
        ------
        PolicyError
            For an unknown kind or field, naming those that exist.
        """
        if isinstance(choice, cls):
            return choice.model_validate({**_fields(choice), **fields}) if fields else choice
        values = dict(choice) if isinstance(choice, dict) else {} if choice is None else {"kind": choice}
        kind = values.pop("kind", None)
        member = cls if kind is None else cls._members.get(str(kind))
        if member is None:
            raise PolicyError(f"no policy {kind!r} here", remedy=f"There are {', '.join(sorted(cls._members))}.")
        try:
            return member(**{**values, **fields})  # type: ignore[return-value]
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
            raise PolicyError(f"{member.__name__}: {problems}") from None

    def describe(self) -> dict[str, Any]:
        """Return JSON that `resolve` turns back into this policy."""
        return {"kind": self.kind, **self.model_dump(mode="json")}


def _fields(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in type(policy).model_fields}
