"""``python -m hodu``, also under ``accelerate launch -m hodu``."""

from hodu.cli import main

if __name__ == "__main__":
    main()
