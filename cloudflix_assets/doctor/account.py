"""Findings about the storage account that holds the lake; `--fix` creates missing containers here."""

from uuid import uuid4

from azure.core.exceptions import ResourceExistsError

from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets.errors import storage_errors
from cloudflix_assets.lake.adls import namespaces
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.client import blob_service
from cloudflix_assets.lake.adls.credentials import describe
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.adls.troubles import troubles_of
from cloudflix_assets.settings.environment import Environment
from spark.table import Layer

PROBE = ".doctor"
"""Prefix of a probe's folder, which a hierarchical namespace keeps until it is removed itself."""


def account(settings: Environment) -> Finding:
    """Examine whether the account accepts the credential and has a hierarchical namespace."""
    of = Account.of(settings)
    with storage_errors(of.endpoint, troubles_of(of)):
        blob_service(of).get_container_client(of.containers[0]).exists()
        flat = namespaces.is_flat(of)
    seen = f"{of.name}, asked with {describe(of.credential)}"
    if not flat:
        return Finding("account", "ok", f"{seen}, hierarchical namespace")
    if of.flat:
        told = f"{seen}, flat namespace, as CLOUDFLIX_AZURE_FLAT_NAMESPACE accepts"
        return Finding("account", "ok", told)
    what, remedy = namespaces.flat_namespace(of)
    return Finding("account", "fail", f"{seen}: {what}", remedy)


def ensure_containers(settings: Environment, *, fix: bool) -> Finding:
    """Look for the container of each layer; with `fix`, create those that are missing."""
    of, made = Account.of(settings), []
    with storage_errors(of.endpoint, troubles_of(of)):
        service = blob_service(of)
        missing = [name for name in of.containers if not service.get_container_client(name).exists()]
        for name in missing if fix else ():
            try:
                service.create_container(name)
            except ResourceExistsError:  # just made by somebody else
                continue
            made.append(name)
    if missing and not fix:
        return Finding("containers", "fail", f"missing: {', '.join(missing)}", "cloudflix doctor --fix")
    new = f"; made just now: {', '.join(made)}" if made else ""
    return Finding("containers", "ok", f"{', '.join(of.containers)}{new}")


def probe_lake(settings: Environment) -> Finding:
    """Write a file to each container and remove it."""
    lake = AdlsLake.of(settings)
    lake.refuse_unusable()
    for layer in Layer:
        folder = f"{layer.value}/{PROBE}-{uuid4().hex}"
        with lake.storage_errors(layer.value):
            lake.write(f"{folder}/probe", b"writable")
            lake.remove(folder)
    return Finding("lake", "ok", f"{lake.uri('raw/')} and its like can be written, read and emptied")
