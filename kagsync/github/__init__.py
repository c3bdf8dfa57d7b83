"""kagsync in a repository on GitHub: the workflow, the branch with the database, what is published."""
