"""`kagsync report`: a small web site of static pages, one for each competition and an index."""
