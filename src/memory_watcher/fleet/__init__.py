"""A fleet of recordings as a dataset of Parquet files, for engines that exist."""
