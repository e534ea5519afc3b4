"""The command line: one lazily loaded module per command, one place that turns errors into exit codes.

Exit codes: 0 done, 1 the thing checked does not hold, 2 wrong use or bad input, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Final

import click

from schemas.errors import AshiatoError, EvidenceError
from services.cli_support import Failed
from services.lazy_group import LazyGroup
from services.runtime import collect_later, prepare

READER_GONE: Final = 128 + 13
"""What a shell says of a program that SIGPIPE has ended."""

COMMANDS: Final = {
    "demo": "Play a day of the small example carrier and tell what was found.",
    "ingest": "Read logs, judge every event, keep the evidence.",
    "serve": "Take events in over HTTP and make them evidence, in one process.",
    "run": "Run one process of the distributed shape.",
    "flags": "List and show what was flagged.",
    "explain": "Tell why a flag was raised, from which facts, under which clause.",
    "preflight": "Tell what would be said of an event, without recording it.",
    "rules": "List, check, test and lock the rules.",
    "register": "Check, load, show and compare the register; list its gaps.",
    "interpretation": "Show the settings that stand for open legal questions.",
    "query": "Run a read-only SQL query over the evidence; the query is recorded.",
    "deadletters": "List what could not be read, and play it again after a fix.",
    "topics": "Make the topics, see how they are set up, say what is lost.",
    "migrate": "Bring the store's tables up to this version.",
    "doctor": "Check the installation and the store.",
}
"""Every command and its one-line help; the module of each is named like it."""


@click.command(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Start with: ashiato demo",
)
@click.version_option(package_name="ashiato", prog_name="ashiato")
def ashiato() -> None:
    """Audit trail of access to and transfer of specified user information (特定利用者情報)."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    prepare()
    collect_later()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; return its exit code. Errors are told on stderr, never as a traceback."""
    try:
        outcome = ashiato.main(arguments, prog_name="ashiato", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except (Failed, EvidenceError) as error:
        click.echo(f"failed: {error}", err=True)
        return 1
    except AshiatoError as error:
        click.echo(f"error: {error}", err=True)
        return 2
    except SystemExit:
        # The reader of our output has gone (`ashiato flags list | head`). click says so by leaving, before the command
        # could tell its verdict: never 0, for a gate must not open because nobody listened.
        outcome = READER_GONE
    except OSError as error:
        # Above all a full disk behind the standard output: what was asked for was not said.
        click.echo(f"error: {(error.strerror or type(error).__name__).lower()}", err=True)
        return 2
    return outcome if isinstance(outcome, int) else 0


if __name__ == "__main__":
    main()
