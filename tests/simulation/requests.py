"""The requests of a history: each is sent, and its answer is compared with the model and tells the model more."""

from __future__ import annotations

from tests.simulation.batch_requests import BatchRequests
from tests.simulation.place_requests import PlaceRequests
from tests.simulation.sender import Skipped
from tests.simulation.store_requests import StoreRequests
from tests.simulation.upload_requests import UploadRequests

__all__ = ["Requests", "Skipped"]


class Requests(UploadRequests, StoreRequests, PlaceRequests, BatchRequests):
    """Sends the requests of a history's steps."""
