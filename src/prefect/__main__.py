"""`python -m prefect`: the command line, for interpreters whose scripts are not on the path."""

from prefect.cli import main

if __name__ == "__main__":
    main()
