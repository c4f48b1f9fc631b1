"""The routes of the server beside those that answer a talk: models, titles, products, and how the server is.

app.include_router(catalogue_routes(adapters, workers), dependencies=access.dependencies())
app.include_router(write_routes(live, workers), dependencies=access.write_dependencies())
app.include_router(state_routes(ready, metrics))
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse

from index.catalogue.store import Product
from index.live import LiveIndex
from index.progress import Silent
from index.resolver import Resolution
from index.upsert import remove, row_of, upsert
from ui.api.metrics import Metrics
from ui.api.observed import current
from ui.api.openapi import CHANGE, FIGURES, READY
from ui.api.schema import Model, Models, ProductForm, Text
from ui.api.talk_routes import adapter_of
from ui.api.workers import AnswerWorkers


def catalogue_routes(adapters: Mapping[str, str | None], workers: AnswerWorkers) -> APIRouter:
    """Return what answers from the catalogue and the index, without the model; `adapters` are those of the models."""
    router = APIRouter()

    @router.get("/v1/models")
    async def models() -> Models:
        """List the models: as it answers by default, the base model, each adapter."""
        return Models(tuple(Model(name) for name in adapters))

    @router.get("/v1/models/{name:path}")
    async def model(name: str) -> Model:
        """Return one of the models."""
        adapter_of(adapters, name)
        return Model(name)

    @router.post("/resolve")
    async def resolve(question: Annotated[Text, Body(embed=True)], request: Request) -> Resolution:
        """Return which product a question means, with a calibrated probability and up to ten hits."""
        current().question = question
        return await workers.lookups.run_for(request, (await workers.now()).retriever.index.resolve, question)

    @router.get("/products/{uid:path}")
    async def product(uid: str) -> Product:
        """Return one product as stored."""
        return (await workers.now()).retriever.catalogue.find(uid)

    return router


def write_routes(live: LiveIndex, workers: AnswerWorkers) -> APIRouter:
    """Return what changes single products."""
    router = APIRouter()

    def put(uid: str, form: ProductForm) -> Product:
        row = row_of(Product(uid, form.title, form.content))
        return upsert(live, [row], progress=Silent).find(row["uid"])

    def delete(uid: str) -> None:
        remove(live, [uid], progress=Silent)

    @router.put("/products/{uid:path}", responses=CHANGE)
    async def put_product(uid: str, form: ProductForm) -> Product:
        """Add a product, or change the one of this uid; return it as stored."""
        return await workers.in_thread(put, uid, form)

    @router.delete("/products/{uid:path}", status_code=204, responses=CHANGE)
    async def delete_product(uid: str) -> None:
        """Remove a product."""
        await workers.in_thread(delete, uid)

    return router


def state_routes(ready: asyncio.Event, metrics: Metrics) -> APIRouter:
    """Return what a watcher of the server asks, without a key."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Return that the process lives."""
        return {"status": "alive"}

    @router.get("/readyz", response_model=dict[str, str], responses=READY)
    async def readyz() -> Response:
        """Return whether the model is loaded and warm."""
        return JSONResponse({"status": "ready" if ready.is_set() else "loading"}, 200 if ready.is_set() else 503)

    @router.get("/metrics", response_class=Response, responses=FIGURES)
    async def figures() -> Response:
        """Return counts and times in Prometheus' text form."""
        return Response(metrics.text(), media_type=metrics.media_type)

    return router
