"""A lake in an Azure Data Lake Storage account: who it is, how each library is told, what it does."""
