"""Projects of many acquisitions: converted, or processed with functions of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from omio.arguments import checked_call
from omio.backends.discovery import OUTPUT, stem
from omio.batch.planning.layouts import BidsLikeLayout, Layout, Level, LevelsLayout
from omio.batch.project import Project
from omio.batch.running.progress import silent
from omio.batch.running.runner import run_jobs
from omio.errors import OptionError, ProjectError
from omio.functional.hooks import Options, hooks_of
from omio.functional.reading import check_on_error, merge_policy
from omio.functional.voice import tell, voice
from omio.functional.write import ENDING, write_policy
from omio.naming import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omio.batch.planning.jobs import Job
    from omio.batch.planning.matching import Mode
    from omio.batch.reporting.report import RunReport
    from omio.functional.reading import OnError, PathLike

type Levels = Sequence[str | Sequence[str]] | None


@checked_call
def bids_batch_convert(
    fname: PathLike,
    sub: str,
    exp: str,
    exp_match_mode: Mode = "token",
    tagfolder: str | None = None,
    merge_multiple_files_in_folder: bool = False,
    merge_tagfolders: bool = False,
    merge_along_axis: str = "T",
    zeropadding: bool = True,
    relative_path: PathLike | None = OUTPUT,
    compression_level: int = 3,
    overwrite: bool = False,
    on_error: OnError = "raise",
    workers: int | None = 1,
    verbose: bool = True,
    **options: Any,
) -> RunReport:
    """Convert the images of a BIDS-like project to OME-TIFF; what is done already is skipped.

    Parameters
    ----------
    fname
        The project's root.
    sub
        What the names of subject folders start with.
    exp, exp_match_mode
        The word that folders of experiments meet, and how: as a ``token`` between underscores, which digits may
        follow, ``startswith``, ``exact`` or ``regex``.
    tagfolder
        The word that tag folders in an experiment meet; None where there are none.
    merge_multiple_files_in_folder, merge_tagfolders
        Make one image of all files of a folder, or of all tag folders of an experiment.
    merge_along_axis, zeropadding, compression_level
        As for `imconvert`.
    relative_path
        Folder for the outputs, below the root where it is relative; the tree of the inputs is mirrored in it.
    overwrite
        Also replace files that are not this project's.
    on_error
        When all others are done: raise an error that lists every image that failed, or ``"warn"``, or ``"skip"``.
    workers
        Processes; None takes as many as suit the machine, and then the calling script must be importable.
    verbose
        False: no warnings, no log and no bar.
    **options
        Those of `omio.open`.

    Raises
    ------
    ProjectError
        No image lies there, or images failed.
    """
    check_on_error(on_error)
    layout = BidsLikeLayout(sub=sub, exp=exp, tag=tagfolder, match=exp_match_mode)
    words = {"folder": merge_multiple_files_in_folder, "tags": merge_tagfolders}
    with voice(verbose=verbose):
        project = Project(
            spelled(fname),
            layout,
            output=spelled(relative_path, "relative_path") if relative_path else "",
            merge=[word for word, wanted in words.items() if wanted],  # type: ignore[misc]
            along=merge_along_axis,
            merge_policy=merge_policy(zeropadding=zeropadding),
            options=options,
        )
        policy = _policy(compression_level, overwrite=overwrite)
        report = project.run(policy=policy, workers=workers, progress=None if verbose else silent)
        _judge(report, on_error)
    return report


@checked_call
def discover_bids_like_batch_images(
    project_root: PathLike,
    *,
    subject_ids: str | Sequence[str] | None = None,
    subject_prefix: str | Sequence[str] = "ID",
    tag_folder_levels: Levels = None,
    image_patterns: str | Sequence[str] | None = None,
    exclude_name_contains: str | Sequence[str] = ("Preview",),
    folder_stacks: bool | str | Sequence[str] | None = None,
    merge_along_axis: str = "T",
    zeropadding: bool = True,
    output_folder_name: str = OUTPUT,
    output_suffix: str = "",
) -> tuple[Job, ...]:
    """Return what `bids_batch_process` would do: a record an output, with inputs and destination; nothing is written.

    Parameters are those of `bids_batch_process`.
    """
    tags = _tags(tag_folder_levels, folder_stacks)
    project = Project(
        spelled(project_root, "project_root"),
        _layout(subject_ids, subject_prefix, tags, image_patterns, exclude_name_contains),
        output=spelled(output_folder_name, "output_folder_name"),
        merge="stacks" if folder_stacks else None,
        along=merge_along_axis,
        merge_policy=merge_policy(zeropadding=zeropadding),
    )
    return tuple(replace(job, destination=_suffixed(job.destination, output_suffix)) for job in project.jobs())


@checked_call
def bids_batch_process(
    project_root: PathLike,
    *,
    subject_ids: str | Sequence[str] | None = None,
    subject_prefix: str | Sequence[str] = "ID",
    tag_folder_levels: Levels = None,
    image_patterns: str | Sequence[str] | None = None,
    exclude_name_contains: str | Sequence[str] = ("Preview",),
    folder_stacks: bool | str | Sequence[str] | None = None,
    merge_along_axis: str = "T",
    zeropadding: bool = True,
    output_folder_name: str = OUTPUT,
    output_suffix: str = "",
    skip_processed: bool = True,
    load_func: Callable[..., Any] | None = None,
    process_func: Callable[..., Any] | None = None,
    save_func: Callable[..., Any] | None = None,
    load_options: Options = None,
    processing_options: Options = None,
    save_options: Options = None,
    write_error_reports: bool = True,
    write_run_report: bool = True,
    run_report_format: Literal["html", "text"] = "html",
    continue_on_error: bool = True,
    workers: int | None = 1,
    verbose: bool = True,
) -> RunReport:
    """Load, process and save the images of a project; what is done already is skipped.

    Parameters
    ----------
    project_root
        Folder of the project.
    subject_ids, subject_prefix
        Names of the subject folders to take; else what they start with.
    tag_folder_levels
        For each level of folders below a subject the word, or words, that its folders meet as tokens; None takes
        images at any depth.
    image_patterns, exclude_name_contains
        Globs of the names of images (by default of every known format), and texts that no name contains.
    folder_stacks
        Merge the images of sibling folders such as ``FOV_1``, ``FOV_2``: of all folders (True), or of those that meet a
        word, or one of several, below the tag folders.
    merge_along_axis, zeropadding
        As for `imread`.
    output_folder_name, output_suffix
        Folder for the outputs in that of the project, and what is put behind their names.
    skip_processed
        False does again what is done.
    load_func
        ``load_func(path, **load_options)`` gives ``(image, metadata)``, as `imread` does; of merged images it gets
        the list of paths. Without one, images are opened lazily.
    process_func
        ``process_func(image, metadata, **processing_options)`` gives ``(image, metadata)``, or the image alone.
    save_func
        ``save_func(path, image, metadata, **save_options)`` writes the file `path`, as `imwrite` does; it is then
        moved to its place. Without one, OME-TIFF is written, with `save_options` as fields of `WritePolicy`.
    write_error_reports, write_run_report, run_report_format
        Whether to keep the list of what failed, and a summary as ``html`` or ``text``. The report by which a run is
        resumed is always written.
    continue_on_error
        False begins no further image after one has failed.
    workers
        Processes; None takes as many as suit the machine, and then functions and script must be importable.
    verbose
        False: no warnings, no log and no bar.

    Returns
    -------
    A report with ``processed``, ``skipped``, ``failed``, ``discovered``, ``report_path`` and ``error_report_path``.
    """
    if run_report_format not in ("html", "text"):
        raise OptionError(f"run_report_format={run_report_format!r}", remedy='Use "html" or "text".')
    hooks = hooks_of(load_func, process_func, save_func, load_options, processing_options, save_options)
    with voice(verbose=verbose):
        jobs = discover_bids_like_batch_images(
            project_root,
            subject_ids=subject_ids,
            subject_prefix=subject_prefix,
            tag_folder_levels=tag_folder_levels,
            image_patterns=image_patterns,
            exclude_name_contains=exclude_name_contains,
            folder_stacks=folder_stacks,
            merge_along_axis=merge_along_axis,
            zeropadding=zeropadding,
            output_folder_name=output_folder_name,
            output_suffix=output_suffix,
        )
        if load_func is None and load_options:
            jobs = tuple(replace(job, options=dict(load_options)) for job in jobs)
        report = run_jobs(
            jobs,
            root=project_root,
            output=Path(project_root, output_folder_name),
            policy=None if save_func else dict(save_options or {}),
            resume=skip_processed,
            continue_on_error=continue_on_error,
            workers=workers,
            progress=None if verbose else silent,
            **hooks,
        )
        _judge(report, "warn")
    return _kept(report, errors=write_error_reports, summary=run_report_format if write_run_report else None)


def _several(given: Any, what: str) -> tuple[str, ...]:
    """Return words; one may stand alone, and is not taken for its letters."""
    words = (given,) if isinstance(given, str) else given
    if not isinstance(words, Iterable) or not all(isinstance(word, str) for word in words):
        raise OptionError(f"{what}={given!r:.80}", remedy="Give a text, or a list of texts.")
    return tuple(words)


def _tags(levels: Levels, stacks: bool | str | Sequence[str] | None) -> list[tuple[str, ...]] | None:
    """Return the words of each level of tag folders; stacks are the last level."""
    what = "tag_folder_levels"
    if not isinstance(levels, Iterable | None):
        raise OptionError(f"{what}={levels!r:.80}", remedy="Give a word, or a list of words, for each level.")
    each = (levels,) if isinstance(levels, str) else levels
    words = None if each is None else [_several(level, what) for level in each]
    last = () if stacks is None or isinstance(stacks, bool) else _several(stacks, "folder_stacks")
    return [*(words or []), last] if last or (stacks is True and not words) else words


def _layout(
    subjects: str | Sequence[str] | None,
    prefix: str | Sequence[str],
    tags: Sequence[tuple[str, ...]] | None,
    patterns: str | Sequence[str] | None,
    exclude: str | Sequence[str],
) -> Layout:
    found = {
        "patterns": _several(() if patterns is None else patterns, "image_patterns"),
        "exclude": _several(exclude, "exclude_name_contains"),
    }
    subject = Level(name="subject", words=_several(prefix, "subject_prefix"), match="startswith")
    if named := _several(() if subjects is None else subjects, "subject_ids"):
        subject = Level(name="subject", words=named, match="exact")
    levels = [subject, *(Level(name=f"tag{k}", words=tag) for k, tag in enumerate(tags or (), start=1))]
    return LevelsLayout(levels=tuple(levels), deeper=tags is None, **found)


def _suffixed(destination: str, suffix: str) -> str:
    if not isinstance(suffix, str) or not {"/", "\\", "\0"}.isdisjoint(suffix):
        raise OptionError(f"output_suffix={suffix!r:.80} is no part of a name")
    path = PurePosixPath(destination)
    name = stem(path.name)
    return path.with_name(f"{name}{suffix}{path.name[len(name) :] or ENDING}").as_posix()


def _policy(compression_level: int, *, overwrite: bool) -> dict[str, Any]:
    policy = write_policy(compression_level, overwrite=True).describe()
    return {**policy, "overwrite": "replace" if overwrite else "error"}


def _judge(report: RunReport, on_error: OnError) -> None:
    """Tell of what failed: nothing that went wrong stays in a report alone."""
    if not report.failed or on_error == "skip":
        return
    failures = [(result.destination, result.failure) for result in report.failed]
    told = "\n  ".join(f"{name}: {failure.message if failure else 'failed'}" for name, failure in failures)
    cause = f"{len(failures)} of {report.discovered} outputs failed:\n  {told}"
    if on_error == "raise":
        raise ProjectError(cause, path=report.report_path, remedy="The others are done; run again to try these.")
    tell(f"{cause}\nSee {report.report_path.name}.")


def _kept(report: RunReport, *, errors: bool, summary: str | None) -> RunReport:
    """Keep of the summaries what was asked for."""
    from omio.batch.reporting.report import HTML
    from omio.store.atomic import destination

    folder = report.report_path.parent
    if summary != "html":
        (folder / HTML).unlink(missing_ok=True)
    if summary == "text":
        with destination((folder / HTML).with_suffix(".txt"), overwrite="replace") as pending:
            pending.file.write(report.text().encode("utf-8", "backslashreplace"))
    if errors or report.error_report_path is None:
        return report
    report.error_report_path.unlink(missing_ok=True)
    return replace(report, error_report_path=None)


convert_bids_batch_to_ometiff = bids_batch_convert
"""The same by another name."""
