"""The questions people ask of the database, answered as plain data. They only read."""
