"""Choose the engine: Sail in this process, Spark in a local JVM, a server elsewhere, or a Databricks cluster.

Each session is opened through dagster-pyspark's LazyPySparkResource; one server or JVM serves a process.
"""

from dagster_pyspark import LazyPySparkResource

from cloudflix_assets.engines.jvm import start_jvm
from cloudflix_assets.engines.remote import ClusterResource, ConnectResource
from cloudflix_assets.engines.sail import sail_resource
from cloudflix_assets.settings.environment import Environment

_SESSION_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    # Otherwise every function call walks the stack to find its call site.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


def spark_resource(environment: Environment) -> LazyPySparkResource:
    """Return the session resource of the chosen engine. An engine of this machine starts here.

    Raises:
        ServerRefused: SPARK_REMOTE is no address.
        NoJava: the engine is a JVM and there is no Java.
    """
    if environment.engine == "connect":
        return ConnectResource.of(environment)
    if environment.engine == "sail":
        return sail_resource(_SESSION_OPTIONS)
    if environment.engine == "databricks":
        return ClusterResource.of(_account_options(environment) if environment.on_cluster else {})
    return start_jvm(environment, _SESSION_OPTIONS, _account_options(environment))


def _account_options(environment: Environment) -> dict[str, str]:
    """Options with which a JVM reaches the lake's account; Sail reads the variables of this process."""
    if not environment.has_account:
        return {}
    from cloudflix_assets.lake.adls.account import Account
    from cloudflix_assets.lake.adls.library_options import hadoop_options

    return hadoop_options(Account.of(environment))
