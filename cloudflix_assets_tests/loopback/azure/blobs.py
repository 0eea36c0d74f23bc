"""The Blob protocol of an account with a hierarchy: Azurite's answers, changed where a hierarchy differs.

Writing a blob makes its directories. No blob replaces a directory. A directory that is not empty cannot be
deleted. A list marks each entry as a file or a directory.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

from cloudflix_assets_tests.loopback.azure.calls import Call, classify
from cloudflix_assets_tests.loopback.azure.dfs import described
from cloudflix_assets_tests.loopback.azure.faults import refusal
from cloudflix_assets_tests.loopback.azure.tree import PathError, Place, Tree
from cloudflix_assets_tests.loopback.web import Reply, Request, Upstream

WRITES = {"put", "put-if-absent", "put block list", "copy"}
DELETED_IN_A_BATCH = re.compile(rb"^DELETE (?:https?://[^/]+)?/(?P<place>\S+) HTTP/1\.1", re.MULTILINE)


class Blobs:
    """The Blob service: it answers every call that DFS does not know."""

    def __init__(self, tree: Tree, upstream: Upstream, wrong: list[str]) -> None:
        self.tree, self.upstream, self.wrong = tree, upstream, wrong

    def answer(self, request: Request) -> Reply:
        """Answer one call."""
        call = classify(request, self.wrong)
        if request.method in {"GET", "HEAD"}:
            return self._shown(call, request, self.upstream.send(request))
        with self.tree.lock:
            if code := self._forbidden(call, request):
                return refusal(409, code)
            reply = self.upstream.send(request)
            if call.kind in WRITES and reply.status in {201, 202}:
                self.tree.make_parents(Place(call.container, call.path))
            return reply

    def _forbidden(self, call: Call, request: Request) -> str | None:
        """Return the error code if existing files or directories forbid a call; else None."""
        if call.kind == "batch" and any(map(self._is_full, _deleted(request))):
            self.wrong.append("a batch deletes a directory that is not empty")
        place = Place(call.container, call.path)
        if call.kind == "delete" and self._is_full(place):
            return "DirectoryIsNotEmpty"
        return self._obstacle(place) if call.kind in WRITES else None

    def _is_full(self, place: Place) -> bool:
        entry = self._there(place)
        return bool(entry and self.tree.inside(place))

    def _obstacle(self, place: Place) -> str | None:
        if self._there(place):
            return "ResourceTypeMismatch"
        for ancestor in place.ancestors:
            if self._there(ancestor, directory=False):
                return "PathConflict"
        return None

    def _there(self, place: Place, *, directory: bool = True) -> bool:
        """Return whether a directory (or file) is at a place; Azurite itself refuses a missing container."""
        try:
            entry = self.tree.find(place)
        except PathError:
            return False
        return bool(entry and entry.directory is directory)

    def _shown(self, call: Call, request: Request, reply: Reply) -> Reply:
        if call.kind == "account":
            rest = [pair for pair in reply.headers if pair[0].lower() != "x-ms-is-hns-enabled"]
            return replace(reply, headers=[*rest, ("x-ms-is-hns-enabled", "true")])
        if reply.status == 200 and call.kind == "list":
            return self._with_directories(call, request, reply)
        if reply.status in {200, 206} and call.kind in {"head", "get"} and "snapshot" not in request.query:
            entry = self.tree.find(Place(call.container, call.path))
            return replace(reply, headers=[*reply.headers, *(described(entry) if entry else [])])
        return reply

    def _with_directories(self, call: Call, request: Request, reply: Reply) -> Reply:
        root = ET.fromstring(reply.body)
        blobs = root.find("Blobs")
        if blobs is None:
            return reply
        found = self.tree.starting(call.container, call.path)
        directories = {entry.name for entry in found if entry.directory}
        for blob in blobs.findall("Blob"):
            name = blob.findtext("Name") or ""
            _tell(blob, directory=name in directories)
            if name in directories and "delimiter" in request.query:
                blobs.remove(blob)
                _as_prefix(blobs, f"{name}/")
        headers = [pair for pair in reply.headers if pair[0].lower() != "content-length"]
        return Reply(200, headers, ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _tell(blob: ET.Element, *, directory: bool) -> None:
    properties = blob.find("Properties")
    if properties is not None:
        ET.SubElement(properties, "ResourceType").text = "directory" if directory else "file"


def _as_prefix(blobs: ET.Element, name: str) -> None:
    if name not in {prefix.findtext("Name") for prefix in blobs.findall("BlobPrefix")}:
        ET.SubElement(ET.SubElement(blobs, "BlobPrefix"), "Name").text = name


def _deleted(request: Request) -> list[Place]:
    found = (match["place"].decode() for match in DELETED_IN_A_BATCH.finditer(request.body))
    return [Place(*place.partition("/")[2].split("/", 1)) for place in found if place.count("/") > 1]
