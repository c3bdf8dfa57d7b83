"""How an answer looks: tables, lists and charts, in each format."""
