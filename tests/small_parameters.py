"""Parameters that let a chapter run in seconds: what it learns does not matter then."""

from __future__ import annotations

import re
from typing import Any

FAST: dict[str, dict[str, Any]] = {
    "00_start_here": {"iterations": 20, "unseen_tasks": 8, "test_steps": 4},
    "01_tasks_and_episodes": {"episodes": 20, "class_splits": 2},
    "02_transfer_learning": {
        "iterations": 20,
        "most_shots": 4,
        "validation_episodes": 4,
        "test_episodes": 8,
        "most_steps": 4,
        "long_steps": 60,
    },
    "03_maml": {"iterations": 20, "unseen_tasks": 8, "test_steps": 5},
    "04_first_order_and_reptile": {
        "iterations": 20,
        "unseen_tasks": 8,
        "angle_tasks": 4,
        "draws": 50,
        "reptile_steps": 3,
    },
    "05_adaptation_lab": {
        "iterations": 20,
        "unseen_tasks": 8,
        "test_steps": 6,
        "trainings": 2,
        "text_iterations": 5,
        "episodes": 12,
    },
    "06_few_shot_text": {"iterations": 5, "test_episodes": 10, "class_splits": 1},
    "07_learned_rates": {
        "iterations": 20,
        "unseen_tasks": 8,
        "epochs": 2,
        "text_iterations": 5,
        "episodes": 12,
    },
    "08_meta_networks": {
        "iterations": 20,
        "unseen_tasks": 12,
        "test_steps": 10,
        "sketch_iterations": 10,
        "mix_iterations": 5,
        "adapter_iterations": 3,
        "adapter_tasks": 4,
    },
    "09_language_models": {
        "shots": 5,
        "longest": 6,
        "copy_steps": 5,
        "fine_tuning_steps": 11,
    },
    "10_few_shot_ner": {"sentences": 150, "iterations": 3, "shots": 2, "episodes": 4},
    "11_streams": {"episodes": 20, "draws_of_twenty": 2, "rounds": 50},
    "12_applications": {"iterations": 3, "episodes": 5},
    "13_what_the_articles_say": {
        "iterations": 2,
        "episodes": 8,
        "sinusoid_iterations": 5,
        "new_tasks": 8,
        "scratch_steps": 3,
        "map_episodes": 1,
    },
    "14_scaling_up": {
        "inner_steps": 2,
        "most_tasks": 16,
        "rounds": 2,
        "meta_batch": 8,
        "iterations": 5,
        "bf16_iterations": 5,
    },
    "15_in_context": {"attention_iterations": 20, "unseen_tasks": 20, "line_iterations": 5},
    "16_mistakes_that_hide": {
        "iterations": 20,
        "unseen_tasks": 8,
        "class_iterations": 5,
        "episodes": 24,
    },
    "17_recommendation": {"iterations": 3},
    "18_meta_pretraining": {"frequent": 50, "schedule_steps": 8},
    "19_task_graph": {
        "past_tasks": 6,
        "training_steps": 10,
        "stream_tasks": 4,
        "stream_steps": 3,
    },
    "20_meta_rl": {"draws": 500, "gradient_draws": 2, "score_draws": 2, "iterations": 20},
    "21_other_languages_and_images": {"iterations": 3, "rounds": 2},
    "22_senses_and_grades": {"iterations": 3},
}


def with_values(source: str, values: dict[str, Any]) -> str:
    """A parameters cell with other values in its annotated assignments."""
    for name, value in values.items():
        assignment = rf"(?m)^({name}: [^=\n]+ =) .*?(?=  #|$)"
        source, found = re.subn(assignment, rf"\1 {value!r}", source)
        assert found == 1, f"the parameters cell does not set {name} once"
    return source
