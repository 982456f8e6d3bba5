"""May a text be published as a condition? What could make it costly, or its end unknown, is refused when it is read."""

from __future__ import annotations

from collections.abc import Sequence

from governance.policies.expressions.engine import cel, compiled
from governance.policies.expressions.reading import ExpressionRefused, Token, place_of, tokens_of
from governance.policies.moments import moment

MAX_LENGTH = 2048
MAX_NESTING = 2
_MACROS = ("all", "exists", "exists_one", "filter")
_COMPARISONS = ("<", "<=", ">", ">=")
# What the engine resolves a plus to where it would join.
_JOINS = (b"add_string", b"add_bytes", b"add_list")
_CALCULATED = ("*", "/", "%", "+", "-", ".")


def check(text: str) -> None:
    """Refuse what is no condition, or might cost more than a condition may.

    Raises:
        ExpressionRefused: with the place within the text.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionRefused("expression_too_long", length=len(text), longest=MAX_LENGTH)
    tokens = tokens_of(text)
    _refuse_tokens(text, tokens)
    program = compiled(text)
    if program.return_type() != cel().Type.BOOL:
        raise ExpressionRefused("expression_not_boolean", found=str(program.return_type().name()).lower())
    marks = [token for token in tokens if token.text == "+"]
    if marks:
        code = program.serialize()
        joins = sum(code.count(name) - text.encode().count(name) for name in _JOINS)
        # A filter gathers what it lets through, which the engine writes as a join of lists.
        if joins > sum(1 for token in tokens if token.text == "filter"):
            raise ExpressionRefused("expression_joins", *place_of(text, marks[0].start))


def _refuse_tokens(text: str, tokens: Sequence[Token]) -> None:
    open_macros: list[bool] = []
    for at, token in enumerate(tokens):
        place = place_of(text, token.start)
        if code := _forbidden(tokens, at):
            raise ExpressionRefused(code, *place, name=token.text[:40])
        if token.text == "(":
            open_macros.append(at > 1 and tokens[at - 1].text in _MACROS and tokens[at - 2].text == ".")
            if sum(open_macros) > MAX_NESTING:
                raise ExpressionRefused("expression_nested", *place, deepest=MAX_NESTING)
        elif token.text == ")" and open_macros:
            open_macros.pop()


def _forbidden(tokens: Sequence[Token], at: int) -> str:
    """Why a token may not stand where it does; empty where it may."""
    token = tokens[at]
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if token.kind == "comment":
        return "expression_comment"
    if token.text == "`" or (token.kind == "name" and token.text.startswith("__")):
        return "expression_name"
    if token.kind == "name" and token.text == "map" and after == "(":
        return "expression_map"
    if token.kind == "text" and "age_days" in token.text:
        return "expression_age"
    if token.kind == "name" and token.text == "age_days" and not _is_limit(tokens, at):
        return "expression_age"
    if token.kind == "name" and token.text == "asked_at" and not _is_dated(tokens, at):
        return "expression_asked_at"
    return ""


def _is_limit(tokens: Sequence[Token], at: int) -> bool:
    """Whether an age stands beside a comparison with a plain number: then the moment at which it fails is known."""
    start = at
    while start >= 2 and tokens[start - 1].text == "." and tokens[start - 2].kind == "name":
        start -= 2
    before = [(token.kind, token.text) for token in tokens[max(start - 3, 0) : start]]
    after = [(token.kind, token.text) for token in tokens[at + 1 : at + 4]]
    before = [("", "")] * (3 - len(before)) + before
    after += [("", "")] * (3 - len(after))
    if [text for _kind, text in before[1:]] == ["has", "("]:
        return True
    if after[0][1] in _COMPARISONS and after[1][0] == "number":
        return after[2][1] not in _CALCULATED and before[2][1] not in _CALCULATED
    if before[2][1] in _COMPARISONS and before[1][0] == "number":
        return before[0][1] not in _CALCULATED and after[0][1] not in (*_CALCULATED, "(", "[")
    return False


def _is_dated(tokens: Sequence[Token], at: int) -> bool:
    """Whether the moment of asking is compared with one that is written out."""
    if [token.text for token in (*tokens[max(at - 2, 0) : at], *tokens[at + 1 : at + 2])] != ["timestamp", "(", ")"]:
        return False
    right, left = tokens[at + 2 : at + 7], tokens[max(at - 7, 0) : at - 2]
    after = tokens[at + 7].text if at + 7 < len(tokens) else ""
    if len(right) == 5 and right[0].text in _COMPARISONS and _is_moment(right[1:]):
        return after not in ("+", "-", ".")
    return len(left) == 5 and left[4].text in _COMPARISONS and _is_moment(left[:4])


def _is_moment(tokens: Sequence[Token]) -> bool:
    shape = [token.text if token.kind != "text" else "text" for token in tokens]
    return shape == ["timestamp", "(", "text", ")"] and moment(tokens[2].text.strip("\"'")) is not None
