-- A build holds a row of this table from its pre-hook to its commit: wait for it, and keep others
-- waiting.
lock table raw.model_windows in exclusive mode
