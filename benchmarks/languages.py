"""Write the comparison of readers in new languages of ``comparison.languages``.

    python -m benchmarks.languages            # all
    python -m benchmarks.languages --seeds 1 --shots 5

Languages are dealt one by one, or by whole families; each seed has its own deal, concepts, tasks
and trainings. Settings are chosen on validation languages.
"""

import argparse
import time
from pathlib import Path

import torch
from babel import Locale
from pandas import DataFrame

from metalearn_lab.atomic_file import write_text
from metalearn_lab.comparison.languages import METHODS, SAVED_LANGUAGES, LanguageLab
from metalearn_lab.tasks.language_names import (
    FAMILY,
    language_names,
    ngram_vectors,
    split_languages,
)

DEALS = {"languages": None, "families": FAMILY}
SHOTS = (1, 5)


def main() -> None:
    """Train and judge what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SAVED_LANGUAGES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shots", type=int, nargs="*", default=SHOTS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    names, english = language_names(), Locale.parse("en").languages
    vectors = ngram_vectors([name.text for name in names])
    rows = []
    for seed in range(chosen.seeds):
        for deal, families in DEALS.items():
            split = split_languages(names, seed, families)
            for shots in chosen.shots:
                lab = LanguageLab(names, vectors, split, shots=shots, seed=seed)
                for method, reader in lab.readers(METHODS).items():
                    for language, accuracy in lab.of_each_language(reader).items():
                        key = {"dealt": deal, "seed": seed, "shots": shots, "method": method}
                        rows.append({**key, "language": english[language], "accuracy": accuracy})
                print(deal, seed, shots, f"{time.process_time():.0f} CPU s so far", flush=True)
        write_text(chosen.out, DataFrame(rows).to_csv(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main()
