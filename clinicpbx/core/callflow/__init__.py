"""A call walking the steps of a flow."""
