import subprocess
import sys

import pytest

from normlab.components.norms import Norm
from normlab.core.choice import members
from normlab.core.fields import describe
from normlab.lab.experiment import Experiment, Training
from normlab.views import parts
from normlab.views.words import WORDS

PARTS = [(family, kind) for family in parts.families() for kind in members(family)]


def test_families_come_with_those_of_their_members():
    names = [parts.family_name(family) for family in parts.families()]
    assert len(names) == len(set(names))
    assert names.index("models") < names.index("norms")
    assert {"datasets", "optimizers", "schedules", "losses", "inits"} <= set(names)


def test_a_formula_becomes_code_and_the_source_a_paragraph_of_its_own():
    text = parts.doc_markdown(members(Norm)["group"])
    assert "```\nx_hat = (x - mean) / sqrt(var + eps)" in text
    assert "\n\n**Shape:** (N, D)" in text
    assert "\n\n**Source:** Wu & He 2018" in text


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_every_word_of_a_docstring_is_in_its_markdown(family, kind):
    part = members(family)[kind]
    written = parts.doc_markdown(part).replace("**", "").replace("```", "")
    assert written.split() == parts.doc(part).split()
    assert parts.summary(part)


def test_settings_of_a_record_inside_have_dotted_paths():
    paths = [path for path, _ in parts.settings(describe(Training))]
    at = paths.index("early_stopping")
    assert paths[at + 1] == "early_stopping.metric"
    assert "kind" not in [path for path, _ in parts.settings(describe(members(Norm)["group"]))]


def test_a_setting_tells_what_is_allowed_and_its_default():
    fields = dict(parts.settings(describe(Experiment)))
    assert parts.allowed(fields["loss"]) == "bce, cross_entropy, mse"
    assert parts.default(fields["loss"]) == "cross_entropy"
    assert (parts.allowed(fields["training"]), parts.default(fields["training"])) == ("a table", "")
    stopping = fields["training.early_stopping"]
    assert (parts.allowed(stopping), parts.default(stopping)) == ("a table or none", "none")


def test_a_part_s_own_settings_leave_out_what_its_family_has():
    dataset = next(family for family in parts.families() if parts.family_name(family) == "datasets")
    own = parts.own_fields(dataset, members(dataset)["circles"])
    assert "noise" in own
    assert "val_fraction" not in own
    # Digits have a default of their own, which must be told.
    assert "standardize" in parts.own_fields(dataset, members(dataset)["digits"])


def test_the_page_names_every_part_and_setting_once():
    page = parts.page()
    for family, kind in PARTS:
        assert page.count(f"### `{kind}`") == sum(other == kind for _, other in PARTS)
        for name in parts.own_fields(family, members(family)[kind]):
            assert name == "kind" or f"| `{name}` |" in page


def test_the_words_of_the_lab_are_explained_in_whole_sentences():
    for word in ("experiment", "run", "baseline", "arm", "study", "claim", "verdict", "preset", "confounded"):
        assert word in WORDS
    for word, meaning in WORDS.items():
        assert meaning.endswith("."), word
        assert meaning[0].isupper(), word


def test_help_texts_cost_no_torch():
    code = "import sys, normlab.views.parts as p; p.page(); import normlab.views.words; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
