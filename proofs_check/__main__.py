"""The entry point of `maskproof`, and of `python -m proofs_check`: ready for Ctrl-C before anything is imported."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from proofs_check.cli import main as run

        run()
    except KeyboardInterrupt:  # while the command line itself was still being imported
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
