"""Training examples, from a catalogue and from question files."""
