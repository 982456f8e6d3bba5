"""What is done to texts, by name: what severity is a share of, and where such changes come from. Imports nothing."""

from __future__ import annotations

NATURAL, CRAFTED = "natural", "crafted"

# name -> (severity is a share of these units, natural where people and machines make it without meaning to)
TEXT_FAMILIES: dict[str, tuple[str, str]] = {
    "keyboard_typos": ("character", NATURAL),
    "transpositions": ("character", NATURAL),
    "deletions": ("character", NATURAL),
    "doubled_letters": ("character", NATURAL),
    "ocr_confusions": ("character", NATURAL),
    "flipped_case": ("character", NATURAL),
    "upper_case": ("word", NATURAL),
    "lower_case": ("word", NATURAL),
    "other_blanks": ("word", NATURAL),
    "lost_spaces": ("word", NATURAL),
    "split_words": ("word", NATURAL),
    "added_punctuation": ("word", NATURAL),
    "lost_punctuation": ("word", NATURAL),
    "other_punctuation": ("word", NATURAL),
    "lost_diacritics": ("word", NATURAL),
    "yo_as_ye": ("word", NATURAL),
    "decomposed_letters": ("word", NATURAL),
    "homoglyphs": ("character", CRAFTED),
    "invisible_characters": ("character", CRAFTED),
    "full_width_letters": ("character", CRAFTED),
}
