"""Overhead of the HTTP service, and its throughput with many clients."""
