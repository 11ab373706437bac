"""Groups that import a command when it is asked for, so that every other one starts at once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """A group whose commands are names of objects; a subclass or instance says which."""

    where: Mapping[str, str] = {}
    """Name of a command to `module:object`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.where)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.where:
            return None
        module, _, name = self.where[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command
