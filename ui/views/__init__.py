"""The views of the page, one file each; `ui/app.py` leads from one to the other."""
