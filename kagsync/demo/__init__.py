"""`kagsync demo`: a real sync of sample boards, without an account or a network."""
