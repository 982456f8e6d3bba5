"""The Russian catalogue: complete, sound in every form, and as new as the strings it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po
from django.utils.translation import ngettext, override

from governance.policies import wording
from tests.servers import PROJECT

RUSSIAN = Path("locale/ru/LC_MESSAGES/django.po")
COLLECTED = ("config", "governance", "audits", "licenses", "templates", "locale", "manage.py")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%%")
LATIN_WITHOUT_CYRILLIC = re.compile(r"^[^а-яё]*[a-z]{3,}[^а-яё]*$", re.IGNORECASE)
THE_SAME_IN_RUSSIAN = {"Space", "%(what)s: %(state)s", "%(action)s: %(target)s", "%(state_word)s: %(title)s"}


def catalogue(root: Path = PROJECT) -> Catalog:
    with (root / RUSSIAN).open("rb") as file:
        return read_po(file, locale="ru")


def sentences(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def names(message: Message) -> list[str]:
    """What the message says in English, its plural beside its singular."""
    return list(message.id) if isinstance(message.id, tuple) else [str(message.id)]


def forms(message: Message) -> list[str]:
    return [str(form) for form in message.string] if isinstance(message.string, tuple) else [str(message.string)]


def told(found: list[Message]) -> list[str]:
    return [names(message)[0] for message in found]


def test_every_string_has_russian_and_none_is_a_guess() -> None:
    every = sentences(catalogue())
    assert len(every) > 1000
    assert told([message for message in every if not all(form.strip() for form in forms(message))]) == []
    assert told([message for message in every if message.fuzzy]) == []


def test_russian_keeps_every_placeholder() -> None:
    lost = []
    for message in sentences(catalogue()):
        wanted = sorted(PLACEHOLDER.findall(names(message)[-1]))
        lost += [form for form in forms(message) if sorted(PLACEHOLDER.findall(form)) != wanted]
    assert lost == []


def test_every_counted_string_has_all_its_forms() -> None:
    russian = catalogue()
    counted = [message for message in sentences(russian) if isinstance(message.id, tuple)]
    assert len(counted) > 20
    assert russian.num_plurals == 4
    assert told([message for message in counted if len(forms(message)) != russian.num_plurals]) == []


def test_the_forms_are_chosen_by_the_number() -> None:
    _need_compiled()
    with override("ru"):
        said = [ngettext("%(n)s day", "%(n)s days", n) % {"n": n} for n in (1, 3, 5, 11, 21, 22, 25)]
    assert said == ["1 день", "3 дня", "5 дней", "11 дней", "21 день", "22 дня", "25 дней"]


def test_no_russian_is_left_in_english() -> None:
    english = [
        message
        for message in sentences(catalogue())
        if any(LATIN_WITHOUT_CYRILLIC.match(PLACEHOLDER.sub("", form)) for form in forms(message))
    ]
    assert [one for one in told(english) if one not in THE_SAME_IN_RUSSIAN] == []


def test_russian_quotes_and_per_cent_signs_are_set_as_russian_sets_them() -> None:
    every = [form for message in sentences(catalogue()) for form in forms(message)]
    assert [form for form in every if re.search(r"[“”„\"]", form)] == []
    assert [form for form in every if re.search(r"\d%%", form)] == []


def test_the_titles_of_the_default_policies_can_all_be_said_in_russian() -> None:
    russian = catalogue()
    written = set()
    for path in sorted((PROJECT / "governance/policies/defaults").glob("*.yaml")):
        policy = yaml.safe_load(path.read_text(encoding="utf-8"))
        written |= {policy["metadata"]["title"], *(requirement["title"] for requirement in policy["requirements"])}
    assert written == set(wording.TITLES)
    assert [title for title in written if title not in russian] == []


def test_the_catalogue_has_every_string_that_a_page_can_show(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None or shutil.which("msgmerge") is None:
        pytest.skip("collecting strings needs gettext: xgettext and msgmerge")
    for name in COLLECTED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / RUSSIAN).unlink()
    done = subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale", "ru", "--no-location"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    here = {(message.context, names(message)[0]) for message in sentences(catalogue())}
    used = {(message.context, names(message)[0]) for message in sentences(catalogue(tmp_path))}
    assert len(used) > 1000
    assert used - here == set(), "run make messages and write the Russian of these"


def _need_compiled() -> None:
    if not (PROJECT / RUSSIAN).with_suffix(".mo").exists():
        pytest.skip("the catalogue is not compiled; make setup does it")
