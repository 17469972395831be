"""What Ray runs on a node, by the names that Ray has for things there."""

from __future__ import annotations

import socket
from typing import Any

import ray
from ray.cloudpickle import loads

from paribus.places.ray_files import Files
from paribus.places.ray_mail import Letter
from paribus.places.ray_node import leave
from paribus.places.ray_work import Arrived, Done, Order, work


def perform(order: Order, files: Files, contents: list[Any], mailbox: Any) -> Done:
    """Perform a task; its letters go to the mailbox, one after the other.

    Args:
        files: what lies in the folder of results already, unless that is shared.
        contents: references to the files of the order's readings.
    """
    node = socket.gethostname(), ray.get_runtime_context().get_node_id()

    def send(letter: Letter) -> None:
        ray.get(mailbox.put.remote(letter))

    def fetch(number: int) -> Files:
        found: Files = ray.get(contents[number])
        return found

    return work(order, Arrived(files, fetch, loads), node, send)


def tidy(session: str) -> None:
    """Remove what a session has left on this node."""
    leave(session)
