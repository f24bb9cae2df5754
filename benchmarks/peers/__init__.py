"""The same mathematics in the field's other libraries; each file is imported when it is run."""
