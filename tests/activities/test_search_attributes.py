from activities.lead_workflows import SEARCH_ATTRIBUTES
from runtime import search_attributes as made_known


def test_every_search_attribute_that_workflows_carry_is_made_known_to_the_server() -> None:
    carried = {(key.name, key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
    assert carried == {(key.name, key.indexed_value_type) for key in made_known.SEARCH_ATTRIBUTES}
