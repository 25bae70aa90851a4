"""``python -m unfade``, and the command ``unfade``."""

import signal


def main() -> None:
    """Runs the command line. While it is imported, Ctrl-C ends the process without a word."""
    has_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if has_default:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from unfade.commands.app import main as run

    if has_default:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
