"""Opinions on new topics: six readers, five splits of the topics, made-up headlines and reviews.

    nice -n 19 python benchmarks/opinions.py ../shared/data

The folder holds ``product_reviews/train.parquet`` with columns product, text and label.
"""

import argparse
from pathlib import Path

from pandas import DataFrame

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.opinions import SAVED_OPINIONS, Newsroom, accuracy
from metalearn_lab.models.sentence_encoder import sentence_vectors
from metalearn_lab.one_thread import one_thread
from metalearn_lab.tasks.opinions import Opinion, headlines
from metalearn_lab.tasks.sources.files import read_file

SHOTS, SPLITS = (1, 5), 5


def reviews(file):
    """Sentences about 14 products; each is a group of its own."""
    rows = read_file(file)
    named = zip(rows["text"], rows["product"], rows["label"], strict=True)
    return [Opinion(text, product, label, str(i)) for i, (text, product, label) in enumerate(named)]


def main():
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    file = parser.parse_args().folder / "product_reviews" / "train.parquet"
    rows = []
    with one_thread():
        for name, written in (("headlines", headlines()), ("reviews", reviews(file))):
            vectors = sentence_vectors([row.text for row in written])
            for shots in SHOTS:
                for seed in range(SPLITS):
                    newsroom = Newsroom(written, vectors, shots=shots, seed=seed)
                    for reader, read in newsroom.readers().items():
                        share = 100 * accuracy(read, newsroom.test)
                        rows.append((name, shots, seed, reader, share))
                    print(name, shots, seed, flush=True)
    table = DataFrame(rows, columns=["set", "shots", "split", "reader", "accuracy"])
    write_text(SAVED_OPINIONS, table.to_csv(index=False, float_format="%.2f"))


if __name__ == "__main__":
    main()
