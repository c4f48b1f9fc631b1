"""The views of the page, one file each; `ui/web/app.py` leads from one to the other."""
