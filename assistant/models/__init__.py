"""Models and adapters: named, fetched, opened where they fit; and what this machine can run."""
