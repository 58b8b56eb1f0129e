"""What a person sees while the loader works: a bar, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from loader.summary import Summary


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[Summary], None]]:
    """Yield what is to be called with the summary now and then. Shows rate, and time left."""
    with tqdm(
        desc="landing", unit=" messages", disable=True if quiet else None, leave=False
    ) as bar:

        def show(summary: Summary) -> None:
            bar.total = summary.receipt.received + summary.backlog
            bar.update(summary.receipt.received - bar.n)

        if bar.disable:
            yield show
        else:
            with logging_redirect_tqdm():
                yield show
