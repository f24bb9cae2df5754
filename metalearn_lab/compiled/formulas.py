"""The element-wise operations of PyTorch that the compiler knows, as C expressions.

``{0}``, ``{1}``, … are the operation's arguments, vectors over tasks; a comparison gives a mask.
"""

FUNCTIONS = ("exp", "log", "tanh", "sqrt", "erf", "sin", "cos", "log1p", "expm1", "pow")
_COMPARISONS = {"le": "<=", "lt": "<", "ge": ">=", "gt": ">", "eq": "==", "ne": "!="}
LOGIC = {
    **dict.fromkeys(("logical_not", "bitwise_not"), "(~{0})"),
    **dict.fromkeys(("logical_and", "bitwise_and"), "({0} & {1})"),
    **dict.fromkeys(("logical_or", "bitwise_or"), "({0} | {1})"),
}
"""The same, of masks."""

LANEWISE = "".join(f"LANEWISE(F_{name}, {name}_)\n" for name in FUNCTIONS if name != "pow")

FORMULAS = {
    **{name: f"F_{name}({{0}})" for name in FUNCTIONS if name != "pow"},
    **{name: f"({{0}} {sign} {{1}})" for name, sign in _COMPARISONS.items()},
    "mul": "({0} * {1})",
    "div": "({0} / {1})",
    "neg": "(-{0})",
    "abs": "W({0} < S(0), -{0}, {0})",
    "reciprocal": "(S(1) / {0})",
    "rsqrt": "(S(1) / F_sqrt({0}))",
    "relu": "W({0} <= S(0), S(0), {0})",
    "maximum": "W(({0} < {1}) | ({1} != {1}), {1}, {0})",
    "minimum": "W(({0} > {1}) | ({1} != {1}), {1}, {0})",
    "threshold_backward": "W({1} <= {2}, S(0), {0})",
}

MASKS = {*_COMPARISONS, *LOGIC}
"""Operations whose result is a mask: never stored, always computed where it is used."""

COSTLY = {*FUNCTIONS, "rsqrt"}
"""Operations worth storing rather than computing twice."""
