"""How values become payloads of the engine: as Temporal's converter for pydantic has it, only sooner done.

The library's makes a converter for each workflow that is loaded, and with it all that is known of the messages' types
anew. Types are the same for the whole process, so what is known of them is kept for the whole process.
"""

from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

_JSON = PydanticJSONPlainPayloadConverter()


class SharedPayloadConverter(CompositePayloadConverter):
    """Reads and writes exactly what ``PydanticPayloadConverter`` does; histories hold what that one wrote."""

    def __init__(self) -> None:
        every = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(_JSON if isinstance(one, JSONPlainPayloadConverter) else one for one in every))


data_converter = DataConverter(payload_converter_class=SharedPayloadConverter)
