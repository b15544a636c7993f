"""How the dims of a file get their names: the file's own, a user's, or those of an axes policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.dims import DIMS, PLANE_DIMS, SAMPLES, FileDims, Outer, assume, axes_text
from omio.errors import AxesError, PolicyError

if TYPE_CHECKING:
    from omio.backends.base import Backend
    from omio.policies.axes import AxesPolicy
    from omio.policies.base import Choice

type AxesChoice = Choice[AxesPolicy] | None
"""Names such as ``"TYX"``, the kind of a policy, its fields, or itself."""


def resolve_axes(choice: AxesChoice) -> str | AxesPolicy | None:
    """Return what ``axes=`` means: names, a policy, or None for the default.

    Text names axes where it is made of the letters TZCYXS, or of capitals alone; other text is the kind of a policy.

    Raises
    ------
    PolicyError
        For a kind or field that no policy has.
    """
    if choice is None or (isinstance(choice, str) and (choice.isupper() or _are_dims(choice))):
        return choice
    from omio.policies.axes import AxesPolicy

    return AxesPolicy.resolve(choice)


def _are_dims(text: str) -> bool:
    return set(text.upper()) <= {*DIMS, SAMPLES}


def name_axes(dims: FileDims, choice: AxesChoice) -> Outer:
    """Return the dims with names; for backends whose files may not name them.

    A user's names hold in any case; another policy names what the file does not, and changes nothing else.

    Parameters
    ----------
    dims
        What the file says.
    choice
        ``OpenOptions.axes``.

    Raises
    ------
    AxesError
        Where a dim stays without a name, or the user's names do not fit.
    PolicyError
        Where a policy names dims that cannot be.
    """
    chosen = resolve_axes(choice)
    if isinstance(chosen, str):
        return assume(dims, chosen)
    if chosen is None and dims.is_named:
        return dims.long
    from omio.policies.axes import Assume, AxesPolicy

    policy = AxesPolicy.resolve(chosen)
    if dims.is_named and not isinstance(policy, Assume):
        return dims.long
    return _checked(policy.plan(dims), dims, policy)


def _checked(plan: Any, dims: FileDims, policy: AxesPolicy) -> Outer:
    """Believe no policy: users write them."""
    try:
        outer = tuple((name, int(size)) for name, size in plan)
    except (TypeError, ValueError):
        outer = ()
    names, planes = [name for name, _ in outer], FileDims(outer).count
    fits = planes == dims.count and all(size > 0 for _, size in outer)
    if fits and all(name in PLANE_DIMS for name in names) and len(set(names)) == len(names):
        return outer
    raise PolicyError(
        f"the axes policy {policy.kind!r} makes {plan!r} of {dims}",
        path=dims.path,
        remedy="Its plan must give each of T, Z, C at most once, with lengths that multiply to the number of pages.",
    )


def user_names(choice: AxesChoice) -> str | None:
    """Return the user's own names for the axes, where that is the choice."""
    chosen = resolve_axes(choice)
    if chosen is None or isinstance(chosen, str):
        return chosen
    from omio.policies.axes import Assume

    return chosen.axes if isinstance(chosen, Assume) else None


def axes_step(reader: Backend, scene: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return what provenance tells of the choice of axes: the choice, what the file calls them, and their names.

    Raises
    ------
    AxesError
        Where the user names axes otherwise than a format that always names its own.
    """
    chosen = resolve_axes(reader.options.axes)
    if chosen is None:
        return {}
    dims = reader.file_dims(scene)
    told = {"axes": chosen if isinstance(chosen, str) else chosen.describe()}
    if dims is not None:
        named = axes_text(name_axes(dims, chosen), samples=dims.samples)
        return {**told, "file_axes": dims.axes, "named": named}
    own = "".join(name for name, size in zip((*DIMS, SAMPLES), shape, strict=False) if size > 1 or name in "YX")
    names = user_names(chosen)
    if names is not None and not set(own) - {SAMPLES} <= set(names.upper()):
        raise AxesError(f"the file names its axes: {own}", path=reader.path, place=scene, remedy="Leave axes= out.")
    return told
