"""The widget: a script that a shop's page loads by one tag, and asks this server with.

app.include_router(widget_routes())        # <script src="https://here.example/widget.js" data-key="KEY" defer></script>
"""

from pathlib import Path

from fastapi import APIRouter, Response

from ui.api.openapi import SCRIPT

HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Cross-Origin-Resource-Policy": "cross-origin",  # for pages that take only what lets itself be taken
    "X-Content-Type-Options": "nosniff",
}


def widget_routes() -> APIRouter:
    """Return what gives the script to any page; which of them may ask, its key says."""
    router = APIRouter()
    script = Path(__file__).with_suffix(".js").read_bytes()

    @router.get("/widget.js", response_class=Response, responses=SCRIPT)
    async def widget() -> Response:
        """Return the script."""
        return Response(script, media_type="text/javascript", headers=HEADERS)

    return router
