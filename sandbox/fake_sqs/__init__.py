"""An SQS endpoint for tests and benchmarks: constant cost a request, and faults on request."""
