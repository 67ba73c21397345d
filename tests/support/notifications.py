"""What AWS tells functions of by itself: S3 the indexer of each object that changes, and the stream of the table of indexes the
function Forget of each head that is replaced or removed. `with Notifications(stack, gateway, edges)`."""

import contextlib
import itertools
import json
import queue
import threading
import urllib.parse

from actions import Request
from distributions import Edges
from gateway import Gateway
from stack import Stack

# Later than those of events/.
FIRST = 0x0168E7C2B4B1C2D3E5


class Notifications(contextlib.AbstractContextManager):
    """While it is entered, events are delivered, one after the other."""

    def __init__(self, stack: Stack, gateway: Gateway, edges: Edges):
        self.stack, self.gateway, self.edges = stack, gateway, edges
        self.dynamodb = stack.client("dynamodb")
        self.events: queue.Queue[dict | None] = queue.Queue()
        self.numbers = itertools.count(FIRST)
        self.thread = threading.Thread(target=self.deliver, daemon=True)

    def __enter__(self) -> "Notifications":
        self.stack.aws.stored = self.stored
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stack.aws.stored = None
        self.events.put(None)
        self.thread.join(30)

    def stored(self, request: Request) -> None:
        bucket, _, key = urllib.parse.unquote(request.path).lstrip("/").partition("/")
        # Parts of uploads are no objects.
        if bucket == self.stack.bucket and key and "partNumber" not in request.query and "uploadId" not in request.query:
            event = self.stack.event("s3-put" if request.method == "PUT" else "s3-delete")
            event["Records"][0]["s3"]["object"] |= {"key": urllib.parse.quote_plus(key), "sequencer": f"{next(self.numbers):018X}"}
            self.events.put(event)

    def deliver(self) -> None:
        while (event := self.events.get()) is not None:
            key = urllib.parse.unquote_plus(event["Records"][0]["s3"]["object"]["key"])
            before = self.head(key)
            answer = self.gateway.invoke("Indexer", event)
            assert answer.said is None, answer.said
            if before and before != self.head(key):
                forget = self.stack.event("forget-replaced")
                forget["Records"][0]["dynamodb"]["Keys"]["media"]["S"] = key
                forget["Records"][0]["dynamodb"]["SequenceNumber"] = str(next(self.numbers))
                answer = self.gateway.invoke("Forget", forget)
                assert answer.said == {"batchItemFailures": []}, answer.said
                self.edges.invalidate()

    def head(self, key: str) -> str | None:
        item = {"media": {"S": key}, "page": {"S": "HEAD"}}
        found = self.dynamodb.get_item(TableName=self.stack.template.ref("ContainerIndex"), Key=item).get("Item")
        return json.dumps(found, default=str, sort_keys=True) if found else None
