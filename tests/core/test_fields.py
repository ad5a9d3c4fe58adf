from normlab.core.fields import describe
from normlab.lab.experiment import EarlyStopping, Experiment, Training


def test_a_field_knows_its_words_and_bounds():
    batch_size = describe(Training)["batch_size"]
    assert (batch_size.type, batch_size.choices, batch_size.minimum) == ("integer", ("full",), 1)
    assert describe(Training)["early_stopping"].record is EarlyStopping
    assert describe(Training)["early_stopping"].optional
    assert "group" in describe(type(Experiment().model))["norm"].choices
