"""Errors of a storage account and of Entra ID, by their codes: what is wrong, and what to do.

The Blob SDK, delta-rs, Sail and the JVM share no class of errors, but all quote these codes in the text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from cloudflix_assets.errors import Trouble
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.credentials import AccountKey, SharedAccessSignature

_SIGN_IN = "set the application's present secret as AZURE_CLIENT_SECRET"
_WAIT = "wait a minute"
_RENEW = "make a new one, and set AZURE_STORAGE_SAS_TOKEN to it"
_IDENTITY = "give it one, set AZURE_CLIENT_ID if it has several, or choose another credential"
_NO_CONTAINER = Trouble(
    "there is no such container", "run `cloudflix doctor --fix`, which makes the four of the lake"
)
_NOT_KNOWN = Trouble("the account does not know the credential", "set its present key, signature or secret")
_UNKNOWN = ("AuthenticationFailed", "Server failed to authenticate the request")
_ENTRA: Mapping[str, Trouble] = {
    "AADSTS7000215": Trouble("the client secret is wrong", _SIGN_IN),
    "AADSTS7000222": Trouble("the client secret has expired", f"make a new one, and {_SIGN_IN}"),
    "AADSTS700016": Trouble(
        "the tenant knows no such application", "check AZURE_CLIENT_ID and AZURE_TENANT_ID"
    ),
    "AADSTS90002": Trouble("Entra ID knows no such tenant", "check AZURE_TENANT_ID"),
    "Unable to get authority configuration": Trouble(  # the words of azure-identity
        "Entra ID knows no such tenant", "check AZURE_TENANT_ID, and AZURE_AUTHORITY_HOST if it is set"
    ),
    "Authentication failed: HTTPSConnection": Trouble(
        "Entra ID does not answer", "check the network, and AZURE_AUTHORITY_HOST if it is set"
    ),
    "AADSTS7002": Trouble(
        "the application does not trust the token in AZURE_FEDERATED_TOKEN_FILE",
        "add a federated credential to it whose issuer, subject and audience are the token's",
    ),
    "Please run 'az login'": Trouble("nobody is logged in to the Azure CLI", "run `az login`"),
    "Azure CLI not found": Trouble(
        "the Azure CLI is not installed", "install it, or choose another credential"
    ),
    "ManagedIdentityCredential authentication unavailable": Trouble(
        "this machine has no managed identity", _IDENTITY
    ),
    "Identity not found": Trouble("this machine has no such managed identity", _IDENTITY),
}
_ACCOUNT: Mapping[str, Trouble] = {
    "Server failed to authenticate the request": _NOT_KNOWN,  # the words of the JVM
    "AuthorizationPermissionMismatch": Trouble(
        "the credential has no right to this data",
        "give its identity the role Storage Blob Data Contributor on the account (which takes some minutes), "
        "or make a signature with the permissions racwdl",
    ),
    "AuthorizationResourceTypeMismatch": Trouble(
        "the shared access signature is not for containers and blobs",
        "make one with the resource types service, container and object",
    ),
    "AuthorizationServiceMismatch": Trouble(
        "the shared access signature is not for the Blob service", "make one for it"
    ),
    "AuthorizationProtocolMismatch": Trouble(
        "the shared access signature does not allow this protocol", "use https, or make one that allows it"
    ),
    "AuthorizationSourceIPMismatch": Trouble(
        "the shared access signature is not for this machine's address", "make one that allows it"
    ),
    "AuthorizationFailure": Trouble(
        "the account's firewall does not let this machine in",
        "add its address or network (az storage account network-rule add), or run inside the network",
    ),
    "KeyBasedAuthenticationNotPermitted": Trouble(
        "the account accepts no key and no signature made with one", "sign in with Entra ID instead"
    ),
    "InvalidAuthenticationInfo": Trouble(
        "the token has expired or is for somebody else",
        "check the clock of this machine, AZURE_TENANT_ID and AZURE_AUTHORITY_HOST",
    ),
    "AuthenticationFailed": _NOT_KNOWN,
    "NoAuthenticationInformation": Trouble("the call was not signed", "choose a credential"),
    "AccountIsDisabled": Trouble("the account is disabled", "enable it in its subscription"),
    "ContainerNotFound": _NO_CONTAINER,
    "FilesystemNotFound": _NO_CONTAINER,
    "The specified container does not exist": _NO_CONTAINER,  # the words of the JVM
    "ContainerBeingDeleted": Trouble("the container is being deleted", _WAIT),
    "BlobImmutableDueToPolicy": Trouble(
        "a policy of the container forbids to replace or delete", "keep lakes in containers without one"
    ),
    "LeaseIdMissing": Trouble("somebody has leased a file", "break the lease"),
    "ServerBusy": Trouble("the account is overloaded, and stayed so", _WAIT),
    "OperationTimedOut": Trouble("the account did not answer in time, and again not", _WAIT),
    "InternalError": Trouble("the account failed, and again when it was asked again", _WAIT),
}
_UNTRUSTED = Trouble(
    "its certificate is not trusted here",
    "set REQUESTS_CA_BUNDLE and SSL_CERT_FILE to a file with your network's certificates",
)
_NETWORK: Mapping[str, Trouble] = (
    {
        "CERTIFICATE_VERIFY_FAILED": _UNTRUSTED,
        "invalid peer certificate": _UNTRUSTED,
        "PKIX path building failed": _UNTRUSTED,
        "WRONG_VERSION_NUMBER": Trouble("it does not speak TLS", "correct CLOUDFLIX_AZURE_ENDPOINT"),
    }
    | {
        words: Trouble("there is no storage account of that name", "check AZURE_STORAGE_ACCOUNT")
        for words in (
            "Name or service not known",
            "nodename nor servname",
            "Temporary failure in name resolution",
            "No address associated with hostname",
            "dns error",
            "UnknownHostException",
        )
    }
    | {
        words: Trouble("nobody answers there", "check the network, and CLOUDFLIX_AZURE_ENDPOINT if it is set")
        for words in (
            "Connection refused",
            "Failed to establish a new connection",
            "client error (Connect)",
            "Connection reset",
            "Connection aborted",
            "Connection broken",
            "error reading a body",
            "timed out",
            "error sending request",
        )
    }
)
TROUBLES: Mapping[str, Trouble] = {**_ENTRA, **_ACCOUNT, **_NETWORK}
"""Troubles by words in an error's text; the first match counts, so the more specific ones come first."""


def troubles_of(account: Account) -> Mapping[str, Trouble]:
    """Return the troubles, with what a refused authentication means for the credential in use."""
    match account.credential:
        case AccountKey():
            rotated = Trouble(
                "the account key is wrong, or was rotated", "set AZURE_STORAGE_KEY to a present one"
            )
            return {**TROUBLES, **dict.fromkeys(_UNKNOWN, rotated)}
        case SharedAccessSignature() as signature:
            if signature.expiry and signature.expiry < datetime.now(UTC):
                ended = f"the shared access signature expired at {signature.expiry:%Y-%m-%d %H:%M} UTC"
                return {
                    **TROUBLES,
                    **dict.fromkeys([*_UNKNOWN, "AuthorizationFailure"], Trouble(ended, _RENEW)),
                }
            revoked = Trouble("the shared access signature is wrong, or was revoked with its key", _RENEW)
            return {**TROUBLES, **dict.fromkeys(_UNKNOWN, revoked)}
        case _:
            return {**TROUBLES, **dict.fromkeys(_UNKNOWN, TROUBLES["InvalidAuthenticationInfo"])}
