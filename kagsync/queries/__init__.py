"""What people ask of the database, answered as plain data. Reads only."""
