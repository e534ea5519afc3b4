"""A real Apache Kafka broker for tests: its jars, its process, its topics, and the fixtures that hand them out.

``kafka`` is the address of one broker that all workers of a test run share, ``topics`` makes topics on it under names
that no other test uses, ``broker`` is one of the test's own that it may stop, kill and freeze.
"""
