"""Choose the engine: Sail in this process, Spark in a local JVM, a server elsewhere, or a Databricks cluster.

Each session is opened through dagster-pyspark's LazyPySparkResource; one server or JVM serves a process.
"""

from dagster_pyspark import LazyPySparkResource

from cloudflix_assets.engines.jvm import start_jvm
from cloudflix_assets.engines.remote import ClusterResource, ConnectResource
from cloudflix_assets.engines.sail import start_sail
from cloudflix_assets.settings.environment import Environment

_SESSION_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    # Otherwise every function call walks the stack to find its call site.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


def start_engine(environment: Environment) -> LazyPySparkResource:
    """Start the chosen engine, if it is one of this machine, and return its session resource.

    Raises:
        ServerRefused: SPARK_REMOTE is no address.
        NoJava: the engine is a JVM and there is no Java.
    """
    if environment.engine == "connect":
        return ConnectResource.of(environment)
    if environment.engine == "sail":
        return start_sail(_SESSION_OPTIONS)
    if environment.engine == "databricks":
        return ClusterResource.of(_prepare_account_options(environment) if environment.on_cluster else {})
    return start_jvm(environment, _SESSION_OPTIONS, _prepare_account_options(environment))


def _prepare_account_options(environment: Environment) -> dict[str, str]:
    """Options with which a JVM reaches the lake's account; Sail reads the variables of this process."""
    if not environment.has_account:
        return {}
    from cloudflix_assets.lake.adls.account import Account
    from cloudflix_assets.lake.adls.library_options import prepare_hadoop_options

    return prepare_hadoop_options(Account.of(environment))
