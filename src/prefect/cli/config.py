"""`prefect config`: look at settings, and change those of the profile in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from prefect.cli._groups import command_group
from prefect.cli._output import (
    OutputOption,
    confirm,
    exit_with_error,
    print_json,
    print_lines,
    print_success,
)
from prefect.exceptions import ProfileSettingsValidationError
from prefect.settings import get_current_settings, load_current_profile, load_profiles, save_profiles
from prefect.settings import update_current_profile as update_profile_in_use
from prefect.settings.index import find
from prefect.settings.legacy import RETIRED
from prefect.settings.profiles import Profile, as_setting
from prefect.settings.spelling import to_text

app = command_group("Look at settings, and change those of the profile in use.")

NOT_IN_PROFILES = ("PREFECT_HOME", "PREFECT_PROFILES_PATH")
"""Settings that say where profiles are, so that no profile can hold them."""


@app.command("set")
def set_(
    settings: Annotated[
        list[str], typer.Argument(help="Settings to change, as NAME=VALUE.", show_default=False)
    ],
) -> None:
    """Change settings in the profile in use."""
    values = dict(_parsed(settings))
    try:
        profile = update_profile_in_use(values)
    except ProfileSettingsValidationError as error:
        exit_with_error("\n".join(str(reason) for _, reason in error.errors))
    for name, value in values.items():
        shown = "********" if as_setting(name).is_secret else value
        print_success(f"Set {name!r} to {shown!r}.")
        _warn_if_environment_wins(name)
    print_success(f"Updated profile {profile.name!r}.")


@app.command()
def unset(
    settings: Annotated[list[str], typer.Argument(help="Names of settings to remove.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove settings from the profile in use, so that their defaults apply again."""
    profile = load_current_profile()
    names = [_known_name(name, profile) for name in settings]
    for name in names:
        if as_setting(name) not in profile.settings:
            exit_with_error(f"{name!r} is not set in profile {profile.name!r}.")
    confirm(f"Remove {', '.join(names)} from profile {profile.name!r}?", yes)
    _write(profile, dict.fromkeys(names))
    for name in names:
        print_success(f"Unset {name!r}.")
        _warn_if_environment_wins(name)
    print_success(f"Updated profile {profile.name!r}.")


@app.command()
def validate() -> None:
    """Check the settings of the profile in use, and bring older names up to date."""
    profile = load_current_profile()
    renamed: dict[str, Any] = {}
    for setting, value in profile.settings.items():
        if setting.name in RETIRED:
            typer.echo(
                f"{setting.name!r} no longer has an effect; `prefect config unset {setting.name}` removes it."
            )
        elif setting.accessor is not None and setting.name != (current := find(setting.name).env_name):
            renamed[current] = value
            print_success(f"Updated {setting.name!r} to {current!r}.")
    if renamed:
        profile = _write(profile, renamed)
    try:
        profile.validate_settings()
    except ProfileSettingsValidationError as error:
        exit_with_error("\n".join(str(reason) for _, reason in error.errors))
    get_current_settings()
    print_success("Configuration valid!")


@app.command()
def view(
    ctx: typer.Context,
    show_defaults: Annotated[
        bool, typer.Option("--show-defaults/--hide-defaults", help="Show settings that nothing sets, too.")
    ] = False,
    show_sources: Annotated[
        bool, typer.Option("--show-sources/--hide-sources", help="Say where each value comes from.")
    ] = True,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets/--hide-secrets", help="Show secrets in plain text.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Show the settings in force."""
    if isinstance(ctx.obj, Exception):
        raise ctx.obj
    profile = load_current_profile()
    entries = sorted(_entries(show_defaults, show_secrets))
    if output:
        keys = ("name", "value", "source") if show_sources else ("name", "value")
        print_json(
            {"profile": profile.name, "settings": [dict(zip(keys, entry, strict=False)) for entry in entries]}
        )
        return
    lines = [f"{name}={value!r}" + f" (from {source})" * show_sources for name, value, source in entries]
    print_lines([f"PREFECT_PROFILE={profile.name!r}", *lines])


def _entries(show_defaults: bool, show_secrets: bool) -> Iterator[tuple[str, str, str]]:
    settings = get_current_settings()
    for row, value in settings.items():
        origin = settings.origin_of(row.path)
        if origin is not None or show_defaults:
            text = "None" if value is None else to_text(value, reveal=show_secrets)
            yield row.env_name, text, "defaults" if origin is None else origin.kind


def _parsed(assignments: list[str]) -> Iterator[tuple[str, str]]:
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            exit_with_error(f"Failed to parse argument {assignment!r}. Use the format 'VAR=VAL'.")
        name = _known_name(name)
        if name in NOT_IN_PROFILES:
            exit_with_error(
                f"Setting {name!r} cannot be changed with this command. Use an environment variable instead."
            )
        yield name, value


def _known_name(name: str, profile: Profile | None = None) -> str:
    if name in RETIRED or (profile is not None and as_setting(name) in profile.settings):
        return name
    try:
        return find(name).env_name
    except ValueError as error:
        exit_with_error(str(error).replace("Unknown setting:", "Unknown setting name"))


def _write(profile: Profile, changes: dict[str, Any]) -> Profile:
    profiles = load_profiles()
    changed = profiles.update_profile(profile.name, changes, source=get_current_settings().profiles_path)
    save_profiles(profiles)
    return changed


def _warn_if_environment_wins(name: str) -> None:
    setting = as_setting(name)
    origin = get_current_settings().origin_of(setting.accessor) if setting.accessor else None
    if origin is not None and origin.kind not in ("profile", "init"):
        typer.echo(f"{name!r} is also set by {origin}, which wins over the profile.", err=True)
