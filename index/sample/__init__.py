"""The sample catalogue, written for Titlewise, in the form of trn.json."""
