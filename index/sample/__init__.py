"""The sample catalogue, written for Titlewise, in the form of trn.json."""

from pathlib import Path

PATH = Path(__file__).with_name("trn.json")
