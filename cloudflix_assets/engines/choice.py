"""Which engine computes: Sail in this process, Spark in a local JVM, or Spark elsewhere.

Each is opened through dagster-pyspark's LazyPySparkResource. One server or JVM serves a process.
"""

from dagster_pyspark import LazyPySparkResource

from cloudflix_assets.engines.jvm import jvm_resource
from cloudflix_assets.engines.remote import ClusterResource, ConnectResource
from cloudflix_assets.engines.sail import sail_resource
from cloudflix_assets.settings.environment import Environment

_SESSION_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    # Else every function call walks the stack for its call site.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


def spark_resource(environment: Environment) -> LazyPySparkResource:
    """The session of the chosen engine, opened when it is first used."""
    if environment.engine == "connect":
        return ConnectResource.of(environment)
    if environment.engine == "sail":
        return sail_resource(_SESSION_OPTIONS)
    if environment.engine == "databricks":
        return ClusterResource.of(_account_options(environment) if environment.on_cluster else {})
    return jvm_resource(environment, _SESSION_OPTIONS, _account_options(environment))


def _account_options(environment: Environment) -> dict[str, str]:
    """How a JVM reaches the lake's account; Sail reads what the lake has told this process."""
    if not environment.has_account:
        return {}
    from cloudflix_assets.lake.adls.account import Account
    from cloudflix_assets.lake.adls.library_options import hadoop

    return hadoop(Account.of(environment))
