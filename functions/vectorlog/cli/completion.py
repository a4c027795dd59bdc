"""`vectorlog completion`: prints what makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_PROGRAM = "vectorlog"


@click.command(
    epilog="""\b
bash: vectorlog completion bash > ~/.local/share/bash-completion/completions/vectorlog
zsh:  vectorlog completion zsh > ~/.zfunc/_vectorlog, with fpath+=~/.zfunc before compinit in ~/.zshrc
fish: vectorlog completion fish > ~/.config/fish/completions/vectorlog.fish"""
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print a script that makes SHELL complete commands, options and their values."""
    root = context.find_root().command
    made = _SHELLS[shell](root, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE")
    click.echo(made.source_template % made.source_vars())
