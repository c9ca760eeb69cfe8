"""From a measurement to its mappings with their kinds and names: the one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.kinds import Attribution, attributed_entries

if TYPE_CHECKING:
    from ..model import MappingUsage
    from ..recorded import Measurement
    from ..store.recording import Recording


def attributed(
    recording: Recording, measurement: Measurement
) -> list[tuple[MappingUsage, Attribution]]:
    """Each mapping of a measurement's layout with what it is for, in the order of their addresses.

    Raises SelectionError if it has no layout.
    """
    entries = recording.layout(measurement.id).entries
    evidence = recording.kind_evidence(measurement.process_id, measurement.tick)
    return attributed_entries(entries, evidence)
