"""The loader's speed, as ratios measured in one run, and an SQS endpoint to measure it on."""
