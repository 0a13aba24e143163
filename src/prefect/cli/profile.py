"""`prefect profile`: keep several sets of settings, and switch between them."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from prefect.cli._groups import command_group
from prefect.cli._output import (
    OutputOption,
    confirm,
    exit_with_error,
    exit_with_success,
    is_interactive,
    print_json,
    print_lines,
    print_success,
    print_table,
)
from prefect.settings import get_current_settings, load_profiles, save_profiles, use_profile
from prefect.settings.constants import DEFAULT_PROFILES_PATH
from prefect.settings.context import current_frame
from prefect.settings.profiles import Profile, ProfilesCollection
from prefect.settings.spelling import MASK, to_text

app = command_group("Keep several sets of settings, and switch between them.")

NameArgument = Annotated[str, typer.Argument(help="Name of a profile.", show_default=False)]


@app.command()
def ls(output: OutputOption = None) -> None:
    """List the profiles."""
    profiles = load_profiles()
    active = current_frame().profile_name
    if output:
        print_json([{"name": name, "active": name == active} for name in profiles])
        return
    rows = [("*" if name == active else "", name, _kind(profile)) for name, profile in profiles.items()]
    print_table(["", "Profile", "Settings"], rows)
    print_lines(["* active profile"])


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the new profile.", show_default=False)],
    from_name: Annotated[
        str | None, typer.Option("--from", help="Copy the settings of this profile.")
    ] = None,
) -> None:
    """Make a new profile."""
    profiles = load_profiles()
    if name in profiles.names:
        exit_with_error(
            f"Profile {name!r} already exists. To create a new profile, remove the existing one first:\n\n"
            f"    prefect profile delete {name!r}"
        )
    settings = dict(_existing(profiles, from_name).settings) if from_name else {}
    profiles.add_profile(Profile(name=name, settings=settings, source=get_current_settings().profiles_path))
    save_profiles(profiles)
    exit_with_success(
        f"Created profile {name!r}" + (f" from {from_name!r}" if from_name else "") + ".\n\n"
        f"Use it from now on:\n    prefect profile use {name!r}\n\n"
        f"Use it for a single command:\n    prefect -p {name!r} config view"
    )


@app.command()
def use(name: NameArgument) -> None:
    """Make a profile the active one, and check that its API answers."""
    profiles = load_profiles()
    _existing(profiles, name)
    profiles.set_active(name)
    save_profiles(profiles)
    from prefect.cli._connection import check_connection

    with use_profile(name, include_current_context=False):
        connection = check_connection(get_current_settings())
    message = f"{connection.message} using profile {name!r}."
    exit_with_success(message) if connection.ok else exit_with_error(message)


@app.command()
def delete(name: NameArgument) -> None:
    """Delete a profile."""
    profiles = load_profiles()
    profile = _existing(profiles, name)
    if name in (profiles.active_name, current_frame().profile_name):
        exit_with_error(f"Profile {name!r} is the active profile. Switch to another one before deleting it.")
    if profile.source == DEFAULT_PROFILES_PATH:
        exit_with_error(f"Profile {name!r} comes with every installation and cannot be deleted.")
    confirm(f"Delete profile {name!r} with its settings?")
    profiles.remove_profile(name)
    save_profiles(profiles)
    exit_with_success(f"Removed profile {name!r}.")


@app.command()
def rename(
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(help="Its new name.", show_default=False)],
) -> None:
    """Give a profile another name."""
    profiles = load_profiles()
    profile = _existing(profiles, name)
    if new_name in profiles.names:
        exit_with_error(f"Profile {new_name!r} already exists.")
    if profile.source == DEFAULT_PROFILES_PATH:
        exit_with_error(
            f"Profile {name!r} comes with every installation and cannot be renamed. Copy it: "
            f"prefect profile create {new_name!r} --from {name!r}"
        )
    path = get_current_settings().profiles_path
    profiles.add_profile(Profile(name=new_name, settings=profile.settings, source=path))
    profiles.remove_profile(name)
    if profiles.active_name == name:
        profiles.set_active(new_name)
    save_profiles(profiles)
    exit_with_success(f"Renamed profile {name!r} to {new_name!r}.")


@app.command()
def inspect(
    name: Annotated[
        str | None, typer.Argument(help="Name of a profile. Default: the active one.", show_default=False)
    ] = None,
    output: OutputOption = None,
) -> None:
    """Show the settings of a profile, secrets masked."""
    profiles = load_profiles()
    if name is None:
        name = current_frame().profile_name
        if not output:
            print_lines([f"No name provided, defaulting to {name!r}"])
    profile = _existing(profiles, name)
    shown = {
        setting.name: MASK if setting.is_secret else to_text(value)
        for setting, value in profile.settings.items()
    }
    if output:
        print_json(shown)
    else:
        print_lines([f"{key}={value!r}" for key, value in shown.items()] or [f"Profile {name!r} is empty."])


@app.command("populate-defaults")
def populate_defaults() -> None:
    """Write the profiles that come with every installation into your file of profiles, where missing."""
    path = get_current_settings().profiles_path
    profiles = load_profiles()
    missing = [profile for _, profile in profiles.items() if profile.source == DEFAULT_PROFILES_PATH]
    if not missing:
        exit_with_success("No changes needed: all default profiles are there.")
    print_lines(["Proposed changes:", *(f"  - add {profile.name!r}" for profile in missing)])
    confirm(f"Update {path}?")
    if path.exists() and is_interactive() and typer.confirm(f"Back up the present file to {path}.bak?"):
        shutil.copy(path, f"{path}.bak")
    for profile in missing:
        profiles.update_profile(profile.name, {}, source=path)
    save_profiles(profiles)
    print_success(f"Profiles updated in {path}.")


def _existing(profiles: ProfilesCollection, name: str) -> Profile:
    if name not in profiles.names:
        exit_with_error(f"Profile {name!r} not found. Known profiles: {', '.join(sorted(profiles.names))}.")
    return profiles[name]


def _kind(profile: Profile) -> str:
    origin = ", shipped" if profile.source == DEFAULT_PROFILES_PATH else ""
    return f"{len(profile.settings)} set{origin}"
