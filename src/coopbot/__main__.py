"""`python -m coopbot` is the `coopbot` command."""

from coopbot.cli import main

if __name__ == "__main__":
    main()
