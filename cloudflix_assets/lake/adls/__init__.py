"""A lake in an Azure Data Lake Storage account: its credential, the options of each library, its files."""
