"""Referee: load generators judged by a server that logs when it sent each chunk.

The client's error is its own value less the referee's, request by request. Both read one monotonic clock.
"""
