"""Pure functions over the model: what mappings are for, what grew, what differs."""
