"""The only code with SQL: the schema, the writer, and the questions to a recording."""
