"""The titles of an index in a collection of Qdrant's, in this process or on a server."""
