"""Task embeddings of two numbers in the plane, coloured by what each task is."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from torch import Tensor

from metalearn_lab.figures.style import house_style, new_figure


@house_style()
def embedding_plane_figure(embeddings: Tensor, properties: Mapping[str, Tensor]) -> Figure:
    """One panel for each property: a dot for each task, its colour the property.

    Args:
        embeddings: ``[tasks, 2]``.
        properties: ``[tasks]`` each, by what the colour bar says.
    """
    figure, panels = new_figure(len(properties), width=9.0, height=3.6)
    for axes, (label, values) in zip(panels, properties.items(), strict=True):
        first, second = embeddings.unbind(1)
        dots = axes.scatter(first, second, c=values, s=14, cmap="viridis")
        axes.set(xlabel="z₁", ylabel="z₂", title=f"coloured by {label}")
        figure.colorbar(dots, ax=axes, label=label)
    return figure
